// SPDX-License-Identifier: MIT
#include "media/marked_text.hpp"

#include <doctest/doctest.h>

namespace weir::media {
namespace {

TEST_SUITE("media/marked_text") {
    TEST_CASE("each kind of URI gets its own query, where its mark is") {
        const MarkedText text{
            "x.m3u8\n\"init.mp4\"\n1.m4s\n",
            {{6, UriMark::Kind::playlist}, {16, UriMark::Kind::media}, {23, UriMark::Kind::media}}};
        CHECK(with_queries(text, {"a=1&b=2", "t=3"}) ==
              "x.m3u8?a=1&b=2\n\"init.mp4?t=3\"\n1.m4s?t=3\n");
        CHECK(with_queries(text, {"", "t=3"}) == "x.m3u8\n\"init.mp4?t=3\"\n1.m4s?t=3\n");
        CHECK(with_queries(text, {"a=1&b=2", ""}, "&amp;") ==
              "x.m3u8?a=1&amp;b=2\n\"init.mp4\"\n1.m4s\n");
        CHECK(with_queries(text, {}) == text.text);
    }
}

}  // namespace
}  // namespace weir::media
