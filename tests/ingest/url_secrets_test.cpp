// SPDX-License-Identifier: MIT
#include "ingest/url_secrets.hpp"

#include <doctest/doctest.h>

#include <string>

using weir::ingest::without_secrets;

TEST_SUITE("ingest/url_secrets") {
    TEST_CASE("whatever is said of a URL, no secret part of it is told") {
        struct Row {
            const char* url;
            const char* text;
            const char* expected;
        };
        for (const Row& row : {
                 Row{"rtmp://host/live/streamkey", "gone", "rtmp://host/live/***: gone"},
                 Row{"rtmp://host/live/streamkey", "no rtmp://host/live/streamkey here",
                     "no rtmp://host/live/*** here"},
                 Row{"rtmp://host/live/streamkey", "xstreamkeyx and streamkey",
                     "rtmp://host/live/***: x***x and ***"},
                 Row{"rtmp://host/live/streamkey/", "streamkey", "rtmp://host/live/***: ***"},
                 Row{"rtmp://host/live/key", "a key, no monkey",
                     "rtmp://host/live/***: a ***, no monkey"},
                 Row{"rtmp://host/live/streamkey?token=t0ken", "streamkey, token=t0ken",
                     "rtmp://host/live/***?***: ***, ***"},
                 Row{"rtmp://host/live/str%65amkey", "streamkey, str%65amkey",
                     "rtmp://host/live/***: ***, ***"},
                 Row{"rtmp://joe:passw0rd@host:1935/live/streamkey", "joe:passw0rd and passw0rd",
                     "rtmp://***@host:1935/live/***: *** and ***"},
                 Row{"rtmp://josephine@host/live/streamkey", "josephine may not",
                     "rtmp://***@host/live/***: *** may not"},
                 Row{"rtmp://host", "refused", "rtmp://host: refused"},
                 Row{"rtmp://host/", "refused", "rtmp://host/: refused"},
             }) {
            CHECK(without_secrets(row.text, row.url) == row.expected);
        }
    }
}
