// SPDX-License-Identifier: MIT
// The caps of what the playout gives.
// Threads: pure functions.
#pragma once

#include <weir/rational.hpp>

#include "base/gst_ptr.hpp"
#include "media/media_sink.hpp"

namespace weir::channel {

base::MiniPtr<GstCaps> raw_video_caps(const media::RawFormat& format, const Rational& frame_rate);
base::MiniPtr<GstCaps> raw_audio_caps(const media::RawFormat& format);

}  // namespace weir::channel
