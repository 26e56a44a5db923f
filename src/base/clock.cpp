// SPDX-License-Identifier: MIT
#include "base/clock.hpp"

#include <sys/timex.h>
#include <time.h>

#include <condition_variable>
#include <mutex>

namespace weir::base {

namespace {

Nanoseconds read(clockid_t id) {
    timespec now{};
    clock_gettime(id, &now);
    return std::chrono::seconds(now.tv_sec) + Nanoseconds(now.tv_nsec);
}

class SystemClock final : public Clock {
public:
    Nanoseconds monotonic() const override { return read(CLOCK_MONOTONIC); }
    Nanoseconds utc() const override { return read(CLOCK_REALTIME); }
    Nanoseconds suspended() const override { return read(CLOCK_BOOTTIME) - read(CLOCK_MONOTONIC); }

    bool synchronised() const override {
        timex query{};
        return ntp_adjtime(&query) != TIME_ERROR;
    }

    bool sleep_until(Nanoseconds deadline, std::stop_token stop) override {
        // libstdc++'s steady_clock is CLOCK_MONOTONIC, and its waits are absolute.
        const std::chrono::steady_clock::time_point until(deadline);
        std::mutex mutex;
        std::condition_variable_any wake;
        std::unique_lock lock(mutex);
        wake.wait_until(lock, stop, until, [] { return false; });
        return !stop.stop_requested();
    }
};

}  // namespace

std::shared_ptr<Clock> system_clock() {
    static const auto clock = std::make_shared<SystemClock>();
    return clock;
}

}  // namespace weir::base
