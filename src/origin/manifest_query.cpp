// SPDX-License-Identifier: MIT
#include "origin/manifest_query.hpp"

#include <glib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <set>
#include <utility>

#include "net/url.hpp"

namespace weir::origin {
namespace {

using media::MediaTime;

constexpr std::int64_t kNanoseconds = 1'000'000'000;
constexpr std::size_t kLongestQuery = 2048;
constexpr std::size_t kMostValues = 32;
// The year 2200: what lies behind it is a mistake, and sums of times must not overflow.
constexpr std::int64_t kLatest = 7'258'118'400;

Error bad(std::string_view name, const std::string& text) {
    return Error{ErrorCode::invalid_argument, std::string(name) + ": " + text};
}

std::optional<std::int64_t> to_integer(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// Seconds with at most nine decimals, exactly: "1795339888.25".
std::optional<MediaTime> to_seconds(std::string_view text) {
    const std::size_t point = text.find('.');
    const auto whole = to_integer(text.substr(0, point));
    if (!whole || *whole < 0 || *whole > kLatest || text.starts_with('-')) return std::nullopt;
    std::int64_t fraction = 0;
    if (point != text.npos) {
        std::string digits(text.substr(point + 1));
        if (digits.empty() || digits.size() > 9) return std::nullopt;
        digits.resize(9, '0');
        const auto value = to_integer(digits);
        if (!value || *value < 0 || digits.starts_with('-')) return std::nullopt;
        fraction = *value;
    }
    return MediaTime(*whole * kNanoseconds + fraction);
}

std::optional<MediaTime> to_date(const std::string& text) {
    using DateTime = std::unique_ptr<GDateTime, decltype(&g_date_time_unref)>;
    using Zone = std::unique_ptr<GTimeZone, decltype(&g_time_zone_unref)>;
    // A time without an offset is UTC here.
    const Zone utc(g_time_zone_new_utc(), &g_time_zone_unref);
    const DateTime date(g_date_time_new_from_iso8601(text.c_str(), utc.get()), &g_date_time_unref);
    if (!date) return std::nullopt;
    const std::int64_t seconds = g_date_time_to_unix(date.get());
    if (seconds < 0 || seconds > kLatest) return std::nullopt;
    return MediaTime(seconds * kNanoseconds +
                     std::int64_t{g_date_time_get_microsecond(date.get())} * 1000);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == text.npos) return parts;
        text.remove_prefix(end + 1);
    }
}

Result<void> read_time(std::string_view name, const std::string& value,
                       std::optional<MediaTime>& time) {
    time = to_seconds(value);
    if (!time) time = to_date(value);
    if (time) return {};
    return bad(name, "must be a date as 2026-11-22T08:00:00Z, or seconds since 1970");
}

Result<void> read_duration(std::string_view name, const std::string& value,
                           std::optional<MediaTime>& duration) {
    duration = to_seconds(value);
    if (duration) return {};
    return bad(name, "must be seconds");
}

Result<void> read_count(std::string_view name, const std::string& value,
                        std::optional<std::int64_t>& count) {
    count = to_integer(value);
    if (count && *count >= 0) return {};
    return bad(name, "must be a number, 0 or more");
}

// "720", "240-720", "240-720,1080".
Result<void> read_ranges(std::string_view name, const std::string& value,
                         std::vector<NumberRange>& ranges) {
    for (const std::string_view part : split(value, ',')) {
        const std::size_t dash = part.find('-');
        const auto least = to_integer(part.substr(0, dash));
        const auto most = dash == part.npos ? least : to_integer(part.substr(dash + 1));
        if (!least || !most || *least < 0 || *most < *least || ranges.size() == kMostValues) {
            return bad(name, "must be numbers or ranges with commas between, as 240-720,1080");
        }
        ranges.push_back({*least, *most});
    }
    return {};
}

Result<void> read_words(std::string_view name, const std::string& value,
                        std::vector<std::string>& words, const std::set<std::string_view>& known) {
    for (const std::string_view part : split(value, ',')) {
        const bool plain =
            !part.empty() && part.size() <= 35 &&
            std::ranges::all_of(part, [](char c) { return g_ascii_isalnum(c) || c == '-'; });
        if (!plain || words.size() == kMostValues || (!known.empty() && !known.contains(part))) {
            std::string text = "must be words with commas between";
            if (!known.empty()) text = "must be some of";
            for (const auto word : known) text += ' ' + std::string(word);
            return bad(name, text);
        }
        words.emplace_back(part);
    }
    return {};
}

Result<void> read_order(const std::string& value, hls::VariantOrder& order) {
    using enum hls::VariantOrder;
    constexpr std::array kOrders = {std::pair{std::string_view("original"), as_given},
                                    std::pair{std::string_view("ascending"), ascending},
                                    std::pair{std::string_view("descending"), descending}};
    for (const auto& [name, known] : kOrders) {
        if (value != name) continue;
        order = known;
        return {};
    }
    return bad("order", "must be original, ascending or descending");
}

Result<void> read_start_offset(const std::string& value, std::optional<std::int64_t>& offset) {
    const bool negative = value.starts_with('-');
    const auto time = to_seconds(std::string_view(value).substr(negative ? 1 : 0));
    if (!time) return bad("start_offset", "must be seconds, from the end when negative");
    const std::int64_t milliseconds = time->count() / 1'000'000;
    offset = negative ? -milliseconds : milliseconds;
    return {};
}

// What needs no escape in a query, a playlist or XML.
Result<void> read_token(const std::string& value, std::string& token) {
    const bool plain = !value.empty() && std::ranges::all_of(value, [](char c) {
        return g_ascii_isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
    });
    if (!plain) return bad("token", "must be letters, digits, '-', '.', '_', '~'");
    token = value;
    return {};
}

Result<void> read(ManifestQuery& query, const std::string& name, const std::string& value) {
    ManifestFilter& filter = query.filter;
    if (name == "_HLS_msn") return read_count(name, value, query.msn);
    if (name == "_HLS_part") return read_count(name, value, query.part);
    if (name == "_HLS_skip") {
        query.skip = value == "YES" || value == "v2";
        return query.skip ? Result<void>() : bad(name, "must be YES or v2");
    }
    if (name == "start") return read_time(name, value, query.start);
    if (name == "end") return read_time(name, value, query.end);
    if (name == "time_delay") return read_duration(name, value, query.time_delay);
    if (name == "window") return read_duration(name, value, query.window);
    if (name == "video_height") return read_ranges(name, value, filter.video_height);
    if (name == "video_bitrate") return read_ranges(name, value, filter.video_bitrate);
    if (name == "audio_bitrate") return read_ranges(name, value, filter.audio_bitrate);
    if (name == "audio_channels") return read_ranges(name, value, filter.audio_channels);
    if (name == "video_codec") {
        return read_words(name, value, filter.video_codec, {"h264", "h265", "av1"});
    }
    if (name == "audio_codec") return read_words(name, value, filter.audio_codec, {"aac", "opus"});
    if (name == "audio_language") return read_words(name, value, filter.audio_language, {});
    if (name == "order") return read_order(value, query.order);
    if (name == "start_offset") return read_start_offset(value, query.start_offset_ms);
    if (name == "token") return read_token(value, query.token);
    return {};
}

constexpr std::array<std::string_view, 17> kNames = {
    "_HLS_msn",       "_HLS_part",   "_HLS_skip",    "start",          "end",
    "time_delay",     "window",      "video_height", "video_bitrate",  "audio_bitrate",
    "audio_channels", "video_codec", "audio_codec",  "audio_language", "order",
    "start_offset",   "token"};

Result<void> check(const ManifestQuery& query) {
    if (query.part && !query.msn) return bad("_HLS_part", "must come with _HLS_msn");
    if (query.start && query.end && *query.end <= *query.start) {
        return bad("end", "must be after start");
    }
    if (query.end && !query.start) return bad("end", "must come with start");
    if (query.start && query.window) return bad("window", "cannot come with start");
    return {};
}

void append(std::string& text, std::string_view name, const std::string& value) {
    if (!text.empty()) text += '&';
    text += name;
    text += '=';
    text += value;
}

std::string seconds_text(MediaTime time) {
    std::string text = std::to_string(time.count() / kNanoseconds);
    const std::int64_t fraction = time.count() % kNanoseconds;
    if (fraction == 0) return text;
    std::string digits = std::to_string(fraction);
    digits.insert(0, 9 - digits.size(), '0');
    while (digits.ends_with('0')) digits.pop_back();
    return text + '.' + digits;
}

std::string joined(const std::vector<NumberRange>& ranges) {
    std::string text;
    for (const auto& [least, most] : ranges) {
        if (!text.empty()) text += ',';
        text += std::to_string(least);
        if (most != least) text += '-' + std::to_string(most);
    }
    return text;
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) text += (text.empty() ? "" : ",") + word;
    return text;
}

