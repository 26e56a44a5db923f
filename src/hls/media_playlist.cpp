// SPDX-License-Identifier: MIT
#include "hls/media_playlist.hpp"

#include <chrono>
#include <utility>

#include "hls/text.hpp"

namespace weir::hls {
namespace {

// The nearest microsecond. Always of a time, never of a duration, so the errors cannot add up.
std::int64_t to_microseconds(media::MediaTime time) {
    return std::chrono::round<std::chrono::microseconds>(time).count();
}

// ISO 8601 in UTC, rounded down to milliseconds as a clock shows it.
void append_date_time(std::string& text, media::MediaTime time) {
    using std::chrono::milliseconds;
    const std::chrono::sys_time<milliseconds> instant(std::chrono::floor<milliseconds>(time));
    const auto day = std::chrono::floor<std::chrono::days>(instant);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(instant - day);
    append_padded(text, static_cast<int>(date.year()), 4);
    text += '-';
    append_padded(text, static_cast<unsigned>(date.month()), 2);
    text += '-';
    append_padded(text, static_cast<unsigned>(date.day()), 2);
    text += 'T';
    append_padded(text, clock.hours().count(), 2);
    text += ':';
    append_padded(text, clock.minutes().count(), 2);
    text += ':';
    append_padded(text, clock.seconds().count(), 2);
    text += '.';
    append_padded(text, clock.subseconds().count(), 3);
    text += 'Z';
}

// A hole may be longer than the numbers in it have room for (the slot before it was cut short), and
// no EXTINF may be above the target duration: what a gap lacks then is at its beginning.
void shorten_gap(MediaSegment& gap, std::int64_t target_duration) {
    constexpr std::int64_t kSecond = 1'000'000;
    const std::int64_t most = target_duration * kSecond;
    if (most == 0 || gap.duration_us < most + kSecond / 2) return;
    gap.program_date_time += std::chrono::microseconds(gap.duration_us - most);
    gap.duration_us = most;
}

void append_segment(std::string& text, const MediaSegment& segment) {
    if (segment.discontinuity) text += "#EXT-X-DISCONTINUITY\n";
    if (segment.gap) text += "#EXT-X-GAP\n";
    text += "#EXT-X-PROGRAM-DATE-TIME:";
    append_date_time(text, segment.program_date_time);
    text += "\n#EXTINF:";
    append_decimal(text, segment.duration_us, 6);
    text += ",\n";
    text += segment.uri;
    text += '\n';
}

}  // namespace

MediaPlaylist make_media_playlist(const media::Window& window, const std::string& rendition,
                                  const MediaPlaylistOptions& options) {
    MediaPlaylist playlist;
    playlist.target_duration = options.target_duration;
    playlist.type = options.type;
    playlist.independent_segments = options.independent_segments;
    playlist.discontinuity_sequence = window.discontinuity_sequence;
    playlist.end_list = window.ended;
    if (!window.slots.empty()) playlist.media_sequence = window.slots.front().number;
    playlist.segments.reserve(window.slots.size());
    for (const media::Slot& slot : window.slots) {
        playlist.segments.push_back({
            .uri = options.uri_prefix + media::segment_file(rendition, slot),
            .duration_us = to_microseconds(slot.end) - to_microseconds(slot.start),
            .program_date_time = slot.start,
            .discontinuity = slot.discontinuity,
            .gap = slot.gap,
        });
        if (slot.gap) shorten_gap(playlist.segments.back(), options.target_duration);
    }
    return playlist;
}

std::string to_text(const MediaPlaylist& playlist) {
    constexpr std::size_t kTypicalLines = 160;  // of one segment, with its URI
    std::string text;
    text.reserve(256 + playlist.segments.size() * kTypicalLines);
    text += "#EXTM3U\n";
    append_tag(text, "#EXT-X-VERSION:", playlist.version);
    append_tag(text, "#EXT-X-TARGETDURATION:", playlist.target_duration);
    append_tag(text, "#EXT-X-MEDIA-SEQUENCE:", playlist.media_sequence);
    append_tag(text, "#EXT-X-DISCONTINUITY-SEQUENCE:", playlist.discontinuity_sequence);
    if (playlist.type == MediaPlaylistType::event) text += "#EXT-X-PLAYLIST-TYPE:EVENT\n";
    if (playlist.type == MediaPlaylistType::vod) text += "#EXT-X-PLAYLIST-TYPE:VOD\n";
    if (playlist.independent_segments) text += "#EXT-X-INDEPENDENT-SEGMENTS\n";
    for (const MediaSegment& segment : playlist.segments) append_segment(text, segment);
    if (playlist.end_list) text += "#EXT-X-ENDLIST\n";
    return text;
}

}  // namespace weir::hls
