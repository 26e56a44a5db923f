// SPDX-License-Identifier: MIT
#include "net/http_semantics.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

using namespace weir;
using namespace weir::net;

namespace {

constexpr const char* kDate = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr const char* kEarlier = "Sun, 06 Nov 1994 08:49:36 GMT";

Entity segment() {
    return {.content_type = "video/mp2t",
            .cache_control = "max-age=31536000, immutable",
            .etag = "\"s1\"",
            .last_modified = parse_http_date(kDate),
            .body = Bytes::from_string("0123456789")};
}

Entity playlist() {
    return {.content_type = "application/vnd.apple.mpegurl",
            .cache_control = "max-age=1",
            .etag = "\"p1\"",
            .body = Bytes::from_string("#EXTM3U\n#EXT-X-VERSION:6\n"),
            .compress = true};
}

HttpResponse get(const Entity& entity, HttpFields fields, std::string method = "GET") {
    return answer({.method = std::move(method), .path = "/", .fields = std::move(fields)}, entity);
}

std::string field(const HttpResponse& response, std::string_view name) {
    return HttpRequest{.fields = response.fields}.list_field(name);
}

std::string text(const HttpResponse& response) {
    return response.body.read().value();
}

std::string gunzip(const std::string& packed) {
    std::string plain(10'000, '\0');
    z_stream stream{};
    REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
    std::string copy = packed;
    stream.next_in = reinterpret_cast<Bytef*>(copy.data());
    stream.avail_in = static_cast<uInt>(copy.size());
    stream.next_out = reinterpret_cast<Bytef*>(plain.data());
    stream.avail_out = static_cast<uInt>(plain.size());
    CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
    plain.resize(stream.total_out);
    inflateEnd(&stream);
    return plain;
}

}  // namespace

TEST_SUITE("net/http_semantics") {
    TEST_CASE("GET and HEAD give the entity with all that describes it") {
        for (const char* method : {"GET", "HEAD"}) {
            const HttpResponse response = get(segment(), {}, method);
            CHECK(response.status == 200);
            CHECK(text(response) == "0123456789");  // the server leaves it out for HEAD
            CHECK(field(response, "content-type") == "video/mp2t");
            CHECK(field(response, "cache-control") == "max-age=31536000, immutable");
            CHECK(field(response, "etag") == "\"s1\"");
            CHECK(field(response, "last-modified") == kDate);
            CHECK(field(response, "accept-ranges") == "bytes");
            CHECK(field(response, "access-control-allow-origin") == "*");
            CHECK(field(response, "vary").empty());
        }
    }

    TEST_CASE("other methods get 405 with what is allowed") {
        for (const char* method : {"POST", "PUT", "DELETE", "TRACE", "PATCH", "get", "BREW"}) {
            const HttpResponse response = get(segment(), {}, method);
            CHECK(response.status == 405);
            CHECK(field(response, "allow") == "GET, HEAD, OPTIONS");
            CHECK(field(response, "access-control-allow-origin") == "*");
        }
    }

    TEST_CASE("a preflight is allowed what it asks for") {
        const HttpResponse plain = get(segment(), {}, "OPTIONS");
        CHECK(plain.status == 204);
        CHECK(plain.body.size() == 0);
        CHECK(field(plain, "access-control-allow-headers") == "*");
        CHECK(field(plain, "access-control-allow-methods") == "GET, HEAD, OPTIONS");
        CHECK(field(plain, "access-control-max-age") == "86400");
        CHECK(field(plain, "allow") == "GET, HEAD, OPTIONS");
        const HttpResponse asked =
            get(segment(), {{"Access-Control-Request-Headers", "authorization, range"}}, "OPTIONS");
        CHECK(field(asked, "access-control-allow-headers") == "authorization, range");
    }

    TEST_CASE("an error can be read across origins and is forgotten after a second") {
        const HttpResponse response = error_response(404, "there is nothing here");
        CHECK(response.status == 404);
        CHECK(text(response) == "there is nothing here\n");
        CHECK(field(response, "content-type") == "text/plain; charset=utf-8");
        CHECK(field(response, "cache-control") == "max-age=1");
        CHECK(field(response, "access-control-allow-origin") == "*");
        CHECK(field(response, "access-control-expose-headers").find("Date") != std::string::npos);
    }

    TEST_CASE("a client that has the entity already gets 304") {
        const struct {
            HttpFields fields;
            int status;
        } table[] = {
            {{{"If-None-Match", "\"s1\""}}, 304},
            {{{"If-None-Match", "W/\"s1\""}}, 304},
            {{{"If-None-Match", "*"}}, 304},
            {{{"If-None-Match", "\"a,b\", W/\"c\" , \"s1\""}}, 304},
            {{{"If-None-Match", "\"a\""}, {"if-none-match", "\"s1\""}}, 304},
            {{{"If-None-Match", "\"s2\""}}, 200},
            {{{"If-None-Match", "s1"}}, 200},
            {{{"If-None-Match", "\"s1"}}, 200},
            {{{"If-None-Match", "\"x\"s1\""}}, 200},
            {{{"If-Modified-Since", kDate}}, 304},
            {{{"If-Modified-Since", kEarlier}}, 200},
            {{{"If-Modified-Since", "yesterday"}}, 200},
            {{{"If-None-Match", "\"s2\""}, {"If-Modified-Since", kDate}}, 200},
            {{{"If-Match", "\"s1\""}}, 200},
            {{{"If-Match", "*"}}, 200},
            {{{"If-Match", "W/\"s1\""}}, 412},
            {{{"If-Match", "\"s2\""}}, 412},
            {{{"If-Unmodified-Since", kDate}}, 200},
            {{{"If-Unmodified-Since", kEarlier}}, 412},
        };
        for (const auto& [fields, status] : table) {
            const std::string& value = fields[0].second;
            CAPTURE(value);
            const HttpResponse response = get(segment(), fields);
            CHECK(response.status == status);
            if (status != 304) continue;
            CHECK(response.body.size() == 0);
            CHECK(field(response, "etag") == "\"s1\"");
            CHECK(field(response, "cache-control") == "max-age=31536000, immutable");
            CHECK(field(response, "access-control-allow-origin") == "*");
        }
    }

    TEST_CASE("a range gives the bytes it names") {
        const struct {
            const char* range;
            int status;
            const char* body;
            const char* content_range;
        } table[] = {
            {"bytes=0-3", 206, "0123", "bytes 0-3/10"},
            {"bytes=4-", 206, "456789", "bytes 4-9/10"},
            {"bytes=-3", 206, "789", "bytes 7-9/10"},
            {"bytes=-30", 206, "0123456789", "bytes 0-9/10"},
            {"bytes=8-99999999999999999999999", 206, "89", "bytes 8-9/10"},
            {"BYTES = 0 - 0 ", 206, "0", "bytes 0-0/10"},
            {"bytes=9-9", 206, "9", "bytes 9-9/10"},
            {"bytes=10-", 416, "", "bytes */10"},
            {"bytes=18446744073709551616-", 416, "", "bytes */10"},
            {"bytes=-0", 416, "", "bytes */10"},
            {"bytes=0-1,4-5", 200, "0123456789", ""},
            {"bytes=0-1,", 200, "0123456789", ""},
            {"bytes=5-4", 200, "0123456789", ""},
            {"bytes=-", 200, "0123456789", ""},
            {"bytes=a-", 200, "0123456789", ""},
            {"bytes=0-b", 200, "0123456789", ""},
            {"bytes=--1", 200, "0123456789", ""},
            {"bytes=+1-2", 200, "0123456789", ""},
            {"bytes=5", 200, "0123456789", ""},
            {"bytes=", 200, "0123456789", ""},
            {"bytes", 200, "0123456789", ""},
            {"lines=1-2", 200, "0123456789", ""},
        };
        for (const auto& [range, status, body, content_range] : table) {
            const std::string& asked = range;
            CAPTURE(asked);
            const HttpResponse response = get(segment(), {{"Range", range}});
            CHECK(response.status == status);
            if (status != 416) CHECK(text(response) == body);
            CHECK(field(response, "content-range") == content_range);
            CHECK(field(response, "access-control-allow-origin") == "*");
        }
    }

    TEST_CASE("a range counts for GET only, and only of what If-Range names") {
        CHECK(get(segment(), {{"Range", "bytes=0-3"}}, "HEAD").status == 200);
        const auto with = [](const char* if_range) {
            return get(segment(), {{"Range", "bytes=0-3"}, {"If-Range", if_range}}).status;
        };
        CHECK(with("\"s1\"") == 206);
        CHECK(with("W/\"s1\"") == 200);
        CHECK(with("\"s2\"") == 200);
        CHECK(with("*") == 200);
        CHECK(with(kDate) == 206);
        CHECK(with(kEarlier) == 200);
        CHECK(get(segment(), {{"Range", "bytes=0-3"}, {"If-None-Match", "\"s1\""}}).status == 304);
    }

    TEST_CASE("an empty entity has no ranges") {
        Entity empty = segment();
        empty.body = {};
        CHECK(get(empty, {}).status == 200);
        CHECK(get(empty, {{"Range", "bytes=0-"}}).status == 416);
        CHECK(get(empty, {{"Range", "bytes=-1"}}).status == 416);
    }

    TEST_CASE("a playlist is compressed for who takes gzip") {
        const HttpResponse plain = get(playlist(), {});
        CHECK(field(plain, "vary") == "Accept-Encoding");
        CHECK(field(plain, "content-encoding").empty());
        CHECK(field(plain, "etag") == "\"p1\"");

        const HttpResponse packed = get(playlist(), {{"Accept-Encoding", "gzip, deflate, br"}});
        CHECK(packed.status == 200);
        CHECK(gunzip(text(packed)) == text(plain));
        CHECK(field(packed, "content-encoding") == "gzip");
        CHECK(field(packed, "vary") == "Accept-Encoding");
        CHECK(field(packed, "accept-ranges").empty());
        CHECK(field(packed, "etag") == "\"p1-gzip\"");

        SUBCASE("with a form that was kept, when there is one") {
            Entity kept = playlist();
            kept.gzipped = Bytes::from_string("kept");
            CHECK(text(get(kept, {{"Accept-Encoding", "gzip"}})) == "kept");
        }
        SUBCASE("and each form has its own conditions") {
            const HttpFields both = {{"Accept-Encoding", "gzip"}, {"If-None-Match", "\"p1-gzip\""}};
            const HttpResponse same = get(playlist(), both);
            CHECK(same.status == 304);
            CHECK(field(same, "vary") == "Accept-Encoding");
            CHECK(field(same, "etag") == "\"p1-gzip\"");
            CHECK(get(playlist(), {{"If-None-Match", "\"p1-gzip\""}}).status == 200);
        }
        SUBCASE("and in no ranges") {
            const HttpResponse whole =
                get(playlist(), {{"Accept-Encoding", "gzip"}, {"Range", "bytes=0-3"}});
            CHECK(whole.status == 200);
            CHECK(text(whole) == text(packed));
            CHECK(get(playlist(), {{"Range", "bytes=0-3"}}).status == 206);
        }
    }

    TEST_CASE("a segment is never compressed") {
        const HttpResponse response = get(segment(), {{"Accept-Encoding", "gzip"}});
        CHECK(field(response, "content-encoding").empty());
        CHECK(text(response) == "0123456789");
    }

    TEST_CASE("Accept-Encoding is read with its weights") {
        for (const char* taken :
             {"gzip", "GZIP", "x-gzip", "deflate, gzip;q=0.5", "*", "br, *;q=0.1", "gzip;q=1.000",
              "gzip ; q=0.001", "identity;q=0.5, gzip"}) {
            CAPTURE(taken);
            CHECK(accepts_gzip(taken));
        }
        for (const char* refused : {"", "identity", "br", "gzip;q=0", "gzip;q=0.000", "gzip; Q=0",
                                    "*;q=0", "*, gzip;q=0", "gzip;q=0.5, identity", "gzippy"}) {
            CAPTURE(refused);
            CHECK_FALSE(accepts_gzip(refused));
        }
    }

    TEST_CASE("dates are read as they are written") {
        CHECK(to_http_date(*parse_http_date(kDate)) == kDate);
        CHECK(parse_http_date(kDate)->time_since_epoch().count() == 784111777);
        CHECK(to_http_date(HttpTime{}) == "Thu, 01 Jan 1970 00:00:00 GMT");
        for (const char* bad :
             {"", "Sun, 06 Nov 1994 08:49:37", "Sun, 31 Feb 1994 08:49:37 GMT",
              "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
              "Sun, -6 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"}) {
            CAPTURE(bad);
            CHECK_FALSE(parse_http_date(bad));
        }
    }
}
