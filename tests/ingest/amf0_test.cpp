// SPDX-License-Identifier: MIT
#include "ingest/amf0.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "ingest/rtmp_bytes.hpp"

using namespace weir;
using ingest::Amf0Object;
using ingest::Amf0Reader;
using ingest::Amf0Value;
using test::bytes;
using test::Octets;

namespace {

// A value that lies in so many objects.
Octets nested(int depth) {
    Octets result;
    for (int i = 0; i < depth; ++i) test::append(result, bytes({3, 0, 1, 'a'}));
    test::append(result, bytes({5}));
    for (int i = 0; i < depth; ++i) test::append(result, bytes({0, 0, 9}));
    return result;
}

Octets strict_array(std::uint32_t claimed, int values) {
    Octets result = bytes({10});
    test::append_number(result, claimed, 4);
    for (int i = 0; i < values; ++i) result.push_back(std::byte{5});
    return result;
}

}  // namespace

TEST_SUITE("ingest/amf0") {
    TEST_CASE("every kind of value is read") {
        struct Row {
            const char* name;
            Octets input;
            Amf0Value value;
        };
        const std::vector<Row> rows{
            {"number", bytes({0, 0x40, 0x08, 0, 0, 0, 0, 0, 0}), 3.0},
            {"negative number", bytes({0, 0xBF, 0xF8, 0, 0, 0, 0, 0, 0}), -1.5},
            {"true", bytes({1, 1}), true},
            {"false", bytes({1, 0}), false},
            {"string", bytes({2, 0, 4, 'l', 'i', 'v', 'e'}), "live"},
            {"empty string", bytes({2, 0, 0}), ""},
            {"null", bytes({5}), {}},
            {"undefined", bytes({6}), {}},
            {"unsupported", bytes({13}), {}},
            {"reference", bytes({7, 0, 1}), {}},
            {"date", bytes({11, 0x40, 0x08, 0, 0, 0, 0, 0, 0, 0, 0}), 3.0},
            {"long string", bytes({12, 0, 0, 0, 2, 'h', 'i'}), "hi"},
            {"XML", bytes({15, 0, 0, 0, 2, '<', '>'}), "<>"},
            {"object", bytes({3, 0, 1, 'a', 1, 1, 0, 1, 'b', 2, 0, 1, 'x', 0, 0, 9}),
             Amf0Object{{"a", true}, {"b", "x"}}},
            {"empty object", bytes({3, 0, 0, 9}), Amf0Object{}},
            {"member without a name", bytes({3, 0, 0, 1, 1, 0, 0, 9}), Amf0Object{{"", true}}},
            {"ECMA array", bytes({8, 0, 0, 0, 1, 0, 1, 'a', 5, 0, 0, 9}), Amf0Object{{"a", {}}}},
            {"ECMA array that lies about its size",
             bytes({8, 0xFF, 0xFF, 0xFF, 0xFF, 0, 1, 'a', 5, 0, 0, 9}), Amf0Object{{"a", {}}}},
            {"typed object", bytes({16, 0, 1, 'T', 0, 1, 'a', 5, 0, 0, 9}), Amf0Object{{"a", {}}}},
            {"strict array", bytes({10, 0, 0, 0, 2, 1, 1, 5}), Amf0Object{{"", true}, {"", {}}}},
        };
        for (const auto& row : rows) {
            CAPTURE(row.name);
            const auto values = ingest::read_amf0(row.input);
            REQUIRE(values);
            REQUIRE(values->size() == 1);
            CHECK(values->front() == row.value);
            for (std::size_t size = 1; size < row.input.size(); ++size) {
                CAPTURE(size);
                CHECK_FALSE(ingest::read_amf0(std::span(row.input).first(size)));
            }
        }
    }

    TEST_CASE("what is no AMF0, or too much of it, is refused") {
        struct Row {
            const char* name;
            Octets input;
            const char* text;
        };
        const std::vector<Row> rows{
            {"movie clip", bytes({4}), "unknown type"},
            {"record set", bytes({14}), "unknown type"},
            {"AMF3 follows", bytes({17, 1}), "unknown type"},
            {"end of no object", bytes({9}), "unknown type"},
            {"string longer than the message", bytes({2, 0xFF, 0xFF, 'a'}), "cut off"},
            {"long string longer than the message", bytes({12, 0xFF, 0xFF, 0xFF, 0xFF, 'a'}),
             "cut off"},
            {"name longer than the message", bytes({3, 0xFF, 0xFF, 'a'}), "cut off"},
            {"object without an end", bytes({3, 0, 1, 'a', 5}), "cut off"},
            {"nested too deeply", nested(Amf0Reader::kMostDepth + 1), "deep"},
            {"nested without an end", Octets(60'000, std::byte{3}), "deep"},
            {"array that claims four billion", strict_array(0xFFFFFFFF, 10), "cut off"},
            {"array that has too many", strict_array(0xFFFFFFFF, 60'000), "too many"},
        };
        for (const auto& row : rows) {
            CAPTURE(row.name);
            const auto values = ingest::read_amf0(row.input);
            REQUIRE_FALSE(values);
            CHECK(values.error().code == ErrorCode::corrupt);
            CHECK(values.error().message.find(row.text) != std::string::npos);
        }
    }

    TEST_CASE("the deepest and the largest that is allowed is read") {
        CHECK(ingest::read_amf0(nested(Amf0Reader::kMostDepth)));
        CHECK(ingest::read_amf0(
            strict_array(Amf0Reader::kMostValues - 1, Amf0Reader::kMostValues - 1)));
        CHECK_FALSE(
            ingest::read_amf0(strict_array(Amf0Reader::kMostValues, Amf0Reader::kMostValues)));
    }

    TEST_CASE("what is written is exact, and is read back") {
        const auto written = ingest::write_amf0(
            {"onStatus", 0.0, {}, Amf0Object{{"level", "status"}, {"ok", true}}});
        CHECK(written ==
              bytes({2,   0,   8,   'o', 'n', 'S', 't', 'a', 't', 'u', 's', 0,   0,   0, 0, 0,
                     0,   0,   0,   0,   5,   3,   0,   5,   'l', 'e', 'v', 'e', 'l', 2, 0, 6,
                     's', 't', 'a', 't', 'u', 's', 0,   2,   'o', 'k', 1,   1,   0,   0, 9}));
        const auto values = ingest::read_amf0(written);
        REQUIRE(values);
        REQUIRE(values->size() == 4);
        CHECK(*(*values)[3].member("level")->text() == "status");
        CHECK((*values)[3].member("none") == nullptr);
        CHECK((*values)[0].member("none") == nullptr);
        const Amf0Value text(std::string(70'000, 'x'));
        CHECK(ingest::read_amf0(ingest::write_amf0({text}))->front() == text);
    }
}
