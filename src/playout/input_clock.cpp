// SPDX-License-Identifier: MIT
#include "playout/input_clock.hpp"

#include <gsl/gsl>

namespace weir::playout {

using media::MediaTime;
using media::Pacing;

void InputClock::learn(MediaTime pts, MediaTime now) {
    fastest_ = now - pts;
    first_arrival_ = now;
    snap_.reset();
    outliers_ = 0;
    drift_ = {};
    if (pacing_ == Pacing::live) drift_.observe(pts, now);
}

bool InputClock::arrived(MediaTime pts, MediaTime now) {
    const MediaTime delay = now - drift_.map(pts);
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
    if (pacing_ == Pacing::live) drift_.observe(pts, now);
    const bool learning = now - first_arrival_ < kLearning;
    if (pacing_ == Pacing::live && learning && delay < *fastest_) fastest_ = delay;
    return true;
}

void InputClock::anchor(MediaTime pts, MediaTime time) {
    if (pacing_ == Pacing::paced) learn(pts, time - kPacedLead);
}

void InputClock::shift(MediaTime by) {
    if (fastest_) *fastest_ += by;
}

MediaTime InputClock::lead() const {
    return pacing_ == Pacing::paced ? kPacedLead : kLiveDelay;
}

std::optional<MediaTime> InputClock::offset(MediaTime now) const {
    if (!fastest_) return std::nullopt;
    if (pacing_ == Pacing::live && now - first_arrival_ < kLearning) return std::nullopt;
    return *fastest_ + lead() + snap_.value_or(MediaTime{});
}

MediaTime InputClock::map(MediaTime source) const {
    Expects(fastest_.has_value());
    return drift_.map(source) + *fastest_ + lead() + snap_.value_or(MediaTime{});
}

}  // namespace weir::playout
