// SPDX-License-Identifier: MIT
// Time as an object, so that tests can own it.
// Threads: thread-safe.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>

namespace weir::base {

using Nanoseconds = std::chrono::nanoseconds;

class Clock {
public:
    virtual ~Clock() = default;

    // CLOCK_MONOTONIC: never jumps, stands still while the machine sleeps.
    [[nodiscard]] virtual Nanoseconds monotonic() const = 0;
    // UTC since the Unix epoch: may be stepped by whoever sets the machine's clock.
    [[nodiscard]] virtual Nanoseconds utc() const = 0;
    // How long the machine has slept since some fixed instant (CLOCK_BOOTTIME - CLOCK_MONOTONIC).
    [[nodiscard]] virtual Nanoseconds suspended() const = 0;
    // Whether the machine's clock is kept by a time service.
    [[nodiscard]] virtual bool synchronised() const = 0;
    // Sleeps until monotonic() reaches `deadline`; false when `stop` was requested before.
    virtual bool sleep_until(Nanoseconds deadline, std::stop_token stop) = 0;
};

// The machine's own clock.
std::shared_ptr<Clock> system_clock();

}  // namespace weir::base
