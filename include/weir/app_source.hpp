// SPDX-License-Identifier: MIT
/// @file
/// The host's own media as an input of a channel (AppInput).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <weir/bytes.hpp>
#include <weir/export.hpp>
#include <weir/rational.hpp>
#include <weir/result.hpp>

typedef struct _GstSample GstSample;

namespace weir {

/// What the host pushes.
struct AppFormat {
    /// "I420", "NV12", "RGB", "BGRA" ...: GStreamer's raw video formats; "h264" and "hevc": access
    /// units as byte streams (ISO/IEC 14496-10 annex B, ISO/IEC 23008-2); "": no video.
    std::string video = "I420";
    int width = 0;
    int height = 0;
    Rational frame_rate{30, 1};
    /// "F32LE", "S16LE": interleaved samples; "aac": AAC frames with ADTS headers; "": no audio.
    std::string audio = "F32LE";
    int sample_rate = 48'000;
    int channels = 2;
    /// What a push does when there is no room (a quarter of a second of media): waits, with false
    /// answers unavailable at once.
    bool block = true;

    friend bool operator==(const AppFormat&, const AppFormat&) = default;
};

/// The host's end of an AppInput. One source belongs to one input of one channel; the channel may
/// be stopped and started again.
///
/// Times are the source's own: audio and video share one clock, wherever that begins.
/// Back-pressure: a push that finds no room waits, or says so (AppFormat::block). While no channel
/// runs with it everything is taken and dropped.
/// Threads: thread-safe; video and audio may come from two threads.
class WEIR_API AppSource {
public:
    /// Errors: invalid_argument names the field.
    static Result<std::shared_ptr<AppSource>> create(AppFormat format);
    virtual ~AppSource() = default;

    /// One picture, tightly packed planes, or one access unit; the bytes are copied.
    /// `dts` is for access units with reordered pictures; otherwise equal to `pts`.
    /// Errors: unavailable when there is no room; invalid_argument for a wrong size.
    virtual Result<void> push_video(std::chrono::nanoseconds pts,
                                    std::span<const std::byte> picture) = 0;
    virtual Result<void> push_video(std::chrono::nanoseconds pts, std::chrono::nanoseconds dts,
                                    std::span<const std::byte> access_unit) = 0;
    /// Interleaved samples, or one AAC frame; the bytes are copied.
    virtual Result<void> push_audio(std::chrono::nanoseconds pts,
                                    std::span<const std::byte> samples) = 0;
    /// A GstSample with caps, nothing is copied; the reference stays the caller's.
    virtual Result<void> push_sample(GstSample* sample) = 0;
    /// Nothing follows: the input is lost until something does.
    virtual void end() = 0;

    [[nodiscard]] virtual const AppFormat& format() const = 0;

protected:
    AppSource() = default;
};

}  // namespace weir
