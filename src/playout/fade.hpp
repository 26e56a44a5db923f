// SPDX-License-Identifier: MIT
// Sound without clicks: it fades out before a hole and in after it, and one input's sound goes
// over into another's.
// Threads: one thread at a time. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace weir::playout {

// Where there is signal in a block of sound: from `begin` to before `end`, in sample times.
struct SignalRange {
    std::int64_t begin = 0;
    std::int64_t end = 0;
};

// Keeps a gain from block to block. Fades along a raised cosine. A fade that meets its opposite
// turns round where it is.
class Fade {
public:
    // `duration` in sample times; 0: sound ends and begins as it does.
    Fade(std::int64_t duration, int channels)
        : duration_(static_cast<double>(duration)), channels_(static_cast<std::size_t>(channels)) {}

    // Applies the gain to interleaved samples in place, so that it is 0 where signal ends. When
    // less than `duration` is left of it, what is left has to do. `ranges` is where signal is, in
    // order and apart; after the last one, if it reaches the block's end, signal goes on without a
    // hole for `ahead` sample times, as far as is known by now.
    void apply(std::span<float> block, std::span<const SignalRange> ranges, std::int64_t ahead);

private:
    void apply_range(std::span<float> block, const SignalRange& range, std::int64_t end);

    double duration_;
    std::size_t channels_;
    double position_ = 0;  // 0: silent, duration_: full
};

// One block of interleaved samples from the input that goes, one from that which comes: the sum,
// in `to`. `position` sample times of `duration` are already gone. The gains add up to one, because
// both inputs often carry the same programme.
void crossfade(std::span<const float> from, std::span<float> to, int channels,
               std::int64_t position, std::int64_t duration);

}  // namespace weir::playout
