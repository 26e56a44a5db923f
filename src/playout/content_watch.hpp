// SPDX-License-Identifier: MIT
// Whether an input shows black or is silent, and since when.
// Threads: one thread at a time. Pure: has no clock.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include <weir/config.hpp>

#include "media/time.hpp"

namespace weir::playout {

// A picture's luma plane: 8 bits, video range.
struct LumaPlane {
    std::span<const std::uint8_t> bytes;
    int width = 0;
    int height = 0;
    int stride = 0;
};

// Mean luma from 0 (video black) to 1, of a part of the pixels that lie all over the picture: 20
// microseconds at 1080p.
double mean_luma(const LumaPlane& plane);

// Root mean square in dBFS: 0 is a full-scale square wave, -3 a sine; -infinity: digital silence.
double level_dbfs(std::span<const float> samples);

class ContentWatch {
public:
    explicit ContentWatch(const Failover& config)
        : black_threshold_(config.black_threshold), silence_threshold_(config.silence_threshold) {}

    // Whether anybody wants to know: measuring costs.
    [[nodiscard]] bool watches_pictures() const { return black_threshold_.has_value(); }
    [[nodiscard]] bool watches_sound() const { return silence_threshold_.has_value(); }

    // A picture or block of sound that came at `now`.
    void picture(media::MediaTime now, double luma);
    void sound(media::MediaTime now, double dbfs);

    // Since when each has been at or below its threshold; empty: it is not.
    [[nodiscard]] std::optional<media::MediaTime> black_since() const { return black_since_; }
    [[nodiscard]] std::optional<media::MediaTime> silent_since() const { return silent_since_; }

private:
    std::optional<double> black_threshold_;
    std::optional<double> silence_threshold_;
    std::optional<media::MediaTime> black_since_;
    std::optional<media::MediaTime> silent_since_;
};

}  // namespace weir::playout
