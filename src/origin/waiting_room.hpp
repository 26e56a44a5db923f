// SPDX-License-Identifier: MIT
// Requests that wait for the timeline to come so far: blocking reloads, hinted parts, segments that
// are due (RFC 8216bis 6.2.5.2). They cost no thread; who leaves is let go at once.
//
// Threads: thread-safe. A waiter is called once, on the thread that changed the timeline or on the
// control thread, without a lock.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "base/executor.hpp"
#include "media/timeline.hpp"

namespace weir::origin {

class WaitingRoom final : public media::TimelineObserver,
                          public std::enable_shared_from_this<WaitingRoom> {
public:
    enum class Outcome { come, timed_out };
    // Whether there is an answer now, good or bad.
    using Ready = std::function<bool(const media::Edge&)>;
    using Waiter = std::function<void(Outcome)>;

    // Watches `timeline`.
    static std::shared_ptr<WaitingRoom> create(std::shared_ptr<const media::Timeline> timeline,
                                               std::shared_ptr<base::Executor> executor);

    // Calls `waiter` when `ready`, at once if it is, or after `patience`. Returns a ticket for
    // leave().
    std::uint64_t wait(std::chrono::milliseconds patience, Ready ready, Waiter waiter);
    // The waiter is not called any more, and destroyed. Harmless when it has been called.
    void leave(std::uint64_t ticket);

    [[nodiscard]] std::size_t size() const;

    void on_change() override;

private:
    struct Waiting {
        std::chrono::steady_clock::time_point deadline;
        Ready ready;
        Waiter waiter;
    };

    WaitingRoom(std::shared_ptr<const media::Timeline> timeline,
                std::shared_ptr<base::Executor> executor);
    void look_at_clock();

    const std::shared_ptr<const media::Timeline> timeline_;
    const std::shared_ptr<base::Executor> executor_;
    mutable std::mutex mutex_;  // guards all below
    std::map<std::uint64_t, Waiting> waiting_;
    std::uint64_t next_ticket_ = 1;
    bool clock_runs_ = false;
};

}  // namespace weir::origin
