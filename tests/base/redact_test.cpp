// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <string>

#include "base/redact.hpp"

using weir::base::redacted_url;
using weir::base::shown;

TEST_SUITE("base/redact") {
    TEST_CASE("a URL keeps what helps to find it and loses what may be secret") {
        const struct {
            const char* url;
            const char* expected;
        } cases[] = {
            {"rtmp://host/live/key", "rtmp://host/live/***"},
            {"rtmp://host:1935/live/key", "rtmp://host:1935/live/***"},
            {"rtmp://host/live/instance/key/", "rtmp://host/live/instance/***"},
            {"rtmp://[::1]:1935/live/key", "rtmp://[::1]:1935/live/***"},
            {"rtmp://me:pw@host/live/key", "rtmp://***@host/live/***"},
            {"rtmp://host/live/key?token=1", "rtmp://host/live/***?***"},
            {"rtmp://host/live/key#token", "rtmp://host/live/***#***"},
            {"rtmp://host/key", "rtmp://host/***"},
            {"rtmp://host", "rtmp://host"},
            {"rtmp://host/", "rtmp://host/"},
            {"key", "***"},
            {"host/live/key", "***"},
            {"", ""},
        };
        for (const auto& item : cases) CHECK(redacted_url(item.url) == item.expected);
    }

    TEST_CASE("a URL that cannot be taken apart for certain shows none of its parts") {
        for (const std::string url :
             {"rtmp://me:se/cret@host/live/x", "rtmp://me:se?cret@host/live/x",
              "rtmp://me:se#cret@host/live/x", "rtmp://me:secret/live/x",
              "secret rtmp://host/live/secret", "rtmp://a@secret:secret@host/live/x"}) {
            CAPTURE(url);
            const std::string text = redacted_url(url);
            CHECK(text.find("se") == std::string::npos);
            CHECK(text.find("cret") == std::string::npos);
        }
    }

    TEST_CASE("foreign text is shown short and without control characters") {
        CHECK(shown("news") == "news");
        CHECK(shown("a\nb\x1b[2J\xff") == "a?b?[2J?");
        CHECK(shown(std::string(500, 'x')).size() == 80);
        CHECK(shown(std::string(80, 'x')) == std::string(80, 'x'));
        CHECK(shown("rtmp://host/live/key") == "rtmp://host/live/***");
    }
}
