// SPDX-License-Identifier: MIT
// How an input's clock runs against ours, and the map that makes up for it: source time stretched
// by some parts in a million, so that the delay from capture to arrival stays what it was in the
// beginning. One map for audio and video: their relation survives.
//
// Jitter only delays, so the smallest delay within a window tells; a P controller turns its error
// into the slope of what comes next. A source that is off by 200 ppm settles with an error of 4 ms.
// Threads: one thread at a time. Pure: has no clock.
#pragma once

#include <deque>
#include <optional>

#include "media/time.hpp"

namespace weir::playout {

class Drift {
public:
    static constexpr media::MediaTime kWindow = std::chrono::seconds(2);
    static constexpr media::MediaTime kTimeConstant = std::chrono::seconds(20);
    static constexpr double kMaxRate = 300e-6;  // nobody hears or sees it

    // A unit of source time `source` arrived.
    void observe(media::MediaTime source, media::MediaTime arrival);

    // Continuous and rising. The same source time gives the same answer whenever it is asked for,
    // up to kKnots windows back; in the beginning it is the source time itself.
    [[nodiscard]] media::MediaTime map(media::MediaTime source) const;

    // The slope for what comes next is 1 + rate: > 0 stretches, the source's clock is slow.
    [[nodiscard]] double rate() const { return knots_.empty() ? 0 : knots_.back().rate; }

    // Delay now minus delay in the beginning, after the map, as last measured.
    [[nodiscard]] media::MediaTime error() const { return error_; }

private:
    static constexpr std::size_t kKnots = 16;

    struct Knot {
        media::MediaTime source{};
        media::MediaTime mapped{};
        double rate = 0;  // from here on
    };

    void end_window();

    std::deque<Knot> knots_;
    std::optional<media::MediaTime> window_begin_;  // arrival of its first unit
    media::MediaTime smallest_delay_{};             // within the window
    media::MediaTime newest_source_{};
    std::optional<media::MediaTime> first_delay_;  // the first window's
    media::MediaTime error_{};
};

}  // namespace weir::playout
