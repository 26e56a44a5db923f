// SPDX-License-Identifier: MIT
// Which frames a part holds: known before anything is encoded, since a preload hint must name a
// part that will exist.
//
// A GOP is divided into parts of the same number of frames, or one more or less, so that every part
// lasts at least 85 % of PART-TARGET (RFC 8216bis 4.4.3.8) and every IDR frame begins a part.
// Threads: values.
#pragma once

#include <cstddef>
#include <cstdint>

#include "media/grid.hpp"
#include "media/time.hpp"
#include "media/track.hpp"

namespace weir::media {

class PartSchedule {
public:
    // `gop`: IDR frames lie at the first frame at or after its multiples. No part is longer than
    // `longest`, but one frame at least. Requires: gop divides the segment duration and
    // is no shorter than a frame.
    PartSchedule(const Grid& grid, MediaTime gop, MediaTime longest);

    // Frames [first, end) are part `index` of `count` of slot `number`.
    struct Place {
        std::int64_t number = 0;
        std::size_t index = 0;
        std::size_t count = 0;
        std::int64_t first = 0;
        std::int64_t end = 0;
    };

    // Where a frame lies in a run that begins with `run_begin`: the run's first slot has no parts
    // before it. Requires: run_begin <= frame.
    [[nodiscard]] Place place_of(std::int64_t frame, std::int64_t run_begin) const;

    // The first frame at or after `frame` with which a part begins: a run that begins there has no
    // short part.
    [[nodiscard]] std::int64_t part_begin_at_or_after(std::int64_t frame) const;

    // PART-TARGET: how long a part of this track lasts at most, rounded up.
    [[nodiscard]] MediaTime part_target(const Track& track) const;

    [[nodiscard]] const Grid& grid() const { return grid_; }

private:
    // Parts begin at frames; `line` counts them from 1970 on.
    [[nodiscard]] std::int64_t line_of(std::int64_t frame) const;
    [[nodiscard]] std::int64_t first_frame(std::int64_t line) const;

    Grid grid_;
    Grid gops_;  // its slots are the GOPs
    std::int64_t parts_per_gop_ = 1;
    std::int64_t gops_per_slot_ = 1;
};

}  // namespace weir::media
