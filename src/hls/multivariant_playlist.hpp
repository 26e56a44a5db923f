// SPDX-License-Identifier: MIT
// A Multivariant Playlist (RFC 8216bis 4.4.6) as a value, and its text.
// Threads: pure functions of values; no I/O, no clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <weir/rational.hpp>

#include "hls/start_point.hpp"
#include "media/marked_text.hpp"
#include "media/track.hpp"

namespace weir::hls {

// What the playlists of one ladder are called, without ".m3u8", and where they lie.
struct PlaylistNames {
    std::vector<std::string> multivariant{"index"};  // all of them the same
    std::string media_suffix{};                      // behind the rendition's name
    bool independent_segments = true;                // every segment begins with an IDR frame
    std::string folder = "hls";                      // below the channel and below the programme
    std::string extension = "ts";                    // of the segments
    // Behind the rendition's name, of the playlist of its I-frames; empty: there is none.
    std::string i_frames_suffix{};

    friend bool operator==(const PlaylistNames&, const PlaylistNames&) = default;
};

// Of a passthrough rendition: <name>.m3u8, and <name>.media.m3u8, which no rendition can be called.
// Alone it is what a player asks for first, too. A source's keyframes need not be IDR frames, and
// where they are rare a segment begins without one.
PlaylistNames passthrough_names(const std::string& name, bool alone);

// Of what is packaged as CMAF. `i_frames`: the timeline knows how long the keyframes are.
PlaylistNames cmaf_names(bool i_frames = false);

// EXT-X-MEDIA of type AUDIO.
struct AudioRendition {
    std::string uri;
    std::string group;
    std::string name;
    std::string language{};  // "": not said
    int channels = 0;        // 0: not said
    bool is_default = false;

    friend bool operator==(const AudioRendition&, const AudioRendition&) = default;
};

// EXT-X-STREAM-INF and its URI; EXT-X-I-FRAME-STREAM-INF.
struct Variant {
    std::string uri;
    std::int64_t bandwidth = 0;
    std::int64_t average_bandwidth = 0;
    std::string codecs;
    int width = 0;
    int height = 0;
    Rational frame_rate;
    std::string audio{};  // the group of audio renditions that it plays with; "": none

    friend bool operator==(const Variant&, const Variant&) = default;
};

enum class VariantOrder { as_given, ascending, descending };  // by bandwidth

struct MultivariantPlaylist {
    int version = 6;
    bool independent_segments = true;   // EXT-X-INDEPENDENT-SEGMENTS
    std::optional<StartPoint> start{};  // EXT-X-START
    // VIDEO-RANGE=SDR and CLOSED-CAPTIONS=NONE: only where it is known what the pictures are.
    bool plain_pictures = false;
    std::vector<AudioRendition> audio{};
    std::vector<Variant> variants;
    std::vector<Variant> i_frames{};

    friend bool operator==(const MultivariantPlaylist&, const MultivariantPlaylist&) = default;
};

struct MultivariantOptions {
    VariantOrder order = VariantOrder::as_given;
    std::optional<StartPoint> start{};
    // BANDWIDTH of the I-frames, one for each track; empty: that of the track, which is a bound.
    std::vector<media::Bandwidth> i_frame_bandwidth{};
};

// One variant for each track, in the tracks' order; a track without a codec string (no media came)
// is not listed (invariant 11). The URI is "<name><suffix>.m3u8".
//
// Audio tracks beside video tracks are rendition groups: every group has one rendition of each
// language, the first group the first of each, and each video track is a variant with each group,
// whose bandwidth and codecs are its own. Audio tracks alone are variants, with such groups if
// there is more than one language.
MultivariantPlaylist make_multivariant_playlist(const std::vector<media::Track>& tracks,
                                                const PlaylistNames& names = {},
                                                const MultivariantOptions& options = {});

std::string to_text(const MultivariantPlaylist& playlist);

// With a mark behind every URI.
media::MarkedText to_marked_text(const MultivariantPlaylist& playlist);

}  // namespace weir::hls
