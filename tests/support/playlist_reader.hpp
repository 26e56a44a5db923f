// SPDX-License-Identifier: MIT
// Reads playlists as a strict client: every line must be one that weir writes, in its place and
// spelling. Knows nothing of the writer.
// Threads: pure functions.
#pragma once

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "hls/media_playlist.hpp"
#include "hls/multivariant_playlist.hpp"

namespace weir::test {

// What is wrong with a playlist. A test that does not expect it fails with its text.
struct BadPlaylist : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Takes pieces off the front of a text.
class TextReader {
public:
    explicit TextReader(std::string_view text) : rest_(text) {}

    [[nodiscard]] bool done() const { return rest_.empty(); }
    [[nodiscard]] std::string_view rest() const { return rest_; }

    bool skip(std::string_view prefix) {
        if (!rest_.starts_with(prefix)) return false;
        rest_.remove_prefix(prefix.size());
        return true;
    }
    void expect(std::string_view prefix) {
        if (!skip(prefix)) fail("expected \"" + std::string(prefix) + '"');
    }
    // A decimal number; of exactly `digits` digits when that is not 0.
    std::int64_t number(std::size_t digits = 0) {
        const std::size_t end = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
        if (end == 0 || (digits != 0 && end != digits)) fail("expected a number");
        std::int64_t value = 0;
        if (std::from_chars(rest_.data(), rest_.data() + end, value).ec != std::errc()) {
            fail("number out of range");
        }
        rest_.remove_prefix(end);
        return value;
    }
    std::string until(char end) {
        const std::size_t length = rest_.find(end);
        if (length == rest_.npos) fail("unterminated");
        std::string text(rest_.substr(0, length));
        rest_.remove_prefix(length + 1);
        return text;
    }
    [[noreturn]] void fail(const std::string& what) const {
        throw BadPlaylist(what + " at: " + std::string(rest_.substr(0, 80)));
    }

private:
    std::string_view rest_;
};

inline media::MediaTime read_date_time(TextReader& reader) {
    const std::chrono::year year(static_cast<int>(reader.number(4)));
    reader.expect("-");
    const std::chrono::month month(static_cast<unsigned>(reader.number(2)));
    reader.expect("-");
    const std::chrono::day day(static_cast<unsigned>(reader.number(2)));
    const std::chrono::year_month_day date(year, month, day);
    if (!date.ok()) reader.fail("no date");
    reader.expect("T");
    media::MediaTime time = std::chrono::sys_days(date).time_since_epoch();
    time += std::chrono::hours(reader.number(2));
    reader.expect(":");
    time += std::chrono::minutes(reader.number(2));
    reader.expect(":");
    time += std::chrono::seconds(reader.number(2));
    reader.expect(".");
    time += std::chrono::milliseconds(reader.number(3));
    reader.expect("Z\n");
    return time;
}

inline std::int64_t read_tag(TextReader& reader, std::string_view tag) {
    reader.expect(tag);
    const std::int64_t value = reader.number();
    reader.expect("\n");
    return value;
}

// Seconds with up to six places, as microseconds.
inline std::int64_t read_microseconds(TextReader& reader) {
    std::int64_t value = reader.number() * 1'000'000;
    reader.expect(".");
    const std::size_t before = reader.rest().size();
    std::int64_t fraction = reader.number();
    const std::size_t places = before - reader.rest().size();
    if (places > 6) reader.fail("more than six places before this");
    for (std::size_t i = places; i < 6; ++i) fraction *= 10;
    return value + fraction;
}

inline std::string read_uri(TextReader& reader) {
    reader.expect("URI=\"");
    std::string uri = reader.until('"');
    if (uri.empty()) reader.fail("no URI before this");
    return uri;
}

inline hls::MediaPart read_part(TextReader& reader) {
    hls::MediaPart part;
    reader.expect("DURATION=");
    part.duration_us = read_microseconds(reader);
    reader.expect(",");
    part.uri = read_uri(reader);
    part.independent = reader.skip(",INDEPENDENT=YES");
    reader.expect("\n");
    return part;
}

inline hls::MediaSegment read_segment(TextReader& reader) {
    hls::MediaSegment segment;
    segment.discontinuity = reader.skip("#EXT-X-DISCONTINUITY\n");
    if (reader.skip("#EXT-X-MAP:")) {
        segment.map = read_uri(reader);
        reader.expect("\n");
    }
    segment.gap = reader.skip("#EXT-X-GAP\n");
    reader.expect("#EXT-X-PROGRAM-DATE-TIME:");
    segment.program_date_time = read_date_time(reader);
    while (reader.skip("#EXT-X-PART:")) segment.parts.push_back(read_part(reader));
    if (!segment.parts.empty() && !reader.rest().starts_with("#EXTINF:")) return segment;
    reader.expect("#EXTINF:");
    segment.duration_us = reader.number() * 1'000'000;
    reader.expect(".");
    segment.duration_us += reader.number(6);
    reader.expect(",\n");
    if (reader.skip("#EXT-X-BYTERANGE:")) {
        segment.leading_bytes = static_cast<std::uint64_t>(reader.number());
        reader.expect("@0\n");
    }
    segment.uri = reader.until('\n');
    if (segment.uri.empty() || segment.uri.front() == '#') reader.fail("no URI before this");
    return segment;
}

inline hls::ServerControl read_server_control(TextReader& reader) {
    hls::ServerControl control;
    bool first = true;
    const auto attribute = [&](std::string_view name) {
        const std::string text = (first ? "" : ",") + std::string(name);
        if (!reader.skip(text)) return false;
        first = false;
        return true;
    };
    control.can_block_reload = attribute("CAN-BLOCK-RELOAD=YES");
    if (attribute("CAN-SKIP-UNTIL=")) control.can_skip_until_us = read_microseconds(reader);
    if (attribute("HOLD-BACK=")) control.hold_back_us = read_microseconds(reader);
    if (attribute("PART-HOLD-BACK=")) control.part_hold_back_us = read_microseconds(reader);
    reader.expect("\n");
    return control;
}

inline std::optional<hls::StartPoint> read_start(TextReader& reader) {
    if (!reader.skip("#EXT-X-START:TIME-OFFSET=")) return std::nullopt;
    hls::StartPoint start;
    const bool negative = reader.skip("-");
    start.offset_us = read_microseconds(reader) * (negative ? -1 : 1);
    start.precise = reader.skip(",PRECISE=YES");
    reader.expect("\n");
    return start;
}

inline hls::RenditionReport read_report(TextReader& reader) {
    hls::RenditionReport report;
    report.uri = read_uri(reader);
    reader.expect(",LAST-MSN=");
    report.last_number = reader.number();
    if (reader.skip(",LAST-PART=")) report.last_part = reader.number();
    reader.expect("\n");
    return report;
}

inline void read_media_head(TextReader& reader, hls::MediaPlaylist& playlist) {
    reader.expect("#EXTM3U\n");
    playlist.version = static_cast<int>(read_tag(reader, "#EXT-X-VERSION:"));
    playlist.target_duration = read_tag(reader, "#EXT-X-TARGETDURATION:");
    if (reader.skip("#EXT-X-SERVER-CONTROL:")) {
        playlist.server_control = read_server_control(reader);
    }
    if (reader.skip("#EXT-X-PART-INF:PART-TARGET=")) {
        playlist.part_target_us = read_microseconds(reader);
        reader.expect("\n");
    }
    playlist.media_sequence = read_tag(reader, "#EXT-X-MEDIA-SEQUENCE:");
    playlist.discontinuity_sequence = read_tag(reader, "#EXT-X-DISCONTINUITY-SEQUENCE:");
    if (reader.skip("#EXT-X-PLAYLIST-TYPE:EVENT\n")) playlist.type = hls::MediaPlaylistType::event;
    if (reader.skip("#EXT-X-PLAYLIST-TYPE:VOD\n")) playlist.type = hls::MediaPlaylistType::vod;
    playlist.independent_segments = reader.skip("#EXT-X-INDEPENDENT-SEGMENTS\n");
    playlist.i_frames_only = reader.skip("#EXT-X-I-FRAMES-ONLY\n");
    playlist.start = read_start(reader);
    if (reader.rest().starts_with("#EXT-X-SKIP:")) {
        playlist.skipped_segments = read_tag(reader, "#EXT-X-SKIP:SKIPPED-SEGMENTS=");
        if (playlist.skipped_segments == 0) reader.fail("nothing skipped before this");
    }
}

// Throws BadPlaylist.
inline hls::MediaPlaylist read_media_playlist(std::string_view text) {
    TextReader reader(text);
    hls::MediaPlaylist playlist;
    read_media_head(reader, playlist);
    const auto at_tail = [&] {
        return reader.done() || reader.rest().starts_with("#EXT-X-PRELOAD-HINT:") ||
               reader.rest().starts_with("#EXT-X-RENDITION-REPORT:") ||
               reader.rest().starts_with("#EXT-X-ENDLIST\n");
    };
    while (!at_tail()) playlist.segments.push_back(read_segment(reader));
    if (reader.skip("#EXT-X-PRELOAD-HINT:TYPE=PART,")) {
        playlist.preload_hint = read_uri(reader);
        reader.expect("\n");
    }
    while (reader.skip("#EXT-X-RENDITION-REPORT:")) {
        playlist.rendition_reports.push_back(read_report(reader));
    }
    playlist.end_list = reader.skip("#EXT-X-ENDLIST\n");
    if (!reader.done()) reader.fail("text behind the end");
    return playlist;
}

// What both kinds of variants say.
inline void read_attributes(TextReader& reader, hls::Variant& variant, bool& plain_pictures) {
    reader.expect("BANDWIDTH=");
    variant.bandwidth = reader.number();
    if (reader.skip(",AVERAGE-BANDWIDTH=")) variant.average_bandwidth = reader.number();
    reader.expect(",CODECS=\"");
    variant.codecs = reader.until('"');
    if (!reader.skip(",RESOLUTION=")) return;
    variant.width = static_cast<int>(reader.number());
    reader.expect("x");
    variant.height = static_cast<int>(reader.number());
    plain_pictures = reader.skip(",VIDEO-RANGE=SDR");
}

inline hls::Variant read_variant(TextReader& reader, bool& plain_pictures) {
    hls::Variant variant;
    reader.expect("#EXT-X-STREAM-INF:");
    read_attributes(reader, variant, plain_pictures);
    if (reader.skip(",FRAME-RATE=")) {
        variant.frame_rate.numerator = reader.number() * 1000;
        reader.expect(".");
        variant.frame_rate.numerator += reader.number(3);
        variant.frame_rate.denominator = 1000;
    }
    if (reader.skip(",AUDIO=\"")) variant.audio = reader.until('"');
    if (plain_pictures) reader.expect(",CLOSED-CAPTIONS=NONE");
    reader.expect("\n");
    variant.uri = reader.until('\n');
    return variant;
}

inline hls::AudioRendition read_audio(TextReader& reader) {
    hls::AudioRendition audio;
    reader.expect(",GROUP-ID=\"");
    audio.group = reader.until('"');
    reader.expect(",NAME=\"");
    audio.name = reader.until('"');
    if (reader.skip(",LANGUAGE=\"")) audio.language = reader.until('"');
    audio.is_default = reader.skip(",DEFAULT=YES");
    if (!audio.is_default) reader.expect(",DEFAULT=NO");
    reader.expect(",AUTOSELECT=YES");
    if (reader.skip(",CHANNELS=\"")) {
        audio.channels = static_cast<int>(reader.number());
        reader.expect("\"");
    }
    reader.expect(",");
    audio.uri = read_uri(reader);
    reader.expect("\n");
    return audio;
}

// Throws BadPlaylist.
inline hls::MultivariantPlaylist read_multivariant_playlist(std::string_view text) {
    TextReader reader(text);
    hls::MultivariantPlaylist playlist;
    reader.expect("#EXTM3U\n");
    playlist.version = static_cast<int>(read_tag(reader, "#EXT-X-VERSION:"));
    playlist.independent_segments = reader.skip("#EXT-X-INDEPENDENT-SEGMENTS\n");
    playlist.start = read_start(reader);
    while (reader.skip("#EXT-X-MEDIA:TYPE=AUDIO")) playlist.audio.push_back(read_audio(reader));
    while (reader.rest().starts_with("#EXT-X-STREAM-INF:")) {
        playlist.variants.push_back(read_variant(reader, playlist.plain_pictures));
    }
    while (reader.skip("#EXT-X-I-FRAME-STREAM-INF:")) {
        hls::Variant frames;
        read_attributes(reader, frames, playlist.plain_pictures);
        reader.expect(",");
        frames.uri = read_uri(reader);
        reader.expect("\n");
        playlist.i_frames.push_back(std::move(frames));
    }
    if (!reader.done()) reader.fail("text behind the end");
    return playlist;
}

}  // namespace weir::test
