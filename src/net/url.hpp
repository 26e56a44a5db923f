// SPDX-License-Identifier: MIT
// The target of a request line, decoded and made plain (RFC 9112 3.2, RFC 3986 6.2.2).
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir::net {

struct Target {
    std::string path;   // percent-decoded, begins with '/', without "." and ".." and empty parts;
                        // ends with '/' where the target's path did
    std::string query;  // as sent, without '?'

    friend bool operator==(const Target&, const Target&) = default;
};

// Reads "/path?query", or "http://host/path?query" as clients send it to a proxy. Nothing when it
// is malformed or could mean two things: a bad escape, a control byte or backslash however written,
// an escaped '/', and any part "..", which no honest client sends.
std::optional<Target> parse_target(std::string_view text);

// The bytes that `text` stands for; nothing at a bad escape ("%zz", "%4").
std::optional<std::string> percent_decode(std::string_view text);

}  // namespace weir::net
