// SPDX-License-Identifier: MIT
#include "playout/content_watch.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace weir::playout {

using media::MediaTime;

namespace {

constexpr double kBlack = 16;  // ITU-R BT.709 6.10: 8-bit video range
constexpr double kWhite = 235;
constexpr std::size_t kRowStep = 16;
constexpr std::size_t kPixelStep = 4;

void note(std::optional<MediaTime>& since, bool so, MediaTime now) {
    if (!so) {
        since.reset();
    } else if (!since) {
        since = now;
    }
}

}  // namespace

double mean_luma(const LumaPlane& plane) {
    const auto width = static_cast<std::size_t>(plane.width);
    const auto height = static_cast<std::size_t>(plane.height);
    const auto stride = static_cast<std::size_t>(plane.stride);
    std::uint64_t sum = 0;
    std::uint64_t count = 0;
    for (std::size_t y = std::min(kRowStep / 2, height / 2); y < height; y += kRowStep) {
        const auto row = plane.bytes.subspan(y * stride, width);
        std::uint32_t row_sum = 0;
        // Another column in each row, so that fine vertical lines are not missed.
        for (std::size_t x = y / kRowStep % kPixelStep; x < width; x += kPixelStep) {
            row_sum += row[x];
            ++count;
        }
        sum += row_sum;
    }
    if (count == 0) return 0;
    const double mean = static_cast<double>(sum) / static_cast<double>(count);
    return std::clamp((mean - kBlack) / (kWhite - kBlack), 0.0, 1.0);
}

double level_dbfs(std::span<const float> samples) {
    // Four sums, so that one addition need not wait for the other.
    double sums[4] = {};
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const double sample = static_cast<double>(samples[i]);
        sums[i % 4] += sample * sample;
    }
    const double sum = sums[0] + sums[1] + sums[2] + sums[3];
    if (!(sum > 0)) return -std::numeric_limits<double>::infinity();
    return 10 * std::log10(sum / static_cast<double>(samples.size()));
}

void ContentWatch::picture(MediaTime now, double luma) {
    note(black_since_, black_threshold_ && luma <= *black_threshold_, now);
}

void ContentWatch::sound(MediaTime now, double dbfs) {
    note(silent_since_, silence_threshold_ && dbfs <= *silence_threshold_, now);
}

}  // namespace weir::playout
