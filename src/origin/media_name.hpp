// SPDX-License-Identifier: MIT
// What the name of a media file says: "<number>-<run>.ts", "<number>-<run>.m4s" (segments),
// "<number>-<run>.<index>.m4s" (a part), "init-<hash>.mp4".
// Threads: values; pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::origin {

struct MediaName {
    enum class Kind { ts, cmaf, part, init };
    Kind kind = Kind::ts;
    std::int64_t number = 0;
    std::string run;        // or the hash
    std::size_t index = 0;  // of a part

    friend bool operator==(const MediaName&, const MediaName&) = default;
};

// Nothing when it is the name of no media file.
std::optional<MediaName> parse_media_name(std::string_view file);

}  // namespace weir::origin
