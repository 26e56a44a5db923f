// SPDX-License-Identifier: MIT
// The ladder as a GStreamer bin: every rendition is scaled and encoded from the same frames, with
// its IDR frames at the same instants. Threads: make on any thread; the bin follows GStreamer's
// rules.
#pragma once

#include <chrono>
#include <optional>

#include <weir/encoder_ladder.hpp>
#include <weir/rational.hpp>
#include <weir/result.hpp>

#include "base/gst_ptr.hpp"

namespace weir::encode {

// Pads: sinks "video" and, if the ladder has audio, "audio" (raw); sources "video_<name>"
// (video/x-h264) and "audio_<name>" (audio/mpeg). The running time of the frames decides where the
// IDR frames lie: the first frame at or after each multiple of ladder.gop.
// `frame_rate` says how many frames a GOP has at least, and so how far an encoder may look ahead.
// `longest_delay`, if there is one: how long a frame may stay in an encoder, at the cost of some
// quality (a shorter lookahead, fewer B-frames).
// Errors: unsupported when a plugin is missing.
Result<base::ObjectPtr<GstElement>> make_encoder_ladder(
    const EncoderLadder& ladder, const Rational& frame_rate,
    std::optional<std::chrono::nanoseconds> longest_delay = {});

}  // namespace weir::encode
