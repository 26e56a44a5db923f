// SPDX-License-Identifier: MIT
#include "base/pipeline.hpp"

#include <utility>

namespace weir::base {

Result<GstElement*> make_gst_element(const char* factory, const std::string& name) {
    GstElement* element = gst_element_factory_make(factory, name.empty() ? nullptr : name.c_str());
    if (!element) {
        return Error{ErrorCode::unsupported, std::string("GStreamer element \"") + factory +
                                                 "\" is missing: install the plugin that has it"};
    }
    return element;
}

Pipeline::Pipeline(const std::string& name)
    : pipeline_(adopt_object(gst_pipeline_new(name.empty() ? nullptr : name.c_str()))) {}

Pipeline::~Pipeline() {
    gst_element_set_state(element(), GST_STATE_NULL);
    gst_element_get_state(element(), nullptr, nullptr, GST_CLOCK_TIME_NONE);
    const auto bus = adopt_object(gst_element_get_bus(element()));
    gst_bus_set_sync_handler(bus.get(), nullptr, nullptr, nullptr);
}

Result<GstElement*> Pipeline::add(const char* factory, const std::string& name) {
    auto made = make_gst_element(factory, name);
    if (made) gst_bin_add(bin(), *made);
    return made;
}

void Pipeline::on_message(std::function<void(GstMessage*)> handler) {
    using Handler = std::function<void(GstMessage*)>;
    const auto bus = adopt_object(gst_element_get_bus(element()));
    const auto call = +[](GstBus*, GstMessage* message, gpointer data) noexcept {
        (*static_cast<Handler*>(data))(message);
        gst_message_unref(message);  // a handler that drops it owns it
        return GST_BUS_DROP;         // nobody reads the queue, so it must not fill
    };
    gst_bus_set_sync_handler(
        bus.get(), call, new Handler(std::move(handler)),
        +[](gpointer data) noexcept { delete static_cast<Handler*>(data); });
}

Result<void> Pipeline::start() {
    if (gst_element_set_state(element(), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
        return Error{ErrorCode::internal, "the pipeline does not start"};
    }
    return {};
}

std::string message_text(GstMessage* message) {
    GError* error = nullptr;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING) {
        gst_message_parse_warning(message, &error, nullptr);
    } else {
        gst_message_parse_error(message, &error, nullptr);
    }
    const GErrorPtr owner(error);
    return error ? error->message : "unknown error";
}

}  // namespace weir::base
