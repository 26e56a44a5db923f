// SPDX-License-Identifier: MIT
#include "media/presentation_clock.hpp"

#include <algorithm>

namespace weir::media {

namespace {
// CLOCK_BOOTTIME and CLOCK_MONOTONIC are read one after the other: anything shorter is no sleep.
constexpr MediaTime kSuspend = std::chrono::seconds(1);
}  // namespace

PresentationClock::PresentationClock(std::shared_ptr<base::Clock> clock)
    : clock_(std::move(clock)),
      offset_(clock_->utc() - clock_->monotonic()),
      observed_(clock_->monotonic()),
      suspended_(clock_->suspended()) {}

MediaTime PresentationClock::now() const {
    return clock_->monotonic() + offset_;
}

PresentationClock::Condition PresentationClock::observe() {
    const auto monotonic = clock_->monotonic();
    const auto elapsed = monotonic - observed_;
    observed_ = monotonic;
    if (clock_->suspended() - suspended_ >= kSuspend) return Condition::suspended;
    const MediaTime difference = clock_->utc() - monotonic - offset_;
    if (std::chrono::abs(difference) >= kStep) return Condition::stepped;
    const MediaTime most(elapsed.count() * kSlewPpm / 1'000'000);
    offset_ += std::clamp(difference, -most, most);
    return Condition::steady;
}

}  // namespace weir::media
