// SPDX-License-Identifier: MIT
// Whether GStreamer has a decoder for something, asked before media of it is let in.
// Threads: thread-safe.
#pragma once

#include <weir/result.hpp>

#include "base/gst_ptr.hpp"

namespace weir::ingest {

// Errors: unsupported, with the codec: no plugin that is installed, and that decodebin would
// choose, decodes it.
Result<void> check_decodable(const GstCaps* caps);

}  // namespace weir::ingest
