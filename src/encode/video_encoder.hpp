// SPDX-License-Identifier: MIT
// One video rendition: scaler and H.264 encoder.
// Threads: as encoder_ladder.hpp.
#pragma once

#include <string>

#include <weir/encoder_ladder.hpp>
#include <weir/result.hpp>

#include "base/gst_ptr.hpp"

namespace weir::encode {

// A bin with pads "sink" (video/x-raw) and "src" (video/x-h264): High profile, or a lower one whose
// tools suffice for the preset ("ultrafast" is Constrained Baseline).
// Errors: unsupported when a plugin is missing.
Result<base::ObjectPtr<GstElement>> make_video_encoder(const VideoRendition& rendition,
                                                       const EncoderLadder& ladder);

// Keeps the delay of the encoder in a bin of make_video_encoder() below `gop_frames` by a shorter
// lookahead and fewer B-frames if need be; in a GOP of less than 4 every frame is an IDR frame.
// GstVideoEncoder merges a request for a key unit with one whose frame is still inside the encoder:
// with a longer delay IDR frames would be lost. Before the bin is started.
void limit_delay(GstElement* bin, const VideoRendition& rendition, const std::string& preset,
                 int gop_frames);

// x264's options that are no properties of its element.
std::string x264_options();

}  // namespace weir::encode
