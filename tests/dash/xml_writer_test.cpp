// SPDX-License-Identifier: MIT
#include "dash/xml_writer.hpp"

#include <cstdint>
#include <limits>
#include <string>

#include <doctest/doctest.h>
#include <pugixml.hpp>

#include "dash/time_text.hpp"

namespace weir::dash {
namespace {

using media::MediaTime;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

TEST_SUITE("dash/xml_writer") {
    TEST_CASE("elements and attributes, word for word") {
        XmlWriter xml;
        xml.open("A");
        xml.attribute("b", "c");
        xml.attribute("n", std::numeric_limits<std::int64_t>::min());
        xml.open("D");
        xml.close();
        xml.open("E");
        xml.open("F");
        xml.close();
        xml.close();
        xml.close();
        CHECK(std::move(xml).take().text ==
              "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
              "<A b=\"c\" n=\"-9223372036854775808\">\n"
              "  <D/>\n"
              "  <E>\n"
              "    <F/>\n"
              "  </E>\n"
              "</A>\n");
    }

    TEST_CASE("a reader gets any text back, without what XML cannot say") {
        const std::string all = "&<>\"'\t\n\r a\xc3\xa9\x01\x1f$";
        XmlWriter xml;
        xml.open("A");
        xml.attribute("b", all);
        xml.close();
        const std::string text = std::move(xml).take().text;
        pugi::xml_document document;
        REQUIRE(document.load_string(text.c_str()));
        CHECK(std::string(document.child("A").attribute("b").value()) == "&<>\"'\t\n\r a\xc3\xa9$");
    }

    TEST_CASE("a mark lies behind a URI, also one that had to be escaped") {
        XmlWriter xml;
        xml.open("A");
        xml.uri("u", "a&b");
        xml.uri("v", "c");
        xml.close();
        const media::MarkedText text = std::move(xml).take();
        const media::UriQueries queries{.playlist = "no", .media = "x=1&y=2"};
        CHECK(with_queries(text, queries, "&amp;") ==
              "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
              "<A u=\"a&amp;b?x=1&amp;y=2\" v=\"c?x=1&amp;y=2\"/>\n");
    }
}

TEST_SUITE("dash/time_text") {
    TEST_CASE("durations have as many places as they need") {
        CHECK(duration_text(seconds(0)) == "PT0S");
        CHECK(duration_text(seconds(1795334400)) == "PT1795334400S");
        CHECK(duration_text(milliseconds(1666)) == "PT1.666S");
        CHECK(duration_text(nanoseconds(10)) == "PT0.00000001S");
        CHECK(seconds_text(milliseconds(500)) == "0.5");
    }

    TEST_CASE("instants are in UTC") {
        CHECK(utc_text(MediaTime::zero()) == "1970-01-01T00:00:00.000Z");
        CHECK(utc_text(seconds(1795334400) + nanoseconds(1'999'999)) == "2026-11-22T08:00:00.001Z");
    }
}

}  // namespace
}  // namespace weir::dash
