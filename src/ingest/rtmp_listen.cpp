// SPDX-License-Identifier: MIT
// Takes from a publish point what somebody publishes by RTMP, and decodes it. One Source is for one
// publisher: its end is this one's end, and the next one is for the next publisher.
#include <functional>
#include <thread>
#include <utility>

#include "ingest/decodable.hpp"
#include "ingest/farewell.hpp"
#include "ingest/flv_feed.hpp"
#include "ingest/play.hpp"
#include "ingest/rtmp_server.hpp"
#include "ingest/source.hpp"
#include "ingest/unit_feed.hpp"

namespace weir::ingest {

namespace {

class RtmpListenSource final : public Source {
public:
    RtmpListenSource(RtmpListen config, const Delivery& delivery, SourceEvents events)
        : config_(std::move(config)),
          decodes_(delivery.raw != nullptr),
          ended_(events.ended),
          events_(farewell_.wrapped(std::move(events))),
          pipeline_("weir-rtmp-listen"),
          feed_(pipeline_, delivery, events_,
                media::TimelineRepairOptions{.wrap = media::kRtmpWrap}),
          units_(feed_) {}

    // The thread and the pipeline's threads use all members, and stop here.
    ~RtmpListenSource() override {
        feed_.stop();
        if (lease_) lease_->point().interrupt();
        if (thread_.joinable()) thread_.join();
        if (lease_) lease_->point().detach();
        gst_element_set_state(pipeline_.element(), GST_STATE_NULL);
        gst_element_get_state(pipeline_.element(), nullptr, nullptr, GST_CLOCK_TIME_NONE);
    }

    Result<void> start() override {
        auto lease = lease_publish_point(config_);
        if (!lease) return lease.error();
        auto attached = (*lease)->point().attach();
        if (!attached) return attached;
        lease_ = std::move(*lease);
        auto playing = play(pipeline_, events_.failed);
        if (playing) thread_ = std::thread([this] { take(); });
        return playing;
    }

    void set_decoding(bool decoding) override { feed_.set_decoding(decoding); }
    std::uint64_t arrivals() const override { return feed_.arrivals(); }
    StreamInfo info() const override { return feed_.info(); }
    UnitFigures figures() const override { return feed_.figures(); }
    bool waiting() const override {
        return !farewell_.begun() && lease_ && lease_->point().waiting();
    }
    std::shared_ptr<void> lease() const override { return lease_; }

private:
    void take() {
        PublishPoint& point = lease_->point();
        while (const auto taken = point.take()) {
            if (!taken->bytes) {
                farewell_.begin(ended_);
                return feed_.end();
            }
            if (!can_take(taken->unit)) return;
            units_.push(taken->unit);
        }
    }

    // Refuses what nothing here decodes; the publisher is told.
    bool can_take(const FlvUnit& unit) {
        const bool config =
            unit.kind == FlvUnit::Kind::video_config || unit.kind == FlvUnit::Kind::audio_config;
        if (!decodes_ || !config) return true;
        const auto decodable = check_decodable(caps_of(unit).get());
        if (decodable) return true;
        lease_->point().dismiss(decodable.error().message);
        events_.failed(decodable.error().message);
        return false;
    }

    const RtmpListen config_;
    const bool decodes_;
    Farewell farewell_;
    const std::function<void()> ended_;
    const SourceEvents events_;
    std::shared_ptr<RtmpLease> lease_;
    base::Pipeline pipeline_;
    UnitFeed feed_;
    FlvFeed units_;
    std::thread thread_;
};

}  // namespace

std::unique_ptr<Source> make_source(const RtmpListen& config, const Delivery& delivery,
                                    SourceEvents events) {
    return std::make_unique<RtmpListenSource>(config, delivery, std::move(events));
}

}  // namespace weir::ingest
