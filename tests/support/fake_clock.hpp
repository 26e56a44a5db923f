// SPDX-License-Identifier: MIT
// A clock that the test owns: nobody sleeps, whoever wants to finds that it is already that late.
// Threads: thread-safe.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "base/clock.hpp"

namespace weir::test {

class FakeClock final : public base::Clock {
public:
    explicit FakeClock(base::Nanoseconds utc = std::chrono::seconds(1'800'000'000)) : utc_(utc) {}

    base::Nanoseconds monotonic() const override {
        const std::lock_guard lock(mutex_);
        return monotonic_;
    }
    base::Nanoseconds utc() const override {
        const std::lock_guard lock(mutex_);
        return utc_ + monotonic_;
    }
    base::Nanoseconds suspended() const override {
        const std::lock_guard lock(mutex_);
        return suspended_;
    }
    bool synchronised() const override { return true; }

    bool sleep_until(base::Nanoseconds deadline, std::stop_token stop) override {
        std::unique_lock lock(mutex_);
        if (!allowed_.wait(lock, stop, [&] { return deadline <= limit_; })) return false;
        monotonic_ = std::max(monotonic_, deadline);
        return !stop.stop_requested();
    }

    // Nobody sleeps past this monotonic time: for what must not run too far ahead of its readers.
    void allow(base::Nanoseconds limit) {
        const std::lock_guard lock(mutex_);
        limit_ = limit;
        allowed_.notify_all();
    }

    void advance(base::Nanoseconds by) {
        const std::lock_guard lock(mutex_);
        monotonic_ += by;
    }
    // Somebody sets the machine's UTC.
    void step_utc(base::Nanoseconds by) {
        const std::lock_guard lock(mutex_);
        utc_ += by;
    }
    // The machine sleeps: CLOCK_MONOTONIC stands still, UTC goes on.
    void suspend(base::Nanoseconds by) {
        const std::lock_guard lock(mutex_);
        suspended_ += by;
        utc_ += by;
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable_any allowed_;
    base::Nanoseconds limit_ = base::Nanoseconds::max();
    base::Nanoseconds monotonic_ = std::chrono::hours(1);
    base::Nanoseconds utc_;  // at monotonic 0
    base::Nanoseconds suspended_{};
};

}  // namespace weir::test
