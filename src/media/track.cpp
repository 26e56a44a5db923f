// SPDX-License-Identifier: MIT
#include "media/track.hpp"

#include <numeric>

#include <gsl/gsl>

#include "media/grid.hpp"

namespace weir::media {

MediaTime track_time(const Track& track, MediaTime time) {
    if (track.kind != TrackKind::audio || track.sample_rate <= 0 || track.frame_samples <= 0) {
        return time;
    }
    const std::int64_t sample = sample_at_or_after(time, track.sample_rate);
    const std::int64_t frame = (sample + track.frame_samples - 1) / track.frame_samples;
    return sample_time(frame * track.frame_samples, track.sample_rate);
}

int timescale(const Track& track) {
    Expects(track.kind != TrackKind::muxed);
    if (track.kind == TrackKind::audio) return track.sample_rate;
    constexpr std::int64_t kAtLeast = 10'000;
    const Rational rate = track.frame_rate;
    Expects(rate.numerator > 0 && rate.denominator > 0);
    std::int64_t scale = rate.numerator / std::gcd(rate.numerator, rate.denominator);
    while (scale < kAtLeast) scale *= 10;
    return gsl::narrow<int>(scale);
}

std::int64_t unit_at_or_after(MediaTime time, std::int64_t units_per_second) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    Expects(time.count() >= 0 && units_per_second > 0 && units_per_second < kSecond);
    // In two steps, so that 64 bits are enough.
    const std::int64_t seconds = time.count() / kSecond;
    const std::int64_t rest = time.count() % kSecond;
    return seconds * units_per_second + (rest * units_per_second + kSecond - 1) / kSecond;
}

std::int64_t track_units(const Track& track, MediaTime time) {
    const std::int64_t unit = unit_at_or_after(time, timescale(track));
    if (track.kind != TrackKind::audio || track.frame_samples <= 0) return unit;
    return (unit + track.frame_samples - 1) / track.frame_samples * track.frame_samples;
}

}  // namespace weir::media
