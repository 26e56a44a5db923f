// SPDX-License-Identifier: MIT
// Dates as HTTP writes them (RFC 9110 5.6.7): whole seconds, always GMT and English.
// Threads: pure functions.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace weir::net {

using HttpTime = std::chrono::sys_seconds;

// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string to_http_date(HttpTime time);

// Reads that form, the only one that clients have sent for decades; nothing for anything else.
std::optional<HttpTime> parse_http_date(std::string_view text);

}  // namespace weir::net
