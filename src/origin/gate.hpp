// SPDX-License-Identifier: MIT
// Decides who is let in, by the origin's Access.
// Threads: thread-safe.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <weir/access.hpp>

#include "net/http_message.hpp"

namespace weir::origin {

class Gate {
public:
    explicit Gate(Access access) : access_(std::move(access)) {}

    // 401 or 403 with what is wrong; nothing when the request may pass.
    [[nodiscard]] std::optional<net::HttpResponse> refuse(
        const net::HttpRequest& request, std::chrono::system_clock::time_point now) const;

private:
    [[nodiscard]] std::string refuse_token(const net::HttpRequest& request,
                                           std::chrono::system_clock::time_point now) const;

    const Access access_;
};

// The claims, when the signature is good.
std::optional<TokenClaims> read_token(const std::string& key, std::string_view token);

// A query without what is in its tokens.
std::string without_tokens(std::string_view query);

}  // namespace weir::origin
