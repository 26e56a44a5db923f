// SPDX-License-Identifier: MIT
#include "segment/ts_bandwidth.hpp"

#include <chrono>
#include <cmath>

#include "segment/peak_ratios.hpp"

namespace weir::segment {

namespace {

// ISO/IEC 13818-1: packets of 188 bytes, 4 of them header.
constexpr double kPacketBits = 188 * 8;
constexpr double kPayloadRatio = 188.0 / 184.0;
// Each access unit: PES header (19 bytes), clock reference (8), and on average half a packet of
// stuffing; at most a whole packet and the header.
constexpr double kUnitBitsPeak = kPacketBits + 27 * 8;
constexpr double kUnitBitsMean = kPacketBits / 2 + 27 * 8;
// PAT and PMT ten times a second, and the clock references between.
constexpr double kTableBps = 3 * 10 * kPacketBits;

double as_seconds(std::chrono::nanoseconds time) {
    return std::chrono::duration<double>(time).count();
}

}  // namespace

media::Bandwidth ts_bandwidth(const VideoRendition& video, const AudioRendition* audio,
                              const EncoderLadder& ladder, const Rational& frame_rate,
                              media::MediaTime segment_duration) {
    const auto rate = static_cast<double>(video.bitrate_bps);
    const double burst = rate * as_seconds(ladder.vbv_duration) / as_seconds(segment_duration);
    double peak = (rate + burst) * kVideoPeakRatio * kPayloadRatio +
                  frame_rate.as_double() * kUnitBitsPeak + kTableBps;
    double mean = rate * kPayloadRatio + frame_rate.as_double() * kUnitBitsMean + kTableBps;
    if (audio) {
        const auto audio_rate = static_cast<double>(audio->bitrate_bps);
        const double units = static_cast<double>(audio->sample_rate) / 1024.0;
        peak += audio_rate * kAudioPeakRatio * kPayloadRatio + units * kUnitBitsPeak;
        mean += audio_rate * kPayloadRatio + units * kUnitBitsMean;
    }
    return {.peak_bps = std::llround(std::ceil(peak)),
            .average_bps = std::llround(std::ceil(mean))};
}

}  // namespace weir::segment
