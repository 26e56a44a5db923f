// SPDX-License-Identifier: MIT
#include "origin/gate.hpp"

#include <doctest/doctest.h>

namespace weir::origin {
namespace {

using namespace std::chrono_literals;

const auto kNow = std::chrono::system_clock::time_point(1'795'337'488s);

net::HttpRequest request(const std::string& path, const std::string& token = "") {
    return {.method = "GET",
            .path = path,
            .query = token.empty() ? "" : "x=1&token=" + token,
            .fields = {},
            .peer = "192.0.2.7"};
}

TEST_SUITE("origin/gate") {
    TEST_CASE("without any wish everybody passes") {
        CHECK_FALSE(Gate({}).refuse(request("/news/cmaf/index.m3u8"), kNow));
    }

    TEST_CASE("a token is read back only with its key, whole") {
        const TokenClaims claims{.path = "/news", .expires = kNow, .address = "2001:db8::1"};
        const std::string token = make_token("secret", claims);
        CHECK(read_token("secret", token) == claims);
        CHECK_FALSE(read_token("other", token));
        CHECK(
            token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                    "-_.") == token.npos);
        for (std::size_t i = 0; i < token.size(); ++i) {
            std::string changed = token;
            changed[i] = changed[i] == 'A' ? 'B' : 'A';
            CHECK_FALSE(read_token("secret", changed));
            CHECK_FALSE(read_token("secret", token.substr(0, i)));
        }
        CHECK_FALSE(read_token("secret", std::string(5000, 'a')));
        CHECK_FALSE(read_token("secret", ""));
        CHECK_FALSE(read_token("secret", "."));
    }

    TEST_CASE("a token holds for its path, until it expires, and then for what has begun") {
        const Gate gate({.token_key = "secret", .token_grace = 1h});
        const auto status = [&](const net::HttpRequest& asked, auto now) {
            const auto refused = gate.refuse(asked, now);
            return refused ? refused->status : 200;
        };
        const std::string token = make_token("secret", {.path = "/news", .expires = kNow + 60s});
        CHECK(status(request("/news/cmaf/index.m3u8"), kNow) == 403);
        CHECK(status(request("/news/cmaf/index.m3u8", token), kNow) == 200);
        CHECK(status(request("/newsroom/cmaf/index.m3u8", token), kNow) == 403);
        CHECK(status(request("/sport/cmaf/index.m3u8", token), kNow) == 403);
        CHECK(status(request("/news/cmaf/index.m3u8", token), kNow + 61s) == 403);
        CHECK(status(request("/news/dash/manifest.mpd", token), kNow + 61s) == 403);
        CHECK(status(request("/news/cmaf/720p.m3u8", token), kNow + 61s) == 200);
        CHECK(status(request("/news/p/720p/1-a.m4s", token), kNow + 61s) == 200);
        CHECK(status(request("/news/p/720p/1-a.m4s", token), kNow + 3700s) == 403);
        auto preflight = request("/news/cmaf/index.m3u8");
        preflight.method = "OPTIONS";
        CHECK(status(preflight, kNow) == 200);
        const auto refused = gate.refuse(request("/news/cmaf/index.m3u8"), kNow);
        for (const auto& [name, value] : refused->fields) {
            if (name == "Cache-Control") CHECK(value == "no-store");
        }
    }

    TEST_CASE("a token may be one address's, and come as a cookie") {
        const Gate gate({.token_key = "secret"});
        const std::string token =
            make_token("secret", {.path = "/", .expires = kNow + 60s, .address = "192.0.2.7"});
        auto asked = request("/news/cmaf/index.m3u8");
        asked.fields = {{"Cookie", "a=b; token=" + token + "; c=d"}};
        CHECK_FALSE(gate.refuse(asked, kNow));
        asked.peer = "192.0.2.8";
        CHECK(gate.refuse(asked, kNow));
    }

    TEST_CASE("a CDN says its secret, and the host may say no") {
        const Gate gate({.cdn_field = "X-Origin-Secret", .cdn_secret = "s3cret"});
        auto asked = request("/news/p/720p/1-a.m4s");
        CHECK(gate.refuse(asked, kNow)->status == 403);
        asked.fields = {{"x-origin-secret", "s3cret"}};
        CHECK_FALSE(gate.refuse(asked, kNow));
        const Gate host({.authorize = std::make_shared<const AuthorizeViewer>(
                             [](const AccessRequest& one) { return one.peer == "192.0.2.7"; })});
        CHECK_FALSE(host.refuse(asked, kNow));
        asked.peer = "192.0.2.8";
        CHECK(host.refuse(asked, kNow));
    }

    TEST_CASE("no token is ever shown") {
        CHECK(without_tokens("a=1&token=abc&b=2") == "a=1&token=***&b=2");
        CHECK(without_tokens("token=abc") == "token=***");
        CHECK(without_tokens("") == "");
    }
}

}  // namespace
}  // namespace weir::origin
