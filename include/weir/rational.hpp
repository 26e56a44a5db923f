// SPDX-License-Identifier: MIT
/// @file
/// An exact fraction, for frame rates such as 30000/1001.
/// Threads: values; no rule of their own.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include <weir/export.hpp>
#include <weir/result.hpp>

namespace weir {

/// numerator / denominator, both positive where a frame rate is meant. Not reduced by itself: two
/// Rationals are equal when their fractions are, whatever the terms.
struct Rational {
    std::int64_t numerator = 0;
    std::int64_t denominator = 1;

    [[nodiscard]] double as_double() const {
        return static_cast<double>(numerator) / static_cast<double>(denominator);
    }

    friend bool operator==(const Rational& a, const Rational& b) {
        return a.numerator * b.denominator == b.numerator * a.denominator;
    }
};

/// "30" or "30000/1001".
WEIR_API std::string to_string(const Rational& value);

/// Reads "25", "29.97", "30000/1001". The decimal spellings 23.976, 29.97, 59.94 and 119.88 mean
/// the NTSC fractions n*1000/1001; any other decimal is taken with three places.
/// Errors: invalid_argument when it is no positive number or fraction.
WEIR_API Result<Rational> parse_rational(std::string_view text);

}  // namespace weir
