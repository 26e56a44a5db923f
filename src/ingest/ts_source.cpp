// SPDX-License-Identifier: MIT
#include "ingest/ts_source.hpp"

#include <gst/app/gstappsink.h>

#include <utility>

#include "base/callback.hpp"

namespace weir::ingest {

using base::adopt_mini;

TsSource::TsSource(const std::string& name, const Delivery& delivery, const TsSelection& select,
                   SourceEvents events)
    : failed_(events.failed),
      events_(farewell_.wrapped(std::move(events))),
      pipeline_(name),
      feed_(pipeline_, delivery, events_),
      ts_(pipeline_, feed_, select, events_.failed) {}

TsSource::~TsSource() {
    shut_down();
}

void TsSource::shut_down() {
    ts_.stop();
    feed_.stop();
    ts_.close();
    gst_element_set_state(pipeline_.element(), GST_STATE_NULL);
    gst_element_get_state(pipeline_.element(), nullptr, nullptr, GST_CLOCK_TIME_NONE);
}

Result<void> TsSource::receive_from(GstElement* last) {
    auto sink = pipeline_.add("appsink");
    if (!sink) return sink.error();
    g_object_set(*sink, "sync", FALSE, "async", FALSE, "max-buffers", 1U, "wait-on-eos", FALSE,
                 "emit-signals", TRUE, "enable-last-sample", FALSE, nullptr);
    base::connect<GstFlowReturn, GstElement*>(*sink, "new-sample",
                                              [this](GstElement* from) { return on_bytes(from); });
    base::connect<void, GstElement*>(*sink, "eos", [this](GstElement*) {
        note_loss("the sender left");
        ts_.end();
    });
    gst_element_link(last, *sink);
    return {};
}

GstFlowReturn TsSource::on_bytes(GstElement* appsink) {
    const auto sample = adopt_mini(gst_app_sink_pull_sample(GST_APP_SINK(appsink)));
    if (!sample) return GST_FLOW_EOS;
    receiving_ = true;
    GstBuffer* buffer = gst_sample_get_buffer(sample.get());
    GstMapInfo map;
    if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return GST_FLOW_OK;
    const auto read = ts_.push(std::as_bytes(std::span(map.data, map.size)));
    gst_buffer_unmap(buffer, &map);
    if (read) return GST_FLOW_OK;
    events_.failed(read.error().message);
    return GST_FLOW_EOS;
}

}  // namespace weir::ingest
