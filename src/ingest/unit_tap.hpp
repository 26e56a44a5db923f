// SPDX-License-Identifier: MIT
// Parses encoded media and hands it to a UnitFeed: the end of every pipeline whose elements deliver
// access units. Takes the first video and the first audio.
// Threads: thread-safe; calls come from GStreamer's threads.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/pipeline.hpp"
#include "ingest/unit_feed.hpp"

namespace weir::ingest {

struct TapEvents {
    std::function<void()> ended;  // end of stream on every branch
    std::function<void(std::string)> failed;
    // A pad with raw media; null: there must not be any.
    std::function<void(GstPad*)> raw{};
};

class UnitTap : public std::enable_shared_from_this<UnitTap> {
public:
    // Added to running times: room for decoding times before zero.
    static constexpr GstClockTime kMargin = 10 * GST_SECOND;

    // Both must outlive the pipeline's threads. Times of the feed are running times and `margin`.
    UnitTap(base::Pipeline& pipeline, UnitFeed& feed, TapEvents events,
            GstClockTime margin = kMargin);

    // Everything that comes out of `element`, whose pads come and go.
    void take_from(GstElement* element);
    // A source pad, parsed or not. While there is one of its kind already, its media is dropped.
    void take(GstPad* pad);
    // The same for what will have `caps`, instead of whatever was there of its kind.
    void replace(GstPad* pad, const GstCaps* caps);
    // Waits until what is taken of this kind has come to its end, which somebody gave it; not for
    // long, and not after stop().
    void wait_end(media::UnitKind kind);
    // Nothing more is taken or handed over. After the feed's stop(), before the pipeline goes to
    // NULL, which leaves this object's sinks alone.
    void stop();

private:
    // What takes one pad to the feed. Of a kind only the current one may hand over.
    struct Branch {
        media::UnitKind kind;
        GstPad* pad;  // only compared
        std::vector<base::ObjectPtr<GstElement>> elements{};
        base::MiniPtr<GstCaps> caps{};
        GstClockTime last = 0;
    };
    struct Slot {
        std::mutex handing;  // held while a unit is handed over
        std::shared_ptr<Branch> branch{};
        bool ended = false;
    };

    void take(GstPad* pad, const GstCaps* caps);
    void take_later(GstPad* pad);
    void discard(GstPad* pad);
    void forget(GstPad* pad);
    void on_no_more_pads();
    void on_ended(const Branch* branch);
    std::shared_ptr<Branch> make_branch(GstPad* pad, const GstStructure* format,
                                        media::UnitKind kind);
    void connect_sink(GstElement* sink, const std::shared_ptr<Branch>& branch);
    void retire(const std::shared_ptr<Branch>& branch);
    GstFlowReturn on_sample(GstElement* appsink, Branch& branch);
    base::MiniPtr<GstBuffer> placed(GstSample* sample, Branch& branch) const;
    [[nodiscard]] Slot& slot(media::UnitKind kind);

    base::Pipeline& pipeline_;
    UnitFeed& feed_;
    const TapEvents events_;
    const GstClockTime margin_;
    std::mutex mutex_;  // guards the slots' members, and all below
    std::condition_variable changed_;
    bool stopped_ = false;
    bool raw_ = false;       // there is raw media
    bool is_later_ = false;  // there are pads that do not know yet what they have
    Slot video_;
    Slot audio_;
};

}  // namespace weir::ingest
