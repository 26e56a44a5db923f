// SPDX-License-Identifier: MIT
// The grid: where frames, samples and slots lie in time. Pure functions of time (invariants 1 to
// 3): nothing is ever counted up from a start, so nothing drifts and two machines agree.
//
// All times are rounded down to nanoseconds; numbers are exact (128-bit intermediates).
// Threads: values.
#pragma once

#include <cstdint>

#include <weir/rational.hpp>

#include "media/time.hpp"

namespace weir::media {

class Grid {
public:
    // Requires: frame_rate positive, segment_duration >= 1 s.
    Grid(Rational frame_rate, MediaTime segment_duration);

    // The same lines closer together than segments may be: GOPs. Requires: step positive.
    static Grid of_gops(Rational frame_rate, MediaTime step);

    [[nodiscard]] Rational frame_rate() const { return frame_rate_; }
    [[nodiscard]] MediaTime segment_duration() const { return segment_duration_; }

    // Frame k is at k / frame_rate.
    [[nodiscard]] MediaTime frame_time(std::int64_t frame) const;
    [[nodiscard]] std::int64_t frame_at_or_after(MediaTime time) const;
    [[nodiscard]] std::int64_t nearest_frame(MediaTime time) const;

    // Slot n is [n D, (n+1) D); its segment holds the frames in it.
    [[nodiscard]] std::int64_t slot_of(MediaTime time) const;
    [[nodiscard]] std::int64_t slot_of_frame(std::int64_t frame) const;
    [[nodiscard]] std::int64_t first_frame(std::int64_t slot) const;

    // The longest a frame lasts, rounded up.
    [[nodiscard]] MediaTime frame_duration() const;

    // EXT-X-TARGETDURATION in seconds: round(D + longest frame), at least 1; constant for ever.
    [[nodiscard]] std::int64_t target_duration() const;

private:
    Grid() = default;

    Rational frame_rate_;
    MediaTime segment_duration_;
};

// Audio sample s is at s / rate; an AAC frame m begins at sample 1024 m.
inline constexpr std::int64_t kAacFrameSamples = 1024;
MediaTime sample_time(std::int64_t sample, int rate);
std::int64_t sample_at_or_after(MediaTime time, int rate);

}  // namespace weir::media
