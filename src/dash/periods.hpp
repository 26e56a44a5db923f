// SPDX-License-Identifier: MIT
// How a window on the timeline falls into Periods (ISO/IEC 23009-1 5.3.2).
// Threads: pure functions of values; no I/O, no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dash/mpd.hpp"
#include "media/slot.hpp"
#include "media/time.hpp"
#include "media/timeline.hpp"

namespace weir::dash {

struct Period {
    std::string id;
    media::MediaTime start{};                  // @start
    std::optional<media::MediaTime> duration;  // @duration, once its end is known
    media::MediaTime media_start{};            // the media time at @start
    // SegmentTimeline of the slots [first, end) of the window; otherwise $Number$ on the grid.
    bool explicit_timeline = false;
    std::size_t first = 0;
    std::size_t end = 0;
    std::int64_t start_number = 0;  // of slot `first`
    std::int64_t first_whole = 0;   // the number of the slot that begins at @start; unless explicit
    media::Slot slot;               // its first in the window: what is true for all of them
};

// In the order of their times. Takes time for Periods, not for slots.
std::vector<Period> periods_of(const media::Window& window, const MpdOptions& options);

}  // namespace weir::dash
