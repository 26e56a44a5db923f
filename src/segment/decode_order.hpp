// SPDX-License-Identifier: MIT
// When a video frame is decoded: the frames of a segment, in the order they come in, take the times
// of its frames on the grid. So decoding times are as exact as presentation times, nothing is late,
// and B-frames are presented before their decoding time rather than everything a little later.
// Threads: one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <weir/result.hpp>

#include "media/grid.hpp"

namespace weir::segment {

class DecodeOrder {
public:
    DecodeOrder(const media::Grid& grid, std::int64_t first_frame);

    // The frame on the grid at whose time the frame `presented` is decoded. `dts`: the encoder's
    // own idea of that time, if it has one: it shows where a frame is missing.
    // Errors: corrupt, with nothing changed: before the run, twice, late, or more than fit.
    Result<std::int64_t> place(std::int64_t presented, bool sync,
                               std::optional<media::MediaTime> dts);

private:
    [[nodiscard]] std::int64_t wish(std::int64_t presented, bool sync,
                                    std::optional<media::MediaTime> dts) const;
    void begin_slot(std::int64_t slot);

    const media::Grid grid_;
    const std::int64_t first_frame_;
    std::optional<std::int64_t> delay_;  // of the encoder's times, in frames
    std::optional<std::int64_t> slot_;
    std::int64_t begin_ = 0;  // of the slot
    std::int64_t end_ = 0;
    std::int64_t next_;          // below it all are used
    std::vector<bool> present_;  // the slot's frames
};

}  // namespace weir::segment
