// SPDX-License-Identifier: MIT
#include "segment/message_filter_bin.hpp"

#include <utility>

namespace weir::segment {

namespace {

using Drop = std::function<bool(GstMessage*)>;

struct FilterBin {
    GstBin parent;
    Drop* drop;
};

struct FilterBinClass {
    GstBinClass parent;
};

gpointer parent_class = nullptr;

void handle_message(GstBin* bin, GstMessage* message) noexcept {
    const auto* drop = reinterpret_cast<FilterBin*>(bin)->drop;
    if (drop && (*drop)(message)) return gst_message_unref(message);
    GST_BIN_CLASS(parent_class)->handle_message(bin, message);
}

void finalize(GObject* object) noexcept {
    delete reinterpret_cast<FilterBin*>(object)->drop;
    G_OBJECT_CLASS(parent_class)->finalize(object);
}

void init_class(gpointer type, gpointer) noexcept {
    parent_class = g_type_class_peek_parent(type);
    GST_BIN_CLASS(type)->handle_message = handle_message;
    G_OBJECT_CLASS(type)->finalize = finalize;
}

GType filter_bin_type() {
    static const GType type =
        g_type_register_static_simple(GST_TYPE_BIN, "WeirMessageFilterBin", sizeof(FilterBinClass),
                                      init_class, sizeof(FilterBin), nullptr, GTypeFlags{});
    return type;
}

}  // namespace

base::ObjectPtr<GstElement> make_message_filter_bin(Drop drop) {
    auto bin = base::adopt_object(GST_ELEMENT(g_object_new(filter_bin_type(), nullptr)));
    reinterpret_cast<FilterBin*>(bin.get())->drop = new Drop(std::move(drop));
    return bin;
}

}  // namespace weir::segment
