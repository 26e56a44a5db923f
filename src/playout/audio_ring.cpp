// SPDX-License-Identifier: MIT
#include "playout/audio_ring.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace weir::playout {

namespace {
constexpr float kNothing = std::numeric_limits<float>::quiet_NaN();
constexpr int kSeconds = 4;
constexpr double kSmoothing = 0.05;
}  // namespace

AudioRing::AudioRing(int sample_rate, int channels)
    : rate_(sample_rate),
      channels_(channels),
      capacity_(std::int64_t{sample_rate} * kSeconds),
      ring_(static_cast<std::size_t>(capacity_ * channels), kNothing) {}

void AudioRing::begin(std::int64_t sample) {
    read_ = sample;
    std::fill(ring_.begin(), ring_.end(), kNothing);
    break_continuity();
}

void AudioRing::shift(std::int64_t samples) {
    shift_ += samples;
    read_ += samples;
    if (next_) *next_ += samples;
}

void AudioRing::seek(std::int64_t sample) {
    const std::int64_t end = std::min(sample, read_ + capacity_);
    for (std::int64_t s = read_; s < end; ++s) std::fill_n(at(s), channels_, kNothing);
    read_ = sample;
}

bool AudioRing::has_room(std::int64_t sample) const {
    return sample < read_ + capacity_ / 2;
}

std::size_t AudioRing::index(std::int64_t sample) const {
    const std::int64_t place = ((sample - shift_) % capacity_ + capacity_) % capacity_;
    return static_cast<std::size_t>(place * channels_);
}

std::int64_t AudioRing::place(std::int64_t sample, bool exact) {
    const double replace = rate_ * (exact ? 0.002 : 0.010);
    const double slew = rate_ * 0.005;
    if (!next_ || std::abs(static_cast<double>(sample - *next_)) > replace) {
        error_ = 0;
        return sample;
    }
    error_ += (static_cast<double>(sample - *next_) - error_) * kSmoothing;
    if (std::abs(error_) <= slew) return *next_;
    return *next_ + (error_ > 0 ? 1 : -1);
}

void AudioRing::write(std::int64_t sample, std::span<const float> samples, bool exact) {
    const auto count = static_cast<std::int64_t>(samples.size()) / channels_;
    const std::int64_t start = place(sample, exact);
    // One sample time moved ahead would leave a hole of one: fill it with its neighbour.
    if (next_ && start == *next_ + 1 && *next_ >= read_ && count > 0) {
        std::copy_n(samples.data(), channels_, at(*next_));
    }
    next_ = start + count;
    const std::int64_t from = std::max(start, read_);
    const std::int64_t to = std::min(start + count, read_ + capacity_);
    for (std::int64_t s = from; s < to; ++s) {
        std::copy_n(samples.data() + (s - start) * channels_, channels_, at(s));
    }
}

std::vector<SignalRange> AudioRing::read(std::span<float> samples) {
    const auto count = static_cast<std::int64_t>(samples.size()) / channels_;
    std::vector<SignalRange> ranges;
    for (std::int64_t i = 0; i < count; ++i) {
        float* from = at(read_ + i);
        float* to = samples.data() + i * channels_;
        const bool nothing = std::isnan(*from);
        if (!nothing && (ranges.empty() || ranges.back().end < i)) ranges.push_back({i, i});
        if (!nothing) ranges.back().end = i + 1;
        for (int c = 0; c < channels_; ++c) to[c] = nothing ? 0.0F : from[c];
        std::fill_n(from, channels_, kNothing);
    }
    read_ += count;
    return ranges;
}

std::int64_t AudioRing::written(std::int64_t most) const {
    std::int64_t count = 0;
    while (count < most && !std::isnan(ring_[index(read_ + count)])) ++count;
    return count;
}

}  // namespace weir::playout
