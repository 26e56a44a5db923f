// SPDX-License-Identifier: MIT
// One audio rendition: converter and AAC encoder.
// Threads: as encoder_ladder.hpp.
#pragma once

#include <weir/encoder_ladder.hpp>
#include <weir/result.hpp>

#include "base/gst_ptr.hpp"

namespace weir::encode {

// A bin with pads "sink" (audio/x-raw) and "src" (audio/mpeg, raw AAC-LC).
// Errors: unsupported when a plugin is missing.
Result<base::ObjectPtr<GstElement>> make_audio_encoder(const AudioRendition& rendition);

}  // namespace weir::encode
