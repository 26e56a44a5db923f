// SPDX-License-Identifier: MIT
// Numbers and attributes as playlists spell them: decimal digits, whatever the process's locale
// says.
// Threads: pure functions.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "hls/start_point.hpp"
#include "media/marked_text.hpp"

namespace weir::hls {

// At least `width` digits, with zeros in front. Requires: value >= 0.
inline void append_padded(std::string& text, std::int64_t value, std::size_t width) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    const auto length = static_cast<std::size_t>(end - digits.data());
    if (length < width) text.append(width - length, '0');
    text.append(digits.data(), length);
}

// `value` divided by 10^places, with all the places: (1500000, 6) is "1.500000".
// Requires: value >= 0.
inline void append_decimal(std::string& text, std::int64_t value, std::size_t places) {
    std::int64_t unit = 1;
    for (std::size_t i = 0; i < places; ++i) unit *= 10;
    append_padded(text, value / unit, 1);
    text += '.';
    append_padded(text, value % unit, places);
}

// A tag with a number, and the line's end.
inline void append_tag(std::string& text, std::string_view tag, std::int64_t value) {
    text += tag;
    append_padded(text, value, 1);
    text += '\n';
}

// Microseconds as seconds, with as many places as they need, and one at least: "12.0", "1.001".
// Requires: microseconds >= 0.
inline void append_seconds(std::string& text, std::int64_t microseconds) {
    append_decimal(text, microseconds, 6);
    while (text.ends_with('0') && !text.ends_with(".0")) text.pop_back();
}

// EXT-X-START
inline void append_start(std::string& text, const StartPoint& start) {
    text += "#EXT-X-START:TIME-OFFSET=";
    if (start.offset_us < 0) text += '-';
    append_seconds(text, std::abs(start.offset_us));
    if (start.precise) text += ",PRECISE=YES";
    text += '\n';
}

// The value of a URI attribute, marked.
inline void append_quoted_uri(media::MarkedText& text, std::string_view uri,
                              media::UriMark::Kind kind) {
    text.text += '"';
    text.text += uri;
    text.marks.push_back({.offset = text.text.size(), .kind = kind});
    text.text += '"';
}

}  // namespace weir::hls
