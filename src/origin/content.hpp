// SPDX-License-Identifier: MIT
// What the origin says of its answers: their types and how long caches may keep them.
// Threads: constants.
#pragma once

#include <string_view>

namespace weir::origin {

inline constexpr std::string_view kPlaylistType = "application/vnd.apple.mpegurl";
inline constexpr std::string_view kMpdType = "application/dash+xml";

inline constexpr std::string_view kImmutable = "public, max-age=31536000, immutable";
inline constexpr std::string_view kNoCache = "no-cache";  // kept, and asked for again each time

}  // namespace weir::origin
