// SPDX-License-Identifier: MIT
// Pulls from an RTMP server: rtmp2src fetches, our own FLV reader takes it apart, because an
// in-process library must not hand bytes from the network to flvdemux unchecked, and because
// flvdemux waits six seconds for a stream that may never come.
#include <gst/app/gstappsink.h>

#include <atomic>
#include <chrono>
#include <utility>

#include "base/callback.hpp"
#include "ingest/farewell.hpp"
#include "ingest/flv_feed.hpp"
#include "ingest/play.hpp"
#include "ingest/source.hpp"
#include "ingest/unit_feed.hpp"

namespace weir::ingest {

namespace {

using base::adopt_mini;

class RtmpPullSource final : public Source {
public:
    RtmpPullSource(RtmpPull config, const Delivery& delivery, SourceEvents events)
        : config_(std::move(config)),
          failed_(events.failed),
          events_(farewell_.wrapped(std::move(events))),
          pipeline_("weir-rtmp-pull"),
          feed_(pipeline_, delivery, events_,
                media::TimelineRepairOptions{.wrap = media::kRtmpWrap}),
          units_(feed_),
          reader_([this](const FlvUnit& unit) { units_.push(unit); }) {}

    // The pipeline's threads use all members, and stop here.
    ~RtmpPullSource() override {
        feed_.stop();
        gst_element_set_state(pipeline_.element(), GST_STATE_NULL);
        gst_element_get_state(pipeline_.element(), nullptr, nullptr, GST_CLOCK_TIME_NONE);
    }

    Result<void> start() override {
        auto source = pipeline_.add("rtmp2src");
        if (!source) return source.error();
        const auto idle = std::chrono::ceil<std::chrono::seconds>(config_.idle_timeout);
        g_object_set(*source, "location", config_.url.c_str(), "idle-timeout",
                     static_cast<guint>(idle.count()), nullptr);
        auto sink = pipeline_.add("appsink");
        if (!sink) return sink.error();
        g_object_set(*sink, "sync", FALSE, "async", FALSE, "max-buffers", 1U, "wait-on-eos", FALSE,
                     "emit-signals", TRUE, "enable-last-sample", FALSE, nullptr);
        base::connect<GstFlowReturn, GstElement*>(
            *sink, "new-sample", [this](GstElement* from) { return on_bytes(from); });
        base::connect<void, GstElement*>(*sink, "eos", [this](GstElement*) { on_end(); });
        gst_element_link(*source, *sink);
        return play(pipeline_, events_.failed);
    }

    void set_decoding(bool decoding) override { feed_.set_decoding(decoding); }
    std::uint64_t arrivals() const override { return feed_.arrivals(); }
    StreamInfo info() const override { return feed_.info(); }
    UnitFigures figures() const override { return feed_.figures(); }

private:
    using SteadyClock = std::chrono::steady_clock;

    // rtmp2src ends the stream in the same way when the server does and when it is silent too long.
    void on_end() {
        const auto silence = std::chrono::duration_cast<std::chrono::milliseconds>(
            SteadyClock::now() - last_bytes_.load());
        const bool silent = silence >= config_.idle_timeout;
        farewell_.begin([failed = failed_,
                         cause = silent ? "no data for " + std::to_string(silence.count()) + " ms"
                                        : "the server ended the stream"] { failed(cause); });
        feed_.end();
    }

    GstFlowReturn on_bytes(GstElement* appsink) {
        const auto sample = adopt_mini(gst_app_sink_pull_sample(GST_APP_SINK(appsink)));
        if (!sample) return GST_FLOW_EOS;
        last_bytes_ = SteadyClock::now();
        GstBuffer* buffer = gst_sample_get_buffer(sample.get());
        GstMapInfo map;
        if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return GST_FLOW_OK;
        const auto read = reader_.push(std::as_bytes(std::span(map.data, map.size)));
        gst_buffer_unmap(buffer, &map);
        if (read) return GST_FLOW_OK;
        events_.failed(read.error().message);
        return GST_FLOW_EOS;
    }

    const RtmpPull config_;
    const std::function<void(std::string)> failed_;
    Farewell farewell_;
    const SourceEvents events_;
    std::atomic<SteadyClock::time_point> last_bytes_{SteadyClock::now()};
    base::Pipeline pipeline_;
    UnitFeed feed_;
    FlvFeed units_;
    FlvReader reader_;
};

}  // namespace

std::unique_ptr<Source> make_source(const RtmpPull& config, const Delivery& delivery,
                                    SourceEvents events) {
    return std::make_unique<RtmpPullSource>(config, delivery, std::move(events));
}

}  // namespace weir::ingest
