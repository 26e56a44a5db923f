// SPDX-License-Identifier: MIT
// C callbacks into C++ functions: the one place that casts a gpointer back. The function lives as
// long as the connection. It must not throw: nothing can unwind through C.
// Threads: the callback runs where GLib or GStreamer calls it.
#pragma once

#include <gst/gst.h>

#include <functional>
#include <type_traits>
#include <utility>

namespace weir::base {

// Connects to a signal; the function's first argument is the instance.
template <class R, class... Args>
gulong connect(gpointer instance, const char* signal,
               std::type_identity_t<std::function<R(Args...)>> function) {
    using Function = std::function<R(Args...)>;
    const auto call = +[](Args... args, gpointer data) noexcept -> R {
        return (*static_cast<Function*>(data))(args...);
    };
    const auto destroy =
        +[](gpointer data, GClosure*) noexcept { delete static_cast<Function*>(data); };
    return g_signal_connect_data(instance, signal, G_CALLBACK(call),
                                 new Function(std::move(function)), destroy, GConnectFlags{});
}

using PadProbe = std::function<GstPadProbeReturn(GstPad*, GstPadProbeInfo*)>;

inline gulong add_probe(GstPad* pad, GstPadProbeType type, PadProbe probe) {
    const auto call = +[](GstPad* p, GstPadProbeInfo* info, gpointer data) noexcept {
        return (*static_cast<PadProbe*>(data))(p, info);
    };
    return gst_pad_add_probe(
        pad, type, call, new PadProbe(std::move(probe)),
        +[](gpointer data) noexcept { delete static_cast<PadProbe*>(data); });
}

}  // namespace weir::base
