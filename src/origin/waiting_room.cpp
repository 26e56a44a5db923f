// SPDX-License-Identifier: MIT
#include "origin/waiting_room.hpp"

#include <utility>
#include <vector>

namespace weir::origin {

namespace {
constexpr std::chrono::milliseconds kClockPeriod{500};
}  // namespace

WaitingRoom::WaitingRoom(std::shared_ptr<const media::Timeline> timeline,
                         std::shared_ptr<base::Executor> executor)
    : timeline_(std::move(timeline)), executor_(std::move(executor)) {}

std::shared_ptr<WaitingRoom> WaitingRoom::create(std::shared_ptr<const media::Timeline> timeline,
                                                 std::shared_ptr<base::Executor> executor) {
    std::shared_ptr<WaitingRoom> room(new WaitingRoom(std::move(timeline), std::move(executor)));
    room->timeline_->observe(room);
    return room;
}

std::uint64_t WaitingRoom::wait(std::chrono::milliseconds patience, Ready ready, Waiter waiter) {
    std::uint64_t ticket = 0;
    bool start_clock = false;
    {
        const std::lock_guard lock(mutex_);
        ticket = next_ticket_++;
        waiting_.emplace(ticket, Waiting{std::chrono::steady_clock::now() + patience,
                                         std::move(ready), std::move(waiter)});
        start_clock = !std::exchange(clock_runs_, true);
    }
    if (start_clock) {
        executor_->post_after(kClockPeriod, weak_from_this(), [this] { look_at_clock(); });
    }
    // What came before it was put down would never be told again.
    const media::Edge edge = timeline_->edge();
    Waiter called;
    {
        const std::lock_guard lock(mutex_);
        const auto found = waiting_.find(ticket);
        if (found == waiting_.end() || !found->second.ready(edge)) return ticket;
        called = std::move(found->second.waiter);
        waiting_.erase(found);
    }
    called(Outcome::come);
    return ticket;
}

void WaitingRoom::leave(std::uint64_t ticket) {
    Waiting gone{};  // destroyed without the lock
    const std::lock_guard lock(mutex_);
    const auto found = waiting_.find(ticket);
    if (found == waiting_.end()) return;
    gone = std::move(found->second);
    waiting_.erase(found);
}

std::size_t WaitingRoom::size() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
}

void WaitingRoom::on_change() {
    const media::Edge edge = timeline_->edge();
    std::vector<Waiter> called;
    {
        const std::lock_guard lock(mutex_);
        for (auto next = waiting_.begin(); next != waiting_.end();) {
            const auto waiting = next++;
            if (!waiting->second.ready(edge)) continue;
            called.push_back(std::move(waiting->second.waiter));
            waiting_.erase(waiting);
        }
    }
    for (const Waiter& waiter : called) waiter(Outcome::come);
}

void WaitingRoom::look_at_clock() {
    const auto now = std::chrono::steady_clock::now();
    std::vector<Waiter> called;
    {
        const std::lock_guard lock(mutex_);
        for (auto next = waiting_.begin(); next != waiting_.end();) {
            const auto waiting = next++;
            if (waiting->second.deadline > now) continue;
            called.push_back(std::move(waiting->second.waiter));
            waiting_.erase(waiting);
        }
        clock_runs_ = !waiting_.empty();
    }
    for (const Waiter& waiter : called) waiter(Outcome::timed_out);
    const std::lock_guard lock(mutex_);
    if (!clock_runs_) return;
    executor_->post_after(kClockPeriod, weak_from_this(), [this] { look_at_clock(); });
}

}  // namespace weir::origin
