// SPDX-License-Identifier: MIT
/// @file
/// Contribution inputs: where a channel's pictures and sound come from.
/// Threads: values; no rule of their own.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>

#include <weir/rational.hpp>

namespace weir {

/// Colour bars with a running clock (UTC), a flash and a beep at every full second.
struct TestPattern {
    int width = 1280;
    int height = 720;
    Rational frame_rate{30, 1};
    bool clock = true;  ///< draw the time of day (needs GStreamer's pango plugin)
    bool beep = true;   ///< 1 kHz for 100 ms, and a white field, at every full second

    friend bool operator==(const TestPattern&, const TestPattern&) = default;
};

/// A media file of any kind that GStreamer can demultiplex and decode, played at its own speed.
struct FileInput {
    std::string path{};
    bool loop = false;  ///< begin again at the end; otherwise the input is lost there

    friend bool operator==(const FileInput&, const FileInput&) = default;
};

/// Pulls a stream that someone publishes to an RTMP server.
struct RtmpPull {
    /// rtmp://host[:port]/application/stream. The last part is often a secret: weir never logs it.
    std::string url{};
    /// With no data for so long the connection is given up and made again.
    std::chrono::milliseconds idle_timeout{5000};

    friend bool operator==(const RtmpPull&, const RtmpPull&) = default;
};

/// One contribution input.
using Ingest = std::variant<TestPattern, FileInput, RtmpPull>;

}  // namespace weir
