// SPDX-License-Identifier: MIT
#include "dash/periods.hpp"

#include <algorithm>
#include <utility>

#include "media/grid.hpp"

namespace weir::dash {
namespace {

using media::Grid;
using media::MediaTime;
using media::Slot;
using media::SlotList;
using media::Window;

// Slots without a discontinuity between them.
struct Stretch {
    std::size_t first = 0;  // of the window
    std::size_t end = 0;    // without the gaps behind them
    const Slot* front = nullptr;
    MediaTime media_end{};  // of the last one
    std::int64_t last_number = 0;
    bool closed = false;  // none will follow in it
};

// A discontinuity raises the sequence, and a gap is followed by one: so two searches find the end.
std::vector<Stretch> stretches_of(const Window& window) {
    const SlotList& slots = window.slots;
    std::vector<Stretch> stretches;
    for (std::size_t first = 0; first < slots.size();) {
        const auto begin = slots.begin() + static_cast<std::ptrdiff_t>(first);
        const std::int64_t sequence = begin->discontinuity_sequence;
        const auto end = std::partition_point(begin, slots.end(), [=](const Slot& slot) {
            return slot.discontinuity_sequence <= sequence;
        });
        const auto gaps =
            std::partition_point(begin, end, [](const Slot& slot) { return !slot.gap; });
        const auto past = static_cast<std::size_t>(end - slots.begin());
        if (gaps != begin) {
            const Slot& last = *(gaps - 1);
            stretches.push_back({.first = first,
                                 .end = static_cast<std::size_t>(gaps - slots.begin()),
                                 .front = &*begin,
                                 .media_end = last.end,
                                 .last_number = last.number,
                                 .closed = gaps != end || past != slots.size() || window.ended});
        }
        first = past;
    }
    return stretches;
}

// A run whose first slot is being made: told as early as possible, since until then players ask for
// segments of the run before, which will never be.
void add_begun(std::vector<Stretch>& stretches, const Window& window) {
    if (window.partial.empty() || window.ended) return;
    const Slot& slot = window.partial.back()->slot;
    if (!window.slots.empty()) {
        const Slot& last = window.slots.back();
        if (slot.number <= last.number) return;
        if (slot.discontinuity_sequence == last.discontinuity_sequence) return;
        if (!stretches.empty()) stretches.back().closed = true;
    }
    const std::size_t end = window.slots.size();
    stretches.push_back({.first = end,
                         .end = end,
                         .front = &slot,
                         .media_end = slot.end,
                         .last_number = slot.number,
                         .closed = false});
}

// Where slot `number` begins by the grid's lines, if its media begin with its first frame;
// otherwise where they do begin.
MediaTime line_or_time(const Grid& grid, std::int64_t number, MediaTime time) {
    const bool whole = grid.frame_time(grid.first_frame(number)) == time;
    return whole ? number * grid.segment_duration() : time;
}

Period period_of(const Stretch& stretch, const Grid& grid) {
    const Slot& slot = *stretch.front;
    Period period;
    period.id = slot.run + '-' + std::to_string(slot.unbroken_number);
    period.first = stretch.first;
    period.end = stretch.end;
    period.slot = slot;
    period.start = line_or_time(grid, slot.unbroken_number, slot.unbroken_start);
    period.media_start = period.start;
    period.start_number = slot.number;
    if (stretch.closed) {
        period.duration =
            line_or_time(grid, stretch.last_number + 1, stretch.media_end) - period.start;
    }
    return period;
}

// From the first whole slot on. Requires: the period is not explicit.
void begin_with_whole_slot(Period& period, const Grid& grid) {
    const MediaTime step = grid.segment_duration();
    const std::int64_t first_whole = (period.start.count() + step.count() - 1) / step.count();
    const MediaTime start = first_whole * step;
    if (period.duration) *period.duration -= start - period.start;
    period.start = period.media_start = start;
    if (period.first < period.end && period.slot.number < first_whole) ++period.first;
    period.first_whole = first_whole;
    period.start_number = std::max(period.start_number, first_whole);
}

std::vector<Period> static_periods(const Window& window) {
    std::vector<Period> periods;
    MediaTime start{};
    for (const Stretch& stretch : stretches_of(window)) {
        Period period;
        period.id = stretch.front->run + '-' + std::to_string(stretch.front->unbroken_number);
        period.start = start;
        period.media_start = stretch.front->start;
        period.duration = stretch.media_end - stretch.front->start;
        period.explicit_timeline = true;
        period.first = stretch.first;
        period.end = stretch.end;
        period.start_number = stretch.front->number;
        period.slot = *stretch.front;
        start += *period.duration;
        periods.push_back(std::move(period));
    }
    return periods;
}

}  // namespace

std::vector<Period> periods_of(const Window& window, const MpdOptions& options) {
    if (options.type == MpdType::static_) return static_periods(window);
    const Grid grid(options.frame_rate, options.segment_duration);
    std::vector<Stretch> stretches = stretches_of(window);
    add_begun(stretches, window);
    std::vector<Period> periods;
    for (const Stretch& stretch : stretches) {
        Period period = period_of(stretch, grid);
        period.explicit_timeline = options.explicit_timeline;
        if (!options.explicit_timeline) begin_with_whole_slot(period, grid);
        const bool nothing = options.explicit_timeline ? period.first == period.end
                                                       : stretch.last_number < period.first_whole;
        if (nothing) continue;
        // Players derive a Period's end from the next one's start, and would ask for the gap.
        if (!periods.empty()) {
            Period& before = periods.back();
            if (before.start + before.duration.value() < period.start) {
                before.explicit_timeline = true;
            }
        }
        periods.push_back(std::move(period));
    }
    return periods;
}

}  // namespace weir::dash
