// SPDX-License-Identifier: MIT
#include "playout/input_clock.hpp"

namespace weir::playout {

using media::MediaTime;
using media::Pacing;

void InputClock::learn(MediaTime pts, MediaTime now) {
    fastest_ = now - pts;
    first_arrival_ = now;
    snap_.reset();
    outliers_ = 0;
}

bool InputClock::arrived(MediaTime pts, MediaTime now) {
    const MediaTime delay = now - pts;
    if (!fastest_) {
        learn(pts, now);
        return true;
    }
    // A paced source runs ahead until it is held back, so only being late counts.
    const MediaTime off = delay - *fastest_;
    const bool outlier =
        pacing_ == Pacing::live ? std::chrono::abs(off) > kOutlier : off > kPacedLead + kLate;
    if (outlier) {
        if (++outliers_ < kNewTimeline) return false;
        learn(pts, now);
        return true;
    }
    outliers_ = 0;
    const bool learning = now - first_arrival_ < kLearning;
    if (pacing_ == Pacing::live && learning && delay < *fastest_) fastest_ = delay;
    return true;
}

void InputClock::anchor(MediaTime pts, MediaTime time) {
    if (pacing_ == Pacing::paced) learn(pts, time - kPacedLead);
}

std::optional<MediaTime> InputClock::offset(MediaTime now) const {
    if (!fastest_) return std::nullopt;
    const MediaTime snap = snap_.value_or(MediaTime{});
    if (pacing_ == Pacing::paced) return *fastest_ + kPacedLead + snap;
    if (now - first_arrival_ < kLearning) return std::nullopt;
    return *fastest_ + kLiveDelay + snap;
}

}  // namespace weir::playout
