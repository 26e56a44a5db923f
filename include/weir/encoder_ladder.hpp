// SPDX-License-Identifier: MIT
/// @file
/// What is encoded: the renditions of the adaptive ladder.
/// Threads: values; no rule of their own.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <weir/export.hpp>

namespace weir {

/// How the encoder spends bits.
enum class RateControl {
    capped_quality,  ///< constant quality (`crf`), never above bitrate_bps: easy pictures cost less
    cbr              ///< constant bit rate within the buffer of EncoderLadder::vbv_duration
};

/// One H.264 video rendition. Width and height are even and at least 16.
struct VideoRendition {
    std::string name{};  ///< part of URLs: letters, digits, '-', '_'; unique in the ladder
    int width = 0;
    int height = 0;
    std::int64_t bitrate_bps = 0;  ///< the cap (capped_quality) or the target (cbr)
    RateControl rate_control = RateControl::capped_quality;
    int crf = 23;     ///< x264's constant rate factor, 1 (best) to 51, with capped_quality
    int threads = 1;  ///< encoder threads; one is cheapest if a core can hold this rendition

    friend bool operator==(const VideoRendition&, const VideoRendition&) = default;
};

/// One AAC-LC audio rendition.
struct AudioRendition {
    std::string name = "aac";  ///< as VideoRendition::name
    std::int64_t bitrate_bps = 128'000;
    int sample_rate = 48'000;  ///< 44100 or 48000 Hz
    int channels = 2;          ///< 1 or 2

    friend bool operator==(const AudioRendition&, const AudioRendition&) = default;
};

/// The source as it is, neither decoded nor encoded: cut at its own keyframes, in a multivariant
/// playlist of its own, <name>.m3u8 beside index.m3u8. H.264 and AAC.
struct Passthrough {
    std::string name = "source";  ///< as VideoRendition::name
    /// The longest segment, at least two of the output's; a source whose keyframes are further
    /// apart raises an alert.
    std::chrono::milliseconds max_segment_duration{10'000};

    friend bool operator==(const Passthrough&, const Passthrough&) = default;
};

/// The set of renditions; every video rendition has its IDR frames at the same instants.
struct EncoderLadder {
    std::vector<VideoRendition> video{};
    std::vector<AudioRendition> audio{};
    std::optional<Passthrough> passthrough{};  ///< alone (no video, no audio), or beside the others
    /// Distance of IDR frames; must divide the segment duration of every output.
    std::chrono::milliseconds gop{1000};
    /// Size of the video buffering verifier: a rendition never exceeds its bitrate by more than
    /// this much of it at once.
    std::chrono::milliseconds vbv_duration{1000};
    /// x264's speed preset, "ultrafast" to "placebo".
    std::string preset = "veryfast";

    /// 1080p 5 Mbit/s, 720p 2.8, 480p 1.2, 360p 0.7, with stereo AAC.
    static WEIR_API EncoderLadder hd1080();
    /// 720p 2.8 Mbit/s, 480p 1.2, 360p 0.7, with stereo AAC.
    static WEIR_API EncoderLadder hd720();
    /// 480p 1.2 Mbit/s, 360p 0.7, with stereo AAC.
    static WEIR_API EncoderLadder sd();

    friend bool operator==(const EncoderLadder&, const EncoderLadder&) = default;
};

}  // namespace weir
