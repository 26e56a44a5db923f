// SPDX-License-Identifier: MIT
#include "media/part_schedule.hpp"

#include <algorithm>

#include <gsl/gsl>

namespace weir::media {
namespace {

std::int64_t divide_up(std::int64_t dividend, std::int64_t divisor) {
    return (dividend + divisor - 1) / divisor;
}

// The fewest parts, of at most `most` frames each, whose lengths are near enough to each other.
std::int64_t divide_gop(std::int64_t shortest, std::int64_t frames, std::int64_t most) {
    std::int64_t parts = divide_up(frames, most);
    while (parts < shortest && 100 * (frames / parts) < 85 * divide_up(frames, parts)) ++parts;
    return std::min(parts, shortest);  // no part is empty
}

}  // namespace

PartSchedule::PartSchedule(const Grid& grid, MediaTime gop, MediaTime longest)
    : grid_(grid), gops_(Grid::of_gops(grid.frame_rate(), gop)) {
    Expects(gop >= grid.frame_duration() - MediaTime(1) &&
            grid.segment_duration() % gop == MediaTime::zero());
    // A GOP has this many frames, or one less.
    const std::int64_t frames = std::max<std::int64_t>(1, grid.frame_at_or_after(gop));
    std::int64_t most = std::max<std::int64_t>(1, grid.frame_at_or_after(longest));
    if (most > 1 && grid.frame_time(most) > longest) --most;
    const std::int64_t shortest = grid.frame_time(frames) > gop ? frames - 1 : frames;
    parts_per_gop_ =
        divide_gop(std::max<std::int64_t>(1, shortest), frames, std::min(most, frames));
    gops_per_slot_ = grid.segment_duration() / gop;
}

// Frame first + ceil(i * length / parts) of a GOP begins its part i.
std::int64_t PartSchedule::first_frame(std::int64_t line) const {
    const std::int64_t index = ((line % parts_per_gop_) + parts_per_gop_) % parts_per_gop_;
    const std::int64_t gop = (line - index) / parts_per_gop_;
    const std::int64_t begin = gops_.first_frame(gop);
    const std::int64_t length = gops_.first_frame(gop + 1) - begin;
    return begin + divide_up(index * length, parts_per_gop_);
}

std::int64_t PartSchedule::line_of(std::int64_t frame) const {
    std::int64_t line = gops_.slot_of_frame(frame) * parts_per_gop_;
    while (first_frame(line + 1) <= frame) ++line;
    return line;
}

PartSchedule::Place PartSchedule::place_of(std::int64_t frame, std::int64_t run_begin) const {
    Expects(run_begin <= frame);
    const std::int64_t number = grid_.slot_of_frame(frame);
    const std::int64_t per_slot = parts_per_gop_ * gops_per_slot_;
    const std::int64_t slot_line = number * per_slot;
    const std::int64_t begin_line = std::max(slot_line, line_of(run_begin));
    const std::int64_t line = line_of(frame);
    return {.number = number,
            .index = static_cast<std::size_t>(line - begin_line),
            .count = static_cast<std::size_t>(slot_line + per_slot - begin_line),
            .first = std::max(first_frame(line), run_begin),
            .end = first_frame(line + 1)};
}

std::int64_t PartSchedule::part_begin_at_or_after(std::int64_t frame) const {
    const std::int64_t line = line_of(frame);
    return first_frame(line) == frame ? frame : first_frame(line + 1);
}

MediaTime PartSchedule::part_target(const Track& track) const {
    const std::int64_t frames =
        divide_up(grid_.frame_at_or_after(gops_.segment_duration()), parts_per_gop_);
    const MediaTime longest = grid_.frame_time(frames) + MediaTime(1);
    if (track.kind != TrackKind::audio || track.sample_rate <= 0 || track.frame_samples <= 0) {
        return longest;
    }
    // As many of its frames as can begin within that time.
    const std::int64_t samples = sample_at_or_after(longest, track.sample_rate);
    const std::int64_t count = divide_up(samples, track.frame_samples);
    return sample_time(count * track.frame_samples, track.sample_rate) + MediaTime(1);
}

}  // namespace weir::media
