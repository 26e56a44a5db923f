// SPDX-License-Identifier: MIT
#include "segment/cmaf_bandwidth.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "media/grid.hpp"
#include "segment/cmaf_writer.hpp"
#include "segment/peak_ratios.hpp"

namespace weir::segment {

namespace {

double seconds(std::chrono::nanoseconds time) {
    return std::chrono::duration<double>(time).count();
}

double overhead_bps(double units_per_second, media::MediaTime fragment_duration, bool video) {
    const double fragments = 1 / std::max(seconds(fragment_duration), 1 / units_per_second);
    const auto fixed = static_cast<double>(fragment_overhead(0, video));
    const auto each = static_cast<double>(fragment_overhead(1, video)) - fixed;
    return 8 * (fragments * fixed + units_per_second * each);
}

media::Bandwidth bandwidth(double peak, double mean) {
    return {.peak_bps = std::llround(std::ceil(peak)),
            .average_bps = std::llround(std::ceil(mean))};
}

}  // namespace

media::Bandwidth cmaf_bandwidth(const VideoRendition& video, const EncoderLadder& ladder,
                                const Rational& frame_rate, media::MediaTime segment_duration,
                                media::MediaTime fragment_duration) {
    const auto rate = static_cast<double>(video.bitrate_bps);
    const double burst = rate * seconds(ladder.vbv_duration) / seconds(segment_duration);
    const double overhead = overhead_bps(frame_rate.as_double(), fragment_duration, true);
    return bandwidth((rate + burst) * kVideoPeakRatio + overhead, rate + overhead);
}

media::Bandwidth cmaf_bandwidth(const AudioRendition& audio, media::MediaTime fragment_duration) {
    const auto rate = static_cast<double>(audio.bitrate_bps);
    const double units =
        static_cast<double>(audio.sample_rate) / static_cast<double>(media::kAacFrameSamples);
    const double overhead = overhead_bps(units, fragment_duration, false);
    return bandwidth(rate * kAudioPeakRatio + overhead, rate + overhead);
}

}  // namespace weir::segment
