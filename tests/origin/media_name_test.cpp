// SPDX-License-Identifier: MIT
#include "origin/media_name.hpp"

#include <doctest/doctest.h>

namespace weir::origin {
namespace {

using Kind = MediaName::Kind;

TEST_SUITE("origin/media_name") {
    TEST_CASE("each kind of file has its own form") {
        CHECK(parse_media_name("897666666-3f9a.ts") ==
              MediaName{.kind = Kind::ts, .number = 897'666'666, .run = "3f9a"});
        CHECK(parse_media_name("7-a.m4s") ==
              MediaName{.kind = Kind::cmaf, .number = 7, .run = "a"});
        CHECK(parse_media_name("7-a.12.m4s") ==
              MediaName{.kind = Kind::part, .number = 7, .run = "a", .index = 12});
        CHECK(parse_media_name("init-0123abcd.mp4") ==
              MediaName{.kind = Kind::init, .run = "0123abcd"});
    }

    TEST_CASE("nothing else is a media file") {
        for (const char* name : {"",
                                 ".ts",
                                 "-a.ts",
                                 "7-.ts",
                                 "7a.ts",
                                 "07-a.ts",
                                 "-7-a.ts",
                                 "+7-a.ts",
                                 "7-a",
                                 "7-a.mp4",
                                 "7-a.1.ts",
                                 "7-a.-1.m4s",
                                 "7-a.01.m4s",
                                 "7-a..m4s",
                                 "7-a.1.2.m4s",
                                 "7-a-b.ts",
                                 "init-.mp4",
                                 "init.mp4",
                                 "init-a.b.mp4",
                                 "99999999999999999999-a.ts",
                                 "7-a.m4s.ts/",
                                 "7-a b.ts",
                                 "a-7.m4s"}) {
            CAPTURE(name);
            CHECK_FALSE(parse_media_name(name));
        }
    }
}

}  // namespace
}  // namespace weir::origin
