// SPDX-License-Identifier: MIT
// Where a player is asked to begin (EXT-X-START), of both kinds of playlist.
// Threads: values.
#pragma once

#include <cstdint>

namespace weir::hls {

struct StartPoint {
    std::int64_t offset_us = 0;  // from the beginning; negative: from the end
    bool precise = false;        // not from the beginning of the segment that it lies in

    friend bool operator==(const StartPoint&, const StartPoint&) = default;
};

}  // namespace weir::hls
