// SPDX-License-Identifier: MIT
// The thread that ticks a Playout: one frame at each line of the grid, by absolute sleeps on
// CLOCK_MONOTONIC, until it is told to end.
// Threads: start/finish/stop on the control thread; the events come on the pacer's own thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "base/clock.hpp"
#include "media/grid.hpp"
#include "playout/playout.hpp"

namespace weir::playout {

class Pacer {
public:
    using Condition = media::PresentationClock::Condition;

    Pacer(std::shared_ptr<Playout> playout, std::shared_ptr<base::Clock> clock);
    ~Pacer();  // stop()

    // Ticks from `first_frame` on. `on_condition` is called about once a second with what the
    // presentation clock finds; `on_end` after the last tick that finish() asked for.
    void start(const media::Grid& grid, std::int64_t first_frame, PlayoutOutput& output,
               std::function<void(Condition)> on_condition, std::function<void()> on_end);

    // Ends soon, where the last slot has a tenth of a second at least, so that no track lacks.
    void finish() { finishing_ = true; }

    // Ends at once; waits for the tick under way.
    void stop();

    // The last tick is over. wait(): until it is, after finish().
    [[nodiscard]] bool ended() const { return ended_; }
    void wait();

    // How late the last tick was.
    [[nodiscard]] std::chrono::nanoseconds lag() const { return lag_.load(); }

private:
    void run(std::stop_token stop, std::int64_t first_frame, PlayoutOutput& output);
    [[nodiscard]] bool may_end_before(std::int64_t frame) const;

    const std::shared_ptr<Playout> playout_;
    const std::shared_ptr<base::Clock> clock_;
    std::optional<media::Grid> grid_;
    std::function<void(Condition)> on_condition_;
    std::function<void()> on_end_;
    std::atomic<bool> finishing_{false};
    std::atomic<bool> ended_{false};
    std::atomic<std::chrono::nanoseconds> lag_{std::chrono::nanoseconds{}};
    std::jthread thread_;
};

}  // namespace weir::playout
