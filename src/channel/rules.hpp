// SPDX-License-Identifier: MIT
// Rules for single fields of a configuration. A rule is called with the field's value and gives
// what is wrong ("must be 1 to 64, is 0"), or "" when nothing is. fields.hpp says which field has
// which. Threads: values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/rational.hpp>

namespace weir::channel {

// "0.5", "2": a duration as JSON and messages show it.
std::string seconds_text(std::chrono::milliseconds duration);

// `a, b or c`
std::string joined(const std::vector<std::string>& words);

// Any value will do.
struct Any {
    std::string operator()(const auto&) const { return {}; }
};

// A whole number in a range, a multiple of `step` (which divides both ends).
struct Between {
    std::int64_t min;
    std::int64_t max;
    std::int64_t step = 1;

    [[nodiscard]] std::string allowed() const;

    template <class T>
    requires std::is_integral_v<T> std::string operator()(T value) const {
        // What does not fit is above every limit.
        if (std::cmp_greater(value, INT64_MAX)) return check(INT64_MAX, std::to_string(value));
        return check(static_cast<std::int64_t>(value), std::to_string(value));
    }

private:
    [[nodiscard]] std::string check(std::int64_t value, const std::string& text) const;
};

// A duration in a range.
struct Lasting {
    std::chrono::milliseconds min;
    std::chrono::milliseconds max;

    [[nodiscard]] std::string allowed() const;
    std::string operator()(std::chrono::milliseconds value) const;
};

// One of a few numbers or words.
template <class T>
struct OneOf {
    std::vector<T> values;

    [[nodiscard]] std::string allowed() const;
    std::string operator()(const T& value) const;
};

// The number of entries of a list.
struct Entries {
    std::size_t min;
    std::size_t max;

    template <class T>
    std::string operator()(const std::vector<T>& list) const {
        return check(list.size());
    }

private:
    [[nodiscard]] std::string check(std::size_t count) const;
};

// A part of URLs and keys: 1 to 64 letters, digits, '-' and '_', and none of `reserved`.
struct Name {
    std::vector<std::string> reserved = {};
    std::string operator()(const std::string& value) const;
};

// Text as JSON can say it (UTF-8 without a zero byte).
struct Text {
    bool may_be_empty = false;
    bool is_secret = false;  // what is wrong with it is told without it
    std::string operator()(const std::string& value) const;
};

// 1 to 240 frames per second, or nothing where the field allows it.
struct FrameRate {
    std::string operator()(const Rational& value) const;
    std::string operator()(const std::optional<Rational>& value) const;
};

// A number in a range, or nothing where the field allows it.
struct Number {
    double min;
    double max;

    [[nodiscard]] std::string allowed() const;
    std::string operator()(double value) const;
    std::string operator()(const std::optional<double>& value) const;
};

// What SRT takes: 10 to 79 characters, or none. The text never shows it.
struct Passphrase {
    std::string operator()(const std::string& value) const;
};

// <scheme>://host..., with one of the schemes. The text shows no password and no query.
struct Url {
    std::vector<std::string> schemes;
    std::string operator()(const std::string& value) const;
};

// rtmp://host[:port]/application/stream. The text never shows the stream: it is often a secret.
struct RtmpUrl {
    std::string operator()(const std::string& value) const;
};

// An IP address, or "localhost".
struct IpAddress {
    std::string operator()(const std::string& value) const;
};

}  // namespace weir::channel
