// SPDX-License-Identifier: MIT
// Text that is safe to show: URLs without their secrets, foreign text without control characters.
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace weir::base {

// The URL with "***" for what may be secret: user and password, the last part of the path (an RTMP
// stream's name is often its key), query and fragment. What cannot be told apart is left out whole:
//   rtmp://me:pw@host:1935/live/key?token=1  ->  rtmp://***@host:1935/live/***?***
std::string redacted_url(std::string_view url);

// `text` for a message: printable ASCII, anything else as '?', at most 80 characters, and as
// redacted_url() when it looks like a URL.
std::string shown(std::string_view text);

}  // namespace weir::base
