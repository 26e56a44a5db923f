// SPDX-License-Identifier: MIT
// A Multivariant Playlist (RFC 8216bis 4.4.6) as a value, and its text.
// Threads: pure functions of values; no I/O, no clock.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <weir/rational.hpp>

#include "media/track.hpp"

namespace weir::hls {

// EXT-X-STREAM-INF and its URI.
struct Variant {
    std::string uri;
    std::int64_t bandwidth = 0;
    std::int64_t average_bandwidth = 0;
    std::string codecs;
    int width = 0;
    int height = 0;
    Rational frame_rate;

    friend bool operator==(const Variant&, const Variant&) = default;
};

struct MultivariantPlaylist {
    int version = 6;
    bool independent_segments = true;  // EXT-X-INDEPENDENT-SEGMENTS
    std::vector<Variant> variants;

    friend bool operator==(const MultivariantPlaylist&, const MultivariantPlaylist&) = default;
};

// One variant for each track, in the tracks' order; a track without a codec string (no media came)
// is not listed (invariant 11). The URI is "<name>.m3u8".
MultivariantPlaylist make_multivariant_playlist(const std::vector<media::Track>& tracks);

std::string to_text(const MultivariantPlaylist& playlist);

}  // namespace weir::hls
