// SPDX-License-Identifier: MIT
#include "playout/fade.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <gsl/gsl>

namespace weir::playout {

namespace {

// Raised cosine: no step in the slope at either end.
float gain_at(double part) {
    return static_cast<float>(0.5 - 0.5 * std::cos(std::numbers::pi * std::clamp(part, 0.0, 1.0)));
}

}  // namespace

void Fade::apply(std::span<float> block, std::span<const SignalRange> ranges, std::int64_t ahead) {
    const auto size = static_cast<std::int64_t>(block.size() / channels_);
    if (duration_ <= 0) return;
    std::int64_t at = 0;
    for (const auto& range : ranges) {
        Expects(at <= range.begin && range.begin < range.end && range.end <= size);
        if (range.begin > at) position_ = 0;
        apply_range(block, range, range.end + (range.end == size ? ahead : 0));
        at = range.end;
    }
    if (at < size) position_ = 0;
}

// Signal lasts until `end`, behind the range or beyond the block.
void Fade::apply_range(std::span<float> block, const SignalRange& range, std::int64_t end) {
    for (std::int64_t i = range.begin; i < range.end; ++i) {
        const auto left = static_cast<double>(end - i);  // with this one
        position_ = left < position_ ? position_ - position_ / left
                                     : std::min({position_ + 1, duration_, left - 1});
        if (position_ >= duration_) continue;
        const float gain = gain_at(position_ / duration_);
        for (auto& sample : block.subspan(static_cast<std::size_t>(i) * channels_, channels_)) {
            sample *= gain;
        }
    }
}

void crossfade(std::span<const float> from, std::span<float> to, int channels,
               std::int64_t position, std::int64_t duration) {
    Expects(from.size() == to.size() && channels > 0);
    const auto step = static_cast<std::size_t>(channels);
    for (std::size_t i = 0; i < to.size(); ++i) {
        const auto time = position + static_cast<std::int64_t>(i / step);
        const float gain = time >= duration
                               ? 1.0F
                               : gain_at(static_cast<double>(time) / static_cast<double>(duration));
        to[i] = from[i] * (1 - gain) + to[i] * gain;
    }
}

}  // namespace weir::playout
