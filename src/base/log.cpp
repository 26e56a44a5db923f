// SPDX-License-Identifier: MIT
#include "base/log.hpp"

#include <mutex>

namespace weir::base {

void ensure_gst_initialised() {
    static std::once_flag once;
    // gst_init() would end the process when it fails. Without GStreamer no element can be made,
    // which whoever needs one reports as `unsupported`.
    std::call_once(once, [] { gst_init_check(nullptr, nullptr, nullptr); });
}

}  // namespace weir::base
