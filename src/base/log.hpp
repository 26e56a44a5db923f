// SPDX-License-Identifier: MIT
// Logging is GStreamer's: WEIR_LOG_CATEGORY(hls) once in a .cpp, outside of any namespace, then
// plain GST_INFO, GST_WARNING_OBJECT and so on; GST_DEBUG=weir-*:4 shows them. All files of a
// folder name the same category, the folder's. Only for .cpp files.
//
// Levels: ERROR lost data or service, WARNING recovered, INFO once per connection or change of
// state, DEBUG per segment, LOG per access unit. Never log a URL as it is: see base/redact.hpp.
// Threads: thread-safe.
#pragma once

#include <gst/gst.h>

// Asking twice for one name gives the same category, so the files of a folder share it.
#define WEIR_LOG_CATEGORY(folder)                                                      \
    namespace {                                                                        \
    [[maybe_unused]] GstDebugCategory* weir_log_category() {                           \
        static GstDebugCategory* const category =                                      \
            _gst_debug_category_new("weir-" #folder, 0, "weir's folder src/" #folder); \
        return category;                                                               \
    }                                                                                  \
    }                                                                                  \
    static_assert(true, "wants a semicolon")

// What GST_INFO and its relatives log to.
#undef GST_CAT_DEFAULT
#define GST_CAT_DEFAULT weir_log_category()

namespace weir::base {

// Calls gst_init once in this process; harmless when the host has done so. Every path from the
// public API to GStreamer passes here first.
void ensure_gst_initialised();

}  // namespace weir::base
