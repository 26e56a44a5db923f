// SPDX-License-Identifier: MIT
// A GstPipeline that is stopped when it goes, and whose messages go to a function.
// Threads: made, started and destroyed on the control thread; the message function runs on
// GStreamer's threads.
#pragma once

#include <gst/gst.h>

#include <functional>
#include <string>

#include <weir/result.hpp>

#include "base/gst_ptr.hpp"

namespace weir::base {

class Pipeline {
public:
    explicit Pipeline(const std::string& name);
    // Sets NULL and waits for it: none of the pipeline's threads run any more.
    ~Pipeline();
    Pipeline(const Pipeline&) = delete;
    Pipeline& operator=(const Pipeline&) = delete;

    [[nodiscard]] GstBin* bin() const { return GST_BIN(pipeline_.get()); }
    [[nodiscard]] GstElement* element() const { return pipeline_.get(); }

    // Makes an element and puts it into the pipeline, which owns it.
    // Errors: unsupported, with the name of the missing element.
    Result<GstElement*> add(const char* factory, const std::string& name = {});

    // Called with each message, on the thread that posts it. Set before start().
    void on_message(std::function<void(GstMessage*)> handler);

    // To PLAYING. Errors: internal when an element refuses at once; its own error message, if any,
    // is handed to on_message too.
    Result<void> start();

private:
    ObjectPtr<GstElement> pipeline_;
};

// Makes an element, floating. Errors: unsupported, with the name of the missing element.
Result<GstElement*> make_gst_element(const char* factory, const std::string& name = {});

// "element: message (debug)" of an ERROR or WARNING message.
std::string message_text(GstMessage* message);

}  // namespace weir::base
