// SPDX-License-Identifier: MIT
// Logging is GStreamer's: plain GST_INFO, GST_WARNING_OBJECT and so on; GST_DEBUG=weir-*:4 shows
// them. The category is the folder's of the file that logs: weir-hls for src/hls. Only for .cpp
// files.
//
// Levels: ERROR lost data or service, WARNING recovered, INFO once per connection or change of
// state, DEBUG per segment, LOG per access unit. Never log a URL as it is: see base/redact.hpp.
// Threads: thread-safe.
#pragma once

#include <gst/gst.h>

#include <string_view>

// What GST_INFO and its relatives log to.
#undef GST_CAT_DEFAULT
#define GST_CAT_DEFAULT weir::base::log_category(__FILE__)

namespace weir::base {

// The category of the folder that the file is in. GStreamer asks only when a message may be shown.
GstDebugCategory* log_category(std::string_view file);

// Calls gst_init once in this process; harmless when the host has done so. Every path from the
// public API to GStreamer passes here first.
void ensure_gst_initialised();

}  // namespace weir::base
