// SPDX-License-Identifier: MIT
#include "dash/time_text.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>

#include <gsl/gsl>

namespace weir::dash {
namespace {

// At least `width` digits; whatever the process's locale says.
void append_padded(std::string& text, std::int64_t value, std::size_t width) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    const auto length = static_cast<std::size_t>(end - digits.data());
    if (length < width) text.append(width - length, '0');
    text.append(digits.data(), length);
}

}  // namespace

std::string seconds_text(media::MediaTime duration) {
    Expects(duration >= media::MediaTime::zero());
    constexpr std::int64_t kSecond = 1'000'000'000;
    std::string text;
    append_padded(text, duration.count() / kSecond, 1);
    const std::int64_t rest = duration.count() % kSecond;
    if (rest == 0) return text;
    text += '.';
    append_padded(text, rest, 9);
    text.erase(text.find_last_not_of('0') + 1);
    return text;
}

std::string duration_text(media::MediaTime duration) {
    return "PT" + seconds_text(duration) + 'S';
}

std::string utc_text(media::MediaTime time) {
    using std::chrono::milliseconds;
    const std::chrono::sys_time<milliseconds> instant(std::chrono::floor<milliseconds>(time));
    const auto day = std::chrono::floor<std::chrono::days>(instant);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(instant - day);
    std::string text;
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
    return text;
}

}  // namespace weir::dash
