// SPDX-License-Identifier: MIT
/// @file
/// HLS with MPEG-TS segments (RFC 8216bis).
/// Threads: values; no rule of their own.
#pragma once

#include <chrono>

namespace weir {

/// What the media playlists keep while the channel runs (RFC 8216bis 4.4.3.5).
enum class PlaylistType {
    live,  ///< a sliding window of the last `window`
    event  ///< everything since the start; becomes VOD at finish()
};

/// HLS output: one MPEG-TS media playlist per video rendition (each with the first audio rendition
/// in it) and a multivariant playlist at `/<channel>/hls/index.m3u8`.
struct HlsSink {
    PlaylistType playlist_type = PlaylistType::live;
    /// Distance of the cuts on the grid, at least one second.
    std::chrono::milliseconds segment_duration{2000};
    /// What a live playlist shows, at least three segments; unused by event playlists.
    std::chrono::milliseconds window{60'000};
    /// How far back a viewer may ask for with `start`, `end` and `time_delay`. 0: as far as the
    /// window; a store that records has everything anyway.
    std::chrono::milliseconds time_shift{0};

    friend bool operator==(const HlsSink&, const HlsSink&) = default;
};

}  // namespace weir
