// SPDX-License-Identifier: MIT
// A Media Playlist (RFC 8216bis 4.4.3 to 4.4.5) as a value, and its text.
//
// What a low-latency client sees (parts, hint, rendition reports) comes from the same window as the
// segments. A playlist with ENDLIST has none of it: nothing is to be waited for any more.
// Threads: pure functions of values; no I/O, no clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hls/start_point.hpp"
#include "media/marked_text.hpp"
#include "media/time.hpp"
#include "media/timeline.hpp"
#include "media/track.hpp"

namespace weir::hls {

enum class MediaPlaylistType { none, event, vod };  // EXT-X-PLAYLIST-TYPE

// EXT-X-PART
struct MediaPart {
    std::string uri;
    std::int64_t duration_us = 0;
    bool independent = false;

    friend bool operator==(const MediaPart&, const MediaPart&) = default;
};

struct MediaSegment {
    std::string uri;                       // empty: it is being made, and has parts only
    std::int64_t duration_us = 0;          // EXTINF, microseconds
    media::MediaTime program_date_time{};  // EXT-X-PROGRAM-DATE-TIME
    bool discontinuity = false;            // EXT-X-DISCONTINUITY
    bool gap = false;                      // EXT-X-GAP
    std::string map{};                     // EXT-X-MAP in front of it; empty: the one before holds
    std::uint64_t leading_bytes = 0;       // EXT-X-BYTERANGE from its beginning; 0: all of it
    std::vector<MediaPart> parts{};

    friend bool operator==(const MediaSegment&, const MediaSegment&) = default;
};

// EXT-X-SERVER-CONTROL, microseconds; 0: not said. RFC 8216bis 6.2.4 wants the same in all
// playlists of a programme, those of I-frames as well.
struct ServerControl {
    bool can_block_reload = false;
    std::int64_t can_skip_until_us = 0;
    std::int64_t hold_back_us = 0;
    std::int64_t part_hold_back_us = 0;

    friend bool operator==(const ServerControl&, const ServerControl&) = default;
};

// Blocking reload, delta updates with the least Skip Boundary allowed, and the distances from the
// live edge that RFC 8216bis recommends. `longest_part`: the largest PART-TARGET of the programme's
// playlists; zero: no parts.
ServerControl server_control(std::int64_t target_duration, media::MediaTime longest_part);

// EXT-X-RENDITION-REPORT
struct RenditionReport {
    std::string uri;
    std::int64_t last_number = 0;
    std::optional<std::int64_t> last_part{};

    friend bool operator==(const RenditionReport&, const RenditionReport&) = default;
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
    bool i_frames_only = false;
    std::optional<ServerControl> server_control{};
    std::int64_t part_target_us = 0;    // EXT-X-PART-INF; 0: none
    std::optional<StartPoint> start{};  // EXT-X-START
    std::int64_t skipped_segments = 0;  // EXT-X-SKIP; 0: none
    std::string preload_hint{};         // EXT-X-PRELOAD-HINT of a part; empty: none
    std::vector<RenditionReport> rendition_reports{};

    friend bool operator==(const MediaPlaylist&, const MediaPlaylist&) = default;
};

struct MediaPlaylistOptions {
    std::int64_t target_duration = 0;
    MediaPlaylistType type = MediaPlaylistType::none;  // of the playlist to make
    bool independent_segments = true;
    std::string uri_prefix;        // what stands before "<rendition>/<number>-<run>.<extension>"
    std::string extension = "ts";  // "m4s": with EXT-X-MAP
    // All that the timeline ever had, in its order: an audio rendition's times are its own, and a
    // part knows its tracks by their index. Not needed for muxed renditions without parts.
    std::vector<media::Track> tracks{};
    // Rounded up to microseconds, PART-TARGET (media::PartSchedule::part_target of this track);
    // zero: no parts are shown.
    media::MediaTime part_target{};
    std::optional<ServerControl> server_control{};
    std::vector<std::string> rendition_reports{};  // the URIs of the other renditions' playlists
    std::optional<StartPoint> start{};
    // A Playlist Delta Update (6.2.5.1, `_HLS_skip=YES` or `v2`: there are no date ranges), when
    // the server control allows one and there is something to skip.
    bool delta = false;
    // EXT-X-I-FRAMES-ONLY: of every segment only its first keyframe.
    bool i_frames_only = false;
};

// The playlist of one rendition over a window. EXTINF is the difference of the cumulative times
// rounded to 1 us, so their sum never drifts from the media time, and a segment's parts last
// exactly as long as it does; only a gap is shortened to the target duration where it lasts longer.
MediaPlaylist make_media_playlist(const media::Window& window, const std::string& rendition,
                                  const MediaPlaylistOptions& options);

std::string to_text(const MediaPlaylist& playlist);

// With a mark behind every URI.
media::MarkedText to_marked_text(const MediaPlaylist& playlist);

}  // namespace weir::hls
