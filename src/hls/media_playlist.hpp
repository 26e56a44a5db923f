// SPDX-License-Identifier: MIT
// A Media Playlist (RFC 8216bis 4.4.3, 4.4.4) as a value, and its text.
// Threads: pure functions of values; no I/O, no clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "media/time.hpp"
#include "media/timeline.hpp"

namespace weir::hls {

enum class MediaPlaylistType { none, event, vod };  // EXT-X-PLAYLIST-TYPE

struct MediaSegment {
    std::string uri;
    std::int64_t duration_us = 0;          // EXTINF, microseconds
    media::MediaTime program_date_time{};  // EXT-X-PROGRAM-DATE-TIME
    bool discontinuity = false;            // EXT-X-DISCONTINUITY
    bool gap = false;                      // EXT-X-GAP

    friend bool operator==(const MediaSegment&, const MediaSegment&) = default;
};

struct MediaPlaylist {
    int version = 6;                          // EXT-X-VERSION
    std::int64_t target_duration = 0;         // EXT-X-TARGETDURATION, seconds
    std::int64_t media_sequence = 0;          // EXT-X-MEDIA-SEQUENCE
    std::int64_t discontinuity_sequence = 0;  // EXT-X-DISCONTINUITY-SEQUENCE
    MediaPlaylistType type = MediaPlaylistType::none;
    bool independent_segments = true;  // EXT-X-INDEPENDENT-SEGMENTS
    std::vector<MediaSegment> segments;
    bool end_list = false;  // EXT-X-ENDLIST

    friend bool operator==(const MediaPlaylist&, const MediaPlaylist&) = default;
};

struct MediaPlaylistOptions {
    std::int64_t target_duration = 0;
    MediaPlaylistType type = MediaPlaylistType::none;  // of the playlist to make
    bool independent_segments = true;
    std::string uri_prefix;  // what stands before "<rendition>/<number>-<run>.ts"
};

// The playlist of one rendition over a window. EXTINF is the difference of the cumulative times
// rounded to 1 us, so their sum never drifts from the media time; only a gap is shortened to the
// target duration where it lasts longer.
MediaPlaylist make_media_playlist(const media::Window& window, const std::string& rendition,
                                  const MediaPlaylistOptions& options);

std::string to_text(const MediaPlaylist& playlist);

}  // namespace weir::hls
