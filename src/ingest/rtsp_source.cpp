// SPDX-License-Identifier: MIT
// Plays a stream of an RTSP server.
#include <gst/rtsp/gstrtsptransport.h>

#include <chrono>
#include <string>
#include <utility>

#include "base/callback.hpp"
#include "ingest/pad_source.hpp"
#include "ingest/play.hpp"

namespace weir::ingest {

namespace {

class RtspPullSource final : public PadSource {
public:
    RtspPullSource(RtspPull config, const Delivery& delivery, SourceEvents events)
        : PadSource("weir-rtsp-pull", delivery, std::move(events), media::TimelineRepairOptions{}),
          config_(std::move(config)) {}
    ~RtspPullSource() override { shut_down(); }

    Result<void> start() override {
        auto source = pipeline().add("rtspsrc");
        if (!source) return source.error();
        const bool tcp = config_.transport == RtspTransport::tcp;
        const auto idle =
            std::chrono::duration_cast<std::chrono::microseconds>(config_.idle_timeout);
        // With "timeout" rtspsrc would go from UDP to TCP by itself.
        g_object_set(*source, "location", config_.url.c_str(), "latency",
                     static_cast<guint>(config_.latency.count()), "protocols",
                     tcp ? GST_RTSP_LOWER_TRANS_TCP : GST_RTSP_LOWER_TRANS_UDP, "timeout",
                     guint64{0}, "tcp-timeout", static_cast<guint64>(idle.count()),
                     "udp-buffer-size", 2'000'000, nullptr);
        // Audio and video only: an application stream (ONVIF's metadata) has no use here.
        base::connect<gboolean, GstElement*, guint, GstCaps*>(
            *source, "select-stream", [](GstElement*, guint, GstCaps* caps) -> gboolean {
                const char* media =
                    gst_structure_get_string(gst_caps_get_structure(caps, 0), "media");
                const std::string name = media ? media : "";
                return name == "video" || name == "audio";
            });
        base::connect<void, GstElement*, GstPad*>(*source, "pad-added",
                                                  [this](GstElement*, GstPad* pad) { parse(pad); });
        return play(pipeline(), events().failed);
    }

private:
    const RtspPull config_;
};

}  // namespace

std::unique_ptr<Source> make_source(const RtspPull& config, const Delivery& delivery,
                                    SourceEvents events) {
    return std::make_unique<RtspPullSource>(config, delivery, std::move(events));
}

}  // namespace weir::ingest
