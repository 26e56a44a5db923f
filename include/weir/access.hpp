// SPDX-License-Identifier: MIT
/// @file
/// Who may watch: signed tokens, a shared secret with a CDN, the host's own word, and a log.
/// Threads: values; the functions are thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <weir/export.hpp>

namespace weir {

/// What a token says. Whoever holds it may ask for what lies below the path until it expires.
struct TokenClaims {
    std::string path{};  ///< "/news": the channel's mount point; "/": everything
    std::chrono::system_clock::time_point expires{};
    std::string address{};  ///< the client's IP address; "": any

    friend bool operator==(const TokenClaims&, const TokenClaims&) = default;
};

/// A token for `?token=` or a cookie of that name: the claims and their HMAC-SHA256 with `key`, in
/// letters, digits, '-', '_' and '.' only.
WEIR_API std::string make_token(const std::string& key, const TokenClaims& claims);

/// A request as the host's own check sees it.
struct AccessRequest {
    std::string method{};
    std::string path{};   ///< decoded
    std::string query{};  ///< as sent, without '?'
    std::string peer{};   ///< the client's IP address
    std::string user_agent{};
    std::string authorization{};  ///< the Authorization field
};

/// Whether the request may be answered. Called on network threads: must not block.
using AuthorizeViewer = std::function<bool(const AccessRequest&)>;

/// One request that is over, for an access log.
struct AccessRecord {
    std::chrono::system_clock::time_point time{};  ///< when it began
    std::string peer{};
    std::string method{};
    std::string path{};
    std::string query{};  ///< tokens are shown as "***"
    std::string user_agent{};
    int status = 0;
    std::uint64_t bytes_sent = 0;
    std::chrono::nanoseconds duration{};
    bool abandoned = false;  ///< the client left before the end
};

/// Called on network threads: must not block.
using LogAccess = std::function<void(const AccessRecord&)>;

/// What an origin asks of those who come. Empty: everybody is served.
struct Access {
    /// The secret that tokens are signed with; "": no token is asked for.
    std::string token_key{};
    /// A token lets a player begin (multivariant playlists, MPDs) until it expires, and go on
    /// (media playlists, segments) for so long after that.
    std::chrono::milliseconds token_grace{std::chrono::hours(6)};
    /// A field that a CDN adds to its requests, and what it must say; "": none is asked for.
    std::string cdn_field{};
    std::string cdn_secret{};
    std::shared_ptr<const AuthorizeViewer> authorize{};  ///< asked in addition; not in JSON
    std::shared_ptr<const LogAccess> log{};              ///< not in JSON

    friend bool operator==(const Access&, const Access&) = default;
};

}  // namespace weir
