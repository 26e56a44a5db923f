// SPDX-License-Identifier: MIT
// Compression of text that is served often.
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir::net {

// The text as one gzip member (RFC 1952), the same bytes for the same text; nothing when zlib has
// no memory.
std::optional<std::string> gzip(std::string_view text);

}  // namespace weir::net
