// SPDX-License-Identifier: MIT
// A GstBin that keeps some of its children's messages to itself.
// Threads: make on any thread; the filter runs where a child posts its message.
#pragma once

#include <gst/gst.h>

#include <functional>

#include "base/gst_ptr.hpp"

namespace weir::segment {

// `drop` says of each message of a child whether it goes no further. It lives as long as the bin.
base::ObjectPtr<GstElement> make_message_filter_bin(std::function<bool(GstMessage*)> drop);

}  // namespace weir::segment
