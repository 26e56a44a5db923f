// SPDX-License-Identifier: MIT
#include "net/url.hpp"

#include <doctest/doctest.h>

using weir::net::parse_target;
using weir::net::percent_decode;
using weir::net::Target;

TEST_SUITE("net/url") {
    TEST_CASE("a target is split at its question mark, and only the path is decoded") {
        CHECK(parse_target("/news/hls/index.m3u8") == Target{"/news/hls/index.m3u8", ""});
        CHECK(parse_target("/a?b=%20&c=/..") == Target{"/a", "b=%20&c=/.."});
        CHECK(parse_target("/a%20b/%C3%A9?") == Target{"/a b/\xC3\xA9", ""});
        CHECK(parse_target("/a?b?c") == Target{"/a", "b?c"});
        CHECK(parse_target("/") == Target{"/", ""});
    }

    TEST_CASE("a path loses its empty and its \".\" parts, and keeps its last slash") {
        CHECK(parse_target("//a///b")->path == "/a/b");
        CHECK(parse_target("/./a/./b")->path == "/a/b");
        CHECK(parse_target("/a/%2e/b")->path == "/a/b");
        CHECK(parse_target("/a/")->path == "/a/");
        CHECK(parse_target("/a//")->path == "/a/");
        CHECK(parse_target("/a/.")->path == "/a/");
        CHECK(parse_target("/.")->path == "/");
        CHECK(parse_target("/.../..a/a..")->path == "/.../..a/a..");
    }

    TEST_CASE("a target in absolute form means its path") {
        CHECK(parse_target("http://weir.example:8080/a/b?c") == Target{"/a/b", "c"});
        CHECK(parse_target("HTTPS://weir.example") == Target{"/", ""});
        CHECK(parse_target("http://weir.example?c") == Target{"/", "c"});
    }

    TEST_CASE("a target that is malformed or could mean two things is refused") {
        for (const char* target : {"",
                                   "a",
                                   "*",
                                   "?a",
                                   "weir.example:80",
                                   "ftp://weir/a",
                                   "http:///a",
                                   "http://me@weir/a",
                                   "/..",
                                   "/../a",
                                   "/a/../b",
                                   "/a/..",
                                   "/%2e%2e/a",
                                   "/.%2E/a",
                                   "/a/%2e./b",
                                   "/..%2fa",
                                   "/a%2fb",
                                   "/a%2Fb",
                                   "/a\\b",
                                   "/..\\a",
                                   "/a%5cb",
                                   "/a%5Cb",
                                   "/%",
                                   "/%4",
                                   "/%zz",
                                   "/%4g",
                                   "/a%",
                                   "/%00",
                                   "/a%00.ts",
                                   "/%0a",
                                   "/%1f",
                                   "/%7f",
                                   "/a b",
                                   "/a#b",
                                   "/a\tb",
                                   "/a\x01",
                                   "/a\x7f",
                                   "/\xC3\xA9",
                                   "/a?b c",
                                   "/a?\x01"}) {
            CAPTURE(target);
            CHECK_FALSE(parse_target(target));
        }
    }

    TEST_CASE("percent-decoding gives every byte, once") {
        CHECK(percent_decode("a%41%2525+") == "aA%25+");
        CHECK(percent_decode("%ff%00") == std::string("\xff\0", 2));
        CHECK(percent_decode("").value().empty());
        CHECK_FALSE(percent_decode("%"));
        CHECK_FALSE(percent_decode("%a"));
        CHECK_FALSE(percent_decode("%-1"));
    }
}
