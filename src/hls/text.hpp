// SPDX-License-Identifier: MIT
// Numbers as playlists spell them: decimal digits, whatever the process's locale says.
// Threads: pure functions.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

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

}  // namespace weir::hls
