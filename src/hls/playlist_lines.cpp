// SPDX-License-Identifier: MIT
#include "hls/playlist_lines.hpp"

#include <chrono>

#include "hls/text.hpp"

namespace weir::hls {
namespace {

using media::MarkedText;
using media::UriMark;

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

void append_part(MarkedText& text, const MediaPart& part) {
    text.text += "#EXT-X-PART:DURATION=";
    append_decimal(text.text, part.duration_us, 6);
    text.text += ",URI=";
    append_quoted_uri(text, part.uri, UriMark::Kind::media);
    if (part.independent) text.text += ",INDEPENDENT=YES";
    text.text += '\n';
}

void append_server_control(std::string& text, const ServerControl& control) {
    const char* separator = "#EXT-X-SERVER-CONTROL:";
    const auto attribute = [&](const char* name) {
        text += separator;
        text += name;
        separator = ",";
    };
    if (control.can_block_reload) attribute("CAN-BLOCK-RELOAD=YES");
    if (control.can_skip_until_us > 0) {
        attribute("CAN-SKIP-UNTIL=");
        append_seconds(text, control.can_skip_until_us);
    }
    if (control.hold_back_us > 0) {
        attribute("HOLD-BACK=");
        append_seconds(text, control.hold_back_us);
    }
    if (control.part_hold_back_us > 0) {
        attribute("PART-HOLD-BACK=");
        append_seconds(text, control.part_hold_back_us);
    }
    if (*separator == ',') text += '\n';
}

}  // namespace

void append_head(MarkedText& marked, const MediaPlaylist& playlist) {
    std::string& text = marked.text;
    text += "#EXTM3U\n";
    append_tag(text, "#EXT-X-VERSION:", playlist.version);
    append_tag(text, "#EXT-X-TARGETDURATION:", playlist.target_duration);
    if (playlist.server_control) append_server_control(text, *playlist.server_control);
    if (playlist.part_target_us > 0) {
        text += "#EXT-X-PART-INF:PART-TARGET=";
        append_seconds(text, playlist.part_target_us);
        text += '\n';
    }
    append_tag(text, "#EXT-X-MEDIA-SEQUENCE:", playlist.media_sequence);
    append_tag(text, "#EXT-X-DISCONTINUITY-SEQUENCE:", playlist.discontinuity_sequence);
    if (playlist.type == MediaPlaylistType::event) text += "#EXT-X-PLAYLIST-TYPE:EVENT\n";
    if (playlist.type == MediaPlaylistType::vod) text += "#EXT-X-PLAYLIST-TYPE:VOD\n";
    if (playlist.independent_segments) text += "#EXT-X-INDEPENDENT-SEGMENTS\n";
    if (playlist.i_frames_only) text += "#EXT-X-I-FRAMES-ONLY\n";
    if (playlist.start) append_start(text, *playlist.start);
    if (playlist.skipped_segments > 0) {
        append_tag(text, "#EXT-X-SKIP:SKIPPED-SEGMENTS=", playlist.skipped_segments);
    }
}

void append_map(MarkedText& text, const std::string& uri) {
    text.text += "#EXT-X-MAP:URI=";
    append_quoted_uri(text, uri, UriMark::Kind::media);
    text.text += '\n';
}

void append_segment(MarkedText& marked, const MediaSegment& segment) {
    std::string& text = marked.text;
    if (segment.discontinuity) text += "#EXT-X-DISCONTINUITY\n";
    if (!segment.map.empty()) append_map(marked, segment.map);
    if (segment.gap) text += "#EXT-X-GAP\n";
    text += "#EXT-X-PROGRAM-DATE-TIME:";
    append_date_time(text, segment.program_date_time);
    text += '\n';
    for (const MediaPart& part : segment.parts) append_part(marked, part);
    if (segment.uri.empty()) return;
    text += "#EXTINF:";
    append_decimal(text, segment.duration_us, 6);
    text += ",\n";
    if (segment.leading_bytes > 0) {
        text += "#EXT-X-BYTERANGE:";
        append_padded(text, static_cast<std::int64_t>(segment.leading_bytes), 1);
        text += "@0\n";
    }
    text += segment.uri;
    marked.marks.push_back({.offset = text.size(), .kind = UriMark::Kind::media});
    text += '\n';
}

void append_tail(MarkedText& marked, const MediaPlaylist& playlist) {
    std::string& text = marked.text;
    if (!playlist.preload_hint.empty()) {
        text += "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=";
        append_quoted_uri(marked, playlist.preload_hint, UriMark::Kind::media);
        text += '\n';
    }
    for (const RenditionReport& report : playlist.rendition_reports) {
        text += "#EXT-X-RENDITION-REPORT:URI=";
        append_quoted_uri(marked, report.uri, UriMark::Kind::playlist);
        text += ",LAST-MSN=";
        append_padded(text, report.last_number, 1);
        if (report.last_part) {
            text += ",LAST-PART=";
            append_padded(text, *report.last_part, 1);
        }
        text += '\n';
    }
    if (playlist.end_list) text += "#EXT-X-ENDLIST\n";
}

}  // namespace weir::hls
