// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <string>

#include <weir/rational.hpp>

using weir::parse_rational;
using weir::Rational;

TEST_SUITE("base/rational") {
    TEST_CASE("numbers, decimals and fractions are read exactly") {
        const struct {
            const char* text;
            std::int64_t numerator;
            std::int64_t denominator;
        } cases[] = {
            {"25", 25, 1},
            {"30000/1001", 30000, 1001},
            {"60/2", 60, 2},
            {"12.5", 12500, 1000},
            {"25.0", 25, 1},
            {"23.976", 24000, 1001},
            {"29.97", 30000, 1001},
            {"29.970", 30000, 1001},
            {"59.94", 60000, 1001},
            {"0.5", 500, 1000},
            {"119.88", 120000, 1001},
            {"14.985", 14985, 1000},
            {"1/3", 1, 3},
            {"2147483647", 2147483647, 1},
        };
        for (const auto& item : cases) {
            CAPTURE(item.text);
            const auto value = parse_rational(item.text);
            REQUIRE(value.has_value());
            CHECK(value->numerator == item.numerator);
            CHECK(value->denominator == item.denominator);
        }
    }

    TEST_CASE("what is no positive number or fraction is refused") {
        for (const char* text : {"",
                                 "0",
                                 "-25",
                                 "+25",
                                 "25fps",
                                 " 25",
                                 "25 ",
                                 "1/0",
                                 "0/1",
                                 "/",
                                 "30000/",
                                 "/1001",
                                 "1/2/3",
                                 "1.",
                                 ".5",
                                 "1.2.3",
                                 "0.0",
                                 "0.0004",
                                 "-1/-2",
                                 "1e3",
                                 "nan",
                                 "inf",
                                 "0x10",
                                 "2147483648",
                                 "99999999999999999999",
                                 "1/99999999999",
                                 "99999999.5",
                                 "1.-5",
                                 "30/1.5"}) {
            CAPTURE(text);
            const auto value = parse_rational(text);
            REQUIRE_FALSE(value.has_value());
            CHECK(value.error().code == weir::ErrorCode::invalid_argument);
            CHECK(value.error().message.find("30000/1001") != std::string::npos);
        }
    }

    TEST_CASE("what is written is read back") {
        for (const Rational value : {Rational{30, 1}, Rational{30000, 1001}, Rational{1, 3}}) {
            CHECK(*parse_rational(to_string(value)) == value);
        }
        CHECK(to_string(Rational{25, 1}) == "25");
        CHECK(to_string(Rational{30000, 1001}) == "30000/1001");
    }

    TEST_CASE("rationals are equal when their fractions are") {
        CHECK(Rational{60, 2} == Rational{30, 1});
        CHECK_FALSE(Rational{30000, 1001} == Rational{30, 1});
        CHECK(Rational{1, 4}.as_double() == doctest::Approx(0.25));
    }
}
