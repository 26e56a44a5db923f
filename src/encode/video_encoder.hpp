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

// x264's options that are no properties of its element.
std::string x264_options();

}  // namespace weir::encode
