// SPDX-License-Identifier: MIT
// Plays an HLS playlist of somebody else.
#include <chrono>
#include <utility>

#include "base/callback.hpp"
#include "ingest/pad_source.hpp"
#include "ingest/play.hpp"

namespace weir::ingest {

namespace {

class HlsPullSource final : public PadSource {
public:
    HlsPullSource(HlsPull config, const Delivery& delivery, SourceEvents events)
        : PadSource("weir-hls-pull", delivery, std::move(events)), config_(std::move(config)) {}
    ~HlsPullSource() override { shut_down(); }

    Result<void> start() override {
        auto source = pipeline().add("souphttpsrc");
        if (!source) return source.error();
        const auto idle = std::chrono::ceil<std::chrono::seconds>(config_.idle_timeout);
        g_object_set(*source, "location", config_.url.c_str(), "timeout",
                     static_cast<guint>(idle.count()), nullptr);
        // Not hlsdemux2 (1.22.0): it loses its place in a playlist that has just begun, for good,
        // and may abort the process when it goes.
        auto demux = pipeline().add("hlsdemux");
        if (!demux) return demux.error();
        // The best variant and no other: with a change of pads their media would have a hole.
        g_object_set(*demux, "connection-speed", kBestVariantKbps, nullptr);
        base::connect<void, GstElement*, GstPad*>(*demux, "pad-added",
                                                  [this](GstElement*, GstPad* pad) { parse(pad); });
        gst_element_link(*source, *demux);
        return play(pipeline(), events().failed);
    }

    // It is fetched as fast as it is taken.
    bool waiting() const override { return feed().waits_for_room(); }

private:
    static constexpr guint kBestVariantKbps = 4'000'000;

    const HlsPull config_;
};

}  // namespace

std::unique_ptr<Source> make_source(const HlsPull& config, const Delivery& delivery,
                                    SourceEvents events) {
    return std::make_unique<HlsPullSource>(config, delivery, std::move(events));
}

}  // namespace weir::ingest
