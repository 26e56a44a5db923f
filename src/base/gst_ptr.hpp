// SPDX-License-Identifier: MIT
// Owners for GLib's and GStreamer's counted objects: the only place that calls unref. `adopt` takes
// over a reference that the caller has, `borrow` adds one.
// Threads: as the object's own.
#pragma once

#include <gst/gst.h>

#include <memory>

namespace weir::base {

struct ObjectUnref {
    void operator()(gpointer object) const noexcept { g_object_unref(object); }
};
template <class T>
using ObjectPtr = std::unique_ptr<T, ObjectUnref>;

// A floating reference is sunk; otherwise the caller's reference is taken over.
template <class T>
ObjectPtr<T> adopt_object(T* object) {
    if (object && g_object_is_floating(object)) g_object_ref_sink(object);
    return ObjectPtr<T>(object);
}
template <class T>
ObjectPtr<T> borrow_object(T* object) {
    if (object) g_object_ref(object);
    return ObjectPtr<T>(object);
}

struct MiniUnref {
    template <class T>
    void operator()(T* object) const noexcept {
        gst_mini_object_unref(GST_MINI_OBJECT_CAST(object));
    }
};
// GstBuffer, GstCaps, GstSample, GstMessage, GstEvent ...
template <class T>
using MiniPtr = std::unique_ptr<T, MiniUnref>;

template <class T>
MiniPtr<T> adopt_mini(T* object) {
    return MiniPtr<T>(object);
}
template <class T>
MiniPtr<T> borrow_mini(T* object) {
    if (object) gst_mini_object_ref(GST_MINI_OBJECT_CAST(object));
    return MiniPtr<T>(object);
}

struct GFree {
    void operator()(gpointer memory) const noexcept { g_free(memory); }
};
using GString = std::unique_ptr<char, GFree>;

struct ErrorFree {
    void operator()(GError* error) const noexcept { g_error_free(error); }
};
using GErrorPtr = std::unique_ptr<GError, ErrorFree>;

}  // namespace weir::base
