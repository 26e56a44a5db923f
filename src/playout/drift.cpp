// SPDX-License-Identifier: MIT
#include "playout/drift.hpp"

#include <algorithm>
#include <cmath>

namespace weir::playout {

using media::MediaTime;

void Drift::observe(MediaTime source, MediaTime arrival) {
    if (window_begin_ && arrival - *window_begin_ >= kWindow) end_window();
    const MediaTime delay = arrival - map(source);
    if (!window_begin_) {
        if (!first_delay_) newest_source_ = source;
        window_begin_ = arrival;
        smallest_delay_ = delay;
    }
    smallest_delay_ = std::min(smallest_delay_, delay);
    newest_source_ = std::max(newest_source_, source);
}

void Drift::end_window() {
    window_begin_.reset();
    if (!first_delay_) {
        first_delay_ = smallest_delay_;
        return;
    }
    error_ = smallest_delay_ - *first_delay_;
    const double wanted =
        static_cast<double>(error_.count()) / static_cast<double>(kTimeConstant.count());
    // What has been mapped already stays where it is.
    knots_.push_back(
        {newest_source_, map(newest_source_), std::clamp(wanted, -kMaxRate, kMaxRate)});
    if (knots_.size() > kKnots) knots_.pop_front();
}

MediaTime Drift::map(MediaTime source) const {
    if (knots_.empty()) return source;
    auto knot = std::find_if(knots_.rbegin(), knots_.rend(),
                             [&](const Knot& one) { return one.source <= source; });
    // Before the oldest knot that is known, time runs as it does behind it.
    if (knot == knots_.rend()) --knot;
    const MediaTime step = source - knot->source;
    return knot->mapped + step +
           MediaTime(std::llround(static_cast<double>(step.count()) * knot->rate));
}

}  // namespace weir::playout
