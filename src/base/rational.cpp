// SPDX-License-Identifier: MIT
#include <weir/rational.hpp>

#include <charconv>
#include <limits>
#include <optional>

namespace weir {
namespace {

// Terms stay below 2^31 so that the products of two of them, which comparing needs, fit 64 bits.
constexpr std::int64_t kMaxTerm = std::numeric_limits<std::int32_t>::max();

Error not_a_number() {
    return {ErrorCode::invalid_argument,
            "must be a positive number or fraction such as 25, 29.97 or 30000/1001"};
}

// Digits only: from_chars alone would take a sign.
std::optional<std::int64_t> parse_digits(std::string_view text) {
    if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    if (value > kMaxTerm) return std::nullopt;
    return value;
}

Result<Rational> checked(Rational value) {
    if (value.numerator <= 0 || value.denominator <= 0 || value.numerator > kMaxTerm) {
        return not_a_number();
    }
    return value;
}

Result<Rational> parse_fraction(std::string_view text, std::size_t slash) {
    const auto numerator = parse_digits(text.substr(0, slash));
    const auto denominator = parse_digits(text.substr(slash + 1));
    if (!numerator || !denominator) return not_a_number();
    return checked({*numerator, *denominator});
}

Result<Rational> parse_decimal(std::string_view text, std::size_t point) {
    constexpr std::size_t kPlaces = 3;
    std::string_view places = text.substr(point + 1);
    const auto whole = parse_digits(text.substr(0, point));
    if (!whole || places.empty() || places.find_first_not_of("0123456789") != places.npos) {
        return not_a_number();
    }
    std::string thousandths(places.substr(0, kPlaces));
    thousandths.resize(kPlaces, '0');
    const std::int64_t numerator = *whole * 1000 + *parse_digits(thousandths);
    for (const std::int64_t ntsc : {24, 30, 60, 120}) {
        // n * 1000/1001 rounded to three places: 23.976, 29.970, 59.940, 119.880.
        if (numerator == (ntsc * 1'000'000 + 500) / 1001) return Rational{ntsc * 1000, 1001};
    }
    if (numerator % 1000 == 0) return checked({numerator / 1000, 1});
    return checked({numerator, 1000});
}

}  // namespace

std::string to_string(const Rational& value) {
    std::string text = std::to_string(value.numerator);
    if (value.denominator != 1) text += "/" + std::to_string(value.denominator);
    return text;
}

Result<Rational> parse_rational(std::string_view text) {
    if (const auto slash = text.find('/'); slash != text.npos) return parse_fraction(text, slash);
    if (const auto point = text.find('.'); point != text.npos) return parse_decimal(text, point);
    const auto whole = parse_digits(text);
    if (!whole) return not_a_number();
    return checked({*whole, 1});
}

}  // namespace weir
