// SPDX-License-Identifier: MIT
#include "media/grid.hpp"

#include <algorithm>

#include <gsl/gsl>

namespace weir::media {
namespace {

// 64 bits are too few: a frame number since 1970 times 1001 times 1e9 needs 77.
__extension__ typedef __int128 Int128;

constexpr Int128 kNanosecondsPerSecond = 1'000'000'000;

// C++ division rounds towards zero; the grid must not change its step at the epoch.
// Requires: divisor > 0.
std::int64_t floor_divide(Int128 dividend, Int128 divisor) {
    const Int128 quotient = dividend / divisor;
    return static_cast<std::int64_t>(dividend % divisor < 0 ? quotient - 1 : quotient);
}

std::int64_t ceil_divide(Int128 dividend, Int128 divisor) {
    const Int128 quotient = dividend / divisor;
    return static_cast<std::int64_t>(dividend % divisor > 0 ? quotient + 1 : quotient);
}

}  // namespace

Grid::Grid(Rational frame_rate, MediaTime segment_duration)
    : frame_rate_(frame_rate), segment_duration_(segment_duration) {
    Expects(frame_rate.numerator > 0 && frame_rate.denominator > 0);
    Expects(segment_duration >= std::chrono::seconds(1));
}

Grid Grid::of_gops(Rational frame_rate, MediaTime step) {
    Expects(frame_rate.numerator > 0 && frame_rate.denominator > 0);
    Expects(step > MediaTime::zero());
    Grid grid;
    grid.frame_rate_ = frame_rate;
    grid.segment_duration_ = step;
    return grid;
}

MediaTime Grid::frame_time(std::int64_t frame) const {
    return MediaTime(floor_divide(Int128(frame) * frame_rate_.denominator * kNanosecondsPerSecond,
                                  frame_rate_.numerator));
}

std::int64_t Grid::frame_at_or_after(MediaTime time) const {
    return ceil_divide(Int128(time.count()) * frame_rate_.numerator,
                       kNanosecondsPerSecond * frame_rate_.denominator);
}

std::int64_t Grid::nearest_frame(MediaTime time) const {
    const Int128 unit = kNanosecondsPerSecond * frame_rate_.denominator;
    return floor_divide(2 * Int128(time.count()) * frame_rate_.numerator + unit, 2 * unit);
}

std::int64_t Grid::slot_of(MediaTime time) const {
    return floor_divide(time.count(), segment_duration_.count());
}

std::int64_t Grid::slot_of_frame(std::int64_t frame) const {
    return floor_divide(Int128(frame) * frame_rate_.denominator * kNanosecondsPerSecond,
                        Int128(frame_rate_.numerator) * segment_duration_.count());
}

std::int64_t Grid::first_frame(std::int64_t slot) const {
    return ceil_divide(Int128(slot) * segment_duration_.count() * frame_rate_.numerator,
                       kNanosecondsPerSecond * frame_rate_.denominator);
}

MediaTime Grid::frame_duration() const {
    return MediaTime(
        ceil_divide(kNanosecondsPerSecond * frame_rate_.denominator, frame_rate_.numerator));
}

std::int64_t Grid::target_duration() const {
    const MediaTime longest = segment_duration_ + frame_duration();
    return std::max<std::int64_t>(
        1,
        floor_divide(Int128(longest.count()) + kNanosecondsPerSecond / 2, kNanosecondsPerSecond));
}

MediaTime sample_time(std::int64_t sample, int rate) {
    Expects(rate > 0);
    return MediaTime(floor_divide(Int128(sample) * kNanosecondsPerSecond, rate));
}

std::int64_t sample_at_or_after(MediaTime time, int rate) {
    Expects(rate > 0);
    return ceil_divide(Int128(time.count()) * rate, kNanosecondsPerSecond);
}

}  // namespace weir::media
