// SPDX-License-Identifier: MIT
/// @file
/// HLS with fragmented MP4 (RFC 8216bis) and DASH (ISO/IEC 23009-1) from the same CMAF segments
/// (ISO/IEC 23000-19).
/// Threads: values; no rule of their own.
#pragma once

#include <chrono>

#include <weir/hls_sink.hpp>

namespace weir {

/// CMAF output: one track per file, stored once, seen as HLS at `/<channel>/cmaf/index.m3u8` and as
/// DASH at `/<channel>/dash/manifest.mpd`.
struct CmafSink {
    /// Parts (RFC 8216bis 3.1), blocking reload and chunked transfer of the segment that is being
    /// made. EncoderLadder::gop should be one second or less, and the encoders look less far ahead.
    bool low_latency = false;
    PlaylistType playlist_type = PlaylistType::live;
    /// Distance of the cuts on the grid, at least one second.
    std::chrono::milliseconds segment_duration{2000};
    /// No part is longer (EXT-X-PART-INF), with `low_latency`.
    std::chrono::milliseconds part_duration{334};
    /// What a live manifest shows, at least three segments; unused by event playlists.
    std::chrono::milliseconds window{120'000};
    /// How far back a viewer may ask for with `start`, `end` and `time_delay`. 0: as far as the
    /// window; a store that records has everything anyway.
    std::chrono::milliseconds time_shift{0};
    bool hls = true;   ///< serve HLS
    bool dash = true;  ///< serve DASH

    friend bool operator==(const CmafSink&, const CmafSink&) = default;
};

}  // namespace weir
