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

// What the playlists of one ladder are called, without ".m3u8".
struct PlaylistNames {
    std::vector<std::string> multivariant{"index"};  // all of them the same
    std::string media_suffix{};                      // behind the rendition's name
    bool independent_segments = true;                // every segment begins with an IDR frame

    friend bool operator==(const PlaylistNames&, const PlaylistNames&) = default;
};

// Of a passthrough rendition: <name>.m3u8, and <name>.media.m3u8, which no rendition can be called.
// Alone it is what a player asks for first, too. A source's keyframes need not be IDR frames, and
// where they are rare a segment begins without one.
PlaylistNames passthrough_names(const std::string& name, bool alone);

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
// is not listed (invariant 11). The URI is "<name><suffix>.m3u8".
MultivariantPlaylist make_multivariant_playlist(const std::vector<media::Track>& tracks,
                                                const PlaylistNames& names = {});

std::string to_text(const MultivariantPlaylist& playlist);

}  // namespace weir::hls
