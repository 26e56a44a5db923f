// SPDX-License-Identifier: MIT
// The presentation clock of one run: UTC sampled once and carried on by CLOCK_MONOTONIC, so that a
// step of the machine's clock never moves the grid. A small difference is slewed, a large one is
// reported and applies at the next programme.
// Threads: one thread at a time.
#pragma once

#include <memory>

#include "base/clock.hpp"
#include "media/time.hpp"

namespace weir::media {

class PresentationClock {
public:
    static constexpr MediaTime kStep = std::chrono::milliseconds(200);
    static constexpr std::int64_t kSlewPpm = 200;

    enum class Condition {
        steady,    // within kStep of the machine's UTC; slewing towards it
        stepped,   // the machine's UTC was set: off by kStep or more
        suspended  // the machine slept: this run is over
    };

    explicit PresentationClock(std::shared_ptr<base::Clock> clock);

    // UTC of the grid now.
    [[nodiscard]] MediaTime now() const;
    // CLOCK_MONOTONIC at which the grid reaches `time`.
    [[nodiscard]] base::Nanoseconds monotonic_at(MediaTime time) const { return time - offset_; }

    // Compares with the machine's clock and slews. To be called regularly, about once a second.
    Condition observe();

private:
    std::shared_ptr<base::Clock> clock_;
    MediaTime offset_;  // UTC - CLOCK_MONOTONIC
    base::Nanoseconds observed_;
    base::Nanoseconds suspended_;
};

}  // namespace weir::media