std::string_view codec_family(std::string_view codec) {
    constexpr std::array kFamilies = {
        std::pair{"avc", "h264"},  std::pair{"hvc", "h265"}, std::pair{"hev", "h265"},
        std::pair{"av01", "av1"},  std::pair{"mp4a", "aac"}, std::pair{"opus", "opus"},
        std::pair{"Opus", "opus"},
    };
    for (const auto& [prefix, family] : kFamilies) {
        if (codec.starts_with(prefix)) return family;
    }
    return codec;
}

bool passes(const std::vector<NumberRange>& ranges, std::int64_t value) {
    return ranges.empty() || std::ranges::any_of(ranges, [value](const NumberRange& range) {
               return range.least <= value && value <= range.most;
           });
}

// Whether one of the track's codecs is wanted.
bool passes(const std::vector<std::string>& families, const media::Track& track) {
    if (families.empty()) return true;
    const auto codecs = split(track.codecs, ',');
    return std::ranges::any_of(codecs, [&](std::string_view codec) {
        return std::ranges::count(families, codec_family(codec)) > 0;
    });
}

bool passes(const ManifestFilter& filter, const media::Track& track) {
    if (track.kind == media::TrackKind::audio) {
        const bool language = filter.audio_language.empty() ||
                              std::ranges::count(filter.audio_language, track.language) > 0;
        return language && passes(filter.audio_codec, track) &&
               passes(filter.audio_bitrate, track.bandwidth.peak_bps) &&
               passes(filter.audio_channels, track.channels);
    }
    const bool sound = track.kind == media::TrackKind::video || passes(filter.audio_codec, track);
    return sound && passes(filter.video_codec, track) &&
           passes(filter.video_height, track.height) &&
           passes(filter.video_bitrate, track.bandwidth.peak_bps);
}

}  // namespace

