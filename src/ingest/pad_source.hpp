// SPDX-License-Identifier: MIT
// What all sources have in common whose elements deliver access units on pads: a UnitTap takes
// them. Threads: as Source.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/pipeline.hpp"
#include "ingest/source.hpp"
#include "ingest/unit_feed.hpp"
#include "ingest/unit_tap.hpp"

namespace weir::ingest {

class PadSource : public Source {
public:
    ~PadSource() override { shut_down(); }

    void set_decoding(bool decoding) override { feed_.set_decoding(decoding); }
    std::uint64_t arrivals() const override {
        // Raw media comes to the decoder only.
        const auto& decoder = feed_.decoder();
        return feed_.arrivals() + (decoder ? decoder->arrivals() : 0);
    }
    StreamInfo info() const override { return feed_.info(); }
    UnitFigures figures() const override { return feed_.figures(); }

protected:
    // `repair`: see UnitFeed.
    PadSource(const std::string& name, const Delivery& delivery, SourceEvents events,
              std::optional<media::TimelineRepairOptions> repair = std::nullopt)
        : events_(std::move(events)),
          pipeline_(name),
          feed_(pipeline_, delivery, events_, repair),
          tap_(std::make_shared<UnitTap>(
              pipeline_, feed_,
              TapEvents{.ended = [this] { feed_.end(); },
                        .failed = events_.failed,
                        .raw = [this](GstPad* pad) { take_raw(pad); }})) {}

    // Stops the pipeline and all its threads; a derived class whose members they use calls it
    // first.
    void shut_down() {
        feed_.stop();
        tap_->stop();
        gst_element_set_state(pipeline_.element(), GST_STATE_NULL);
        gst_element_get_state(pipeline_.element(), nullptr, nullptr, GST_CLOCK_TIME_NONE);
    }

    void take_raw(GstPad* pad) {
        if (const auto decoder = feed_.decoder()) return decoder->take(pad);
        events_.failed("its media is not encoded, and passthrough needs it so");
    }

    // A pad of whatever form: access units, RTP, a container, bytes.
    void parse(GstPad* pad) {
        auto parsebin = pipeline_.add("parsebin");
        if (!parsebin) return events_.failed(parsebin.error().message);
        tap_->take_from(*parsebin);
        gst_element_sync_state_with_parent(*parsebin);
        gst_pad_link(pad, base::adopt_object(gst_element_get_static_pad(*parsebin, "sink")).get());
    }

    [[nodiscard]] base::Pipeline& pipeline() { return pipeline_; }
    [[nodiscard]] const SourceEvents& events() const { return events_; }
    [[nodiscard]] UnitFeed& feed() { return feed_; }
    [[nodiscard]] const UnitFeed& feed() const { return feed_; }
    [[nodiscard]] UnitTap& tap() { return *tap_; }

private:
    const SourceEvents events_;
    base::Pipeline pipeline_;
    UnitFeed feed_;
    std::shared_ptr<UnitTap> tap_;
};

}  // namespace weir::ingest
