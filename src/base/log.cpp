// SPDX-License-Identifier: MIT
#include "base/log.hpp"

#include <mutex>
#include <string>

namespace weir::base {

GstDebugCategory* log_category(std::string_view file) {
    file = file.substr(0, file.rfind('/'));
    const std::string folder(file.substr(file.rfind('/') + 1));
    // Asking twice for one name gives the same category.
    return _gst_debug_category_new(("weir-" + folder).c_str(), 0,
                                   ("weir's folder src/" + folder).c_str());
}

void ensure_gst_initialised() {
    static std::once_flag once;
    // gst_init() would end the process when it fails. Without GStreamer no element can be made,
    // which whoever needs one reports as `unsupported`.
    std::call_once(once, [] { gst_init_check(nullptr, nullptr, nullptr); });
}

}  // namespace weir::base
