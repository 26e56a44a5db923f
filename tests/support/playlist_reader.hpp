// SPDX-License-Identifier: MIT
// Reads playlists as a strict client: every line must be one that weir writes, in its place and
// spelling. Knows nothing of the writer.
// Threads: pure functions.
#pragma once

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

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

inline hls::MediaSegment read_segment(TextReader& reader) {
    hls::MediaSegment segment;
    segment.discontinuity = reader.skip("#EXT-X-DISCONTINUITY\n");
    segment.gap = reader.skip("#EXT-X-GAP\n");
    reader.expect("#EXT-X-PROGRAM-DATE-TIME:");
    segment.program_date_time = read_date_time(reader);
    reader.expect("#EXTINF:");
    segment.duration_us = reader.number() * 1'000'000;
    reader.expect(".");
    segment.duration_us += reader.number(6);
    reader.expect(",\n");
    segment.uri = reader.until('\n');
    if (segment.uri.empty() || segment.uri.front() == '#') reader.fail("no URI before this");
    return segment;
}

// Throws BadPlaylist.
inline hls::MediaPlaylist read_media_playlist(std::string_view text) {
    TextReader reader(text);
    hls::MediaPlaylist playlist;
    reader.expect("#EXTM3U\n");
    playlist.version = static_cast<int>(read_tag(reader, "#EXT-X-VERSION:"));
    playlist.target_duration = read_tag(reader, "#EXT-X-TARGETDURATION:");
    playlist.media_sequence = read_tag(reader, "#EXT-X-MEDIA-SEQUENCE:");
    playlist.discontinuity_sequence = read_tag(reader, "#EXT-X-DISCONTINUITY-SEQUENCE:");
    if (reader.skip("#EXT-X-PLAYLIST-TYPE:EVENT\n")) playlist.type = hls::MediaPlaylistType::event;
    if (reader.skip("#EXT-X-PLAYLIST-TYPE:VOD\n")) playlist.type = hls::MediaPlaylistType::vod;
    playlist.independent_segments = reader.skip("#EXT-X-INDEPENDENT-SEGMENTS\n");
    while (!reader.done() && !playlist.end_list) {
        playlist.end_list = reader.skip("#EXT-X-ENDLIST\n");
        if (!playlist.end_list) playlist.segments.push_back(read_segment(reader));
    }
    if (!reader.done()) reader.fail("text behind the end");
    return playlist;
}

inline hls::Variant read_variant(TextReader& reader) {
    hls::Variant variant;
    reader.expect("#EXT-X-STREAM-INF:BANDWIDTH=");
    variant.bandwidth = reader.number();
    if (reader.skip(",AVERAGE-BANDWIDTH=")) variant.average_bandwidth = reader.number();
    reader.expect(",CODECS=\"");
    variant.codecs = reader.until('"');
    if (reader.skip(",RESOLUTION=")) {
        variant.width = static_cast<int>(reader.number());
        reader.expect("x");
        variant.height = static_cast<int>(reader.number());
    }
    if (reader.skip(",FRAME-RATE=")) {
        variant.frame_rate.numerator = reader.number() * 1000;
        reader.expect(".");
        variant.frame_rate.numerator += reader.number(3);
        variant.frame_rate.denominator = 1000;
    }
    reader.expect("\n");
    variant.uri = reader.until('\n');
    return variant;
}

// Throws BadPlaylist.
inline hls::MultivariantPlaylist read_multivariant_playlist(std::string_view text) {
    TextReader reader(text);
    hls::MultivariantPlaylist playlist;
    reader.expect("#EXTM3U\n");
    playlist.version = static_cast<int>(read_tag(reader, "#EXT-X-VERSION:"));
    playlist.independent_segments = reader.skip("#EXT-X-INDEPENDENT-SEGMENTS\n");
    while (!reader.done()) playlist.variants.push_back(read_variant(reader));
    return playlist;
}

}  // namespace weir::test