std::string ManifestQuery::for_media() const {
    return token.empty() ? std::string() : "token=" + token;
}

std::string ManifestQuery::for_playlists() const {
    std::string text = time_key();
    if (!token.empty()) append(text, "token", token);
    return text;
}

std::string ManifestQuery::time_key() const {
    std::string text;
    if (start) append(text, "start", seconds_text(*start));
    if (end) append(text, "end", seconds_text(*end));
    if (time_delay) append(text, "time_delay", seconds_text(*time_delay));
    if (window) append(text, "window", seconds_text(*window));
    return text;
}

std::string ManifestQuery::key() const {
    std::string text = time_key();
    const auto add = [&text](std::string_view name, const auto& values) {
        if (!values.empty()) append(text, name, joined(values));
    };
    add("video_height", filter.video_height);
    add("video_bitrate", filter.video_bitrate);
    add("audio_bitrate", filter.audio_bitrate);
    add("audio_channels", filter.audio_channels);
    add("video_codec", filter.video_codec);
    add("audio_codec", filter.audio_codec);
    add("audio_language", filter.audio_language);
    if (order == hls::VariantOrder::ascending) append(text, "order", "ascending");
    if (order == hls::VariantOrder::descending) append(text, "order", "descending");
    if (start_offset_ms) append(text, "start_offset", std::to_string(*start_offset_ms));
    return text;
}

Result<ManifestQuery> parse_manifest_query(std::string_view text) {
    ManifestQuery query;
    if (text.empty()) return query;
    if (text.size() > kLongestQuery) {
        return Error{ErrorCode::invalid_argument, "the query is too long"};
    }
    std::set<std::string> seen;
    for (const std::string_view item : split(text, '&')) {
        const std::size_t equals = item.find('=');
        const auto name = net::percent_decode(item.substr(0, equals));
        if (!name || std::ranges::count(kNames, *name) == 0) continue;
        const auto value =
            net::percent_decode(equals == item.npos ? std::string_view() : item.substr(equals + 1));
        if (!value) return bad(*name, "has a bad escape");
        if (!seen.insert(*name).second) return bad(*name, "stands there twice");
        if (auto good = read(query, *name, *value); !good) return good.error();
    }
    if (auto good = check(query); !good) return good.error();
    return query;
}

std::vector<media::Track> filtered(std::vector<media::Track> tracks, const ManifestFilter& filter) {
    std::erase_if(tracks, [&](const media::Track& track) { return !passes(filter, track); });
    return tracks;
}

}  // namespace weir::origin
