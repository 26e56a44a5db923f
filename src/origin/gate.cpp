// SPDX-License-Identifier: MIT
#include "origin/gate.hpp"

#include <glib.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <span>
#include <vector>

#include "net/http_semantics.hpp"

namespace weir {
namespace {

constexpr std::size_t kLongestToken = 1024;

using Digest = std::array<unsigned char, 32>;

Digest sign(const std::string& key, std::string_view text) {
    Digest digest{};
    unsigned int size = digest.size();
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
    return digest;
}

// RFC 4648 5, without padding.
std::string to_base64url(std::span<const unsigned char> bytes) {
    const std::unique_ptr<gchar, decltype(&g_free)> text(
        g_base64_encode(bytes.data(), bytes.size()), &g_free);
    std::string result(text.get());
    std::ranges::replace(result, '+', '-');
    std::ranges::replace(result, '/', '_');
    result.erase(std::min(result.find('='), result.size()));
    return result;
}

std::optional<std::string> from_base64url(std::string_view text) {
    std::string plain(text);
    if (plain.find_first_of("+/=") != plain.npos) return std::nullopt;
    std::ranges::replace(plain, '-', '+');
    std::ranges::replace(plain, '_', '/');
    while (plain.size() % 4 != 0) plain += '=';
    gsize size = 0;
    const std::unique_ptr<guchar, decltype(&g_free)> bytes(g_base64_decode(plain.c_str(), &size),
                                                           &g_free);
    std::string result(reinterpret_cast<const char*>(bytes.get()), size);
    const auto again = to_base64url(
        std::span(reinterpret_cast<const unsigned char*>(result.data()), result.size()));
    return again == text ? std::optional(result) : std::nullopt;
}

}  // namespace

std::string make_token(const std::string& key, const TokenClaims& claims) {
    const auto expires = std::chrono::floor<std::chrono::seconds>(claims.expires);
    const std::string text = std::to_string(expires.time_since_epoch().count()) + '\n' +
                             claims.address + '\n' + claims.path;
    const Digest digest = sign(key, text);
    return to_base64url(
               std::span(reinterpret_cast<const unsigned char*>(text.data()), text.size())) +
           '.' + to_base64url(digest);
}

namespace origin {

std::optional<TokenClaims> read_token(const std::string& key, std::string_view token) {
    if (token.size() > kLongestToken) return std::nullopt;
    const std::size_t point = token.find('.');
    if (point == token.npos) return std::nullopt;
    const auto text = from_base64url(token.substr(0, point));
    const auto signature = from_base64url(token.substr(point + 1));
    if (!text || !signature) return std::nullopt;
    const Digest digest = sign(key, *text);
    // In a time that says nothing about where they differ.
    if (signature->size() != digest.size() ||
        CRYPTO_memcmp(signature->data(), digest.data(), digest.size()) != 0) {
        return std::nullopt;
    }
    const std::size_t first = text->find('\n');
    const std::size_t second = text->find('\n', first + 1);
    if (first == text->npos || second == text->npos) return std::nullopt;
    std::int64_t expires = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + first, expires);
    if (error != std::errc() || end != text->data() + first) return std::nullopt;
    return TokenClaims{
        .path = text->substr(second + 1),
        .expires = std::chrono::system_clock::time_point(std::chrono::seconds(expires)),
        .address = text->substr(first + 1, second - first - 1)};
}

namespace {

std::string_view query_value(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view item = query.substr(0, end);
        if (item.size() > name.size() && item.starts_with(name) && item[name.size()] == '=') {
            return item.substr(name.size() + 1);
        }
        query.remove_prefix(std::min(end + 1, query.size()));
    }
    return {};
}

// RFC 6265 5.4: "a=1; token=2".
std::string cookie_value(const std::string& cookies, std::string_view name) {
    std::string_view rest = cookies;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find_first_of(";,"), rest.size());
        std::string_view item = rest.substr(0, end);
        while (item.starts_with(' ')) item.remove_prefix(1);
        if (item.size() > name.size() && item.starts_with(name) && item[name.size()] == '=') {
            return std::string(item.substr(name.size() + 1));
        }
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return {};
}

bool lies_below(std::string_view path, std::string_view folder) {
    while (folder.ends_with('/')) folder.remove_suffix(1);
    return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

// What a player asks for first.
bool begins_playing(std::string_view path) {
    return path.ends_with("/index.m3u8") || path.ends_with(".mpd");
}

bool same_secret(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

std::optional<net::HttpResponse> Gate::refuse(const net::HttpRequest& request,
                                              std::chrono::system_clock::time_point now) const {
    if (request.method == "OPTIONS") return std::nullopt;  // a preflight has no credentials
    const auto refusal = [](int status, std::string_view text) {
        auto response = net::error_response(status, text);
        for (auto& [name, value] : response.fields) {
            if (name == "Cache-Control") value = "no-store";
        }
        return response;
    };
    if (!access_.cdn_field.empty() &&
        !same_secret(request.field(access_.cdn_field), access_.cdn_secret)) {
        return refusal(403, "only by way of the CDN");
    }
    if (!access_.token_key.empty()) {
        const std::string why = refuse_token(request, now);
        if (!why.empty()) return refusal(403, why);
    }
    if (access_.authorize && *access_.authorize &&
        !(*access_.authorize)({.method = request.method,
                               .path = request.path,
                               .query = request.query,
                               .peer = request.peer,
                               .user_agent = std::string(request.field("User-Agent")),
                               .authorization = std::string(request.field("Authorization"))})) {
        return refusal(403, "not for you");
    }
    return std::nullopt;
}

std::string Gate::refuse_token(const net::HttpRequest& request,
                               std::chrono::system_clock::time_point now) const {
    std::string token(query_value(request.query, "token"));
    if (token.empty()) token = cookie_value(request.list_field("Cookie"), "token");
    if (token.empty()) return "a token is needed";
    const auto claims = read_token(access_.token_key, token);
    if (!claims) return "the token is not good";
    if (!lies_below(request.path, claims->path)) return "the token is for another path";
    if (!claims->address.empty() && claims->address != request.peer) {
        return "the token is for another address";
    }
    const auto grace =
        begins_playing(request.path) ? std::chrono::milliseconds(0) : access_.token_grace;
    if (now >= claims->expires + grace) return "the token has expired";
    return {};
}

std::string without_tokens(std::string_view query) {
    std::string shown;
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view item = query.substr(0, end);
        if (!shown.empty()) shown += '&';
        if (item.starts_with("token=")) {
            shown += "token=***";
        } else {
            shown += item;
        }
        query.remove_prefix(std::min(end + 1, query.size()));
    }
    return shown;
}

}  // namespace origin
}  // namespace weir
