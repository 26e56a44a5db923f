// SPDX-License-Identifier: MIT
#include "playout/pacer.hpp"

#include <pthread.h>

#include <algorithm>
#include <utility>

namespace weir::playout {

namespace {
constexpr media::MediaTime kShortestTail = std::chrono::milliseconds(100);
constexpr media::MediaTime kObserve = std::chrono::seconds(1);
}  // namespace

Pacer::Pacer(std::shared_ptr<Playout> playout, std::shared_ptr<base::Clock> clock)
    : playout_(std::move(playout)), clock_(std::move(clock)) {}

Pacer::~Pacer() {
    stop();
}

void Pacer::start(const media::Grid& grid, std::int64_t first_frame, PlayoutOutput& output,
                  std::function<void(Condition)> on_condition, std::function<void()> on_end) {
    grid_ = grid;
    on_condition_ = std::move(on_condition);
    on_end_ = std::move(on_end);
    playout_->begin(grid, first_frame);
    thread_ = std::jthread([this, first_frame, &output](std::stop_token stop) {
        pthread_setname_np(pthread_self(), "weir-playout");
        run(std::move(stop), first_frame, output);
    });
}

void Pacer::stop() {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    thread_.join();
}

void Pacer::wait() {
    if (thread_.joinable()) thread_.join();
}

bool Pacer::may_end_before(std::int64_t frame) const {
    const auto slot_start = grid_->frame_time(grid_->first_frame(grid_->slot_of_frame(frame)));
    const auto tail = grid_->frame_time(frame) - slot_start;
    return tail == media::MediaTime{} || tail >= kShortestTail;
}

void Pacer::run(std::stop_token stop, std::int64_t first_frame, PlayoutOutput& output) {
    auto observed = clock_->monotonic();
    for (std::int64_t frame = first_frame;; ++frame) {
        if (finishing_ && frame > first_frame && may_end_before(frame)) break;
        const auto deadline = playout_->clock().monotonic_at(grid_->frame_time(frame));
        if (!clock_->sleep_until(deadline, stop)) return;
        const auto now = clock_->monotonic();
        lag_ = std::max(now - deadline, std::chrono::nanoseconds{});
        playout_->tick(frame, output);
        if (now - observed >= kObserve) {
            observed = now;
            on_condition_(playout_->observe_clock());
        }
    }
    ended_ = true;
    on_end_();
}

}  // namespace weir::playout
