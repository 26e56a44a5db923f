// SPDX-License-Identifier: MIT
// The way of access units through an input: to whoever wants them as they are, and through a
// decoder to the raw sink. Every source that receives encoded media ends here.
// Threads: made and destroyed on the control thread; configure() and push() by one thread for each
// kind; the rest is thread-safe.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/pipeline.hpp"
#include "ingest/decoder.hpp"
#include "ingest/delivery.hpp"
#include "ingest/source.hpp"
#include "ingest/unit_meter.hpp"
#include "media/timeline_repair.hpp"

namespace weir::ingest {

class UnitFeed {
public:
    // The decoders are put into `pipeline`, which must outlive this object. `repair`: how the time
    // stamps are mended; nothing for a source that does not send when things happen (a file, HLS):
    // nobody could tell a jump from haste.
    UnitFeed(base::Pipeline& pipeline, Delivery delivery, SourceEvents events,
             std::optional<media::TimelineRepairOptions> repair = media::TimelineRepairOptions{},
             std::shared_ptr<base::Clock> clock = base::system_clock());
    ~UnitFeed();  // stop()

    // What follows has these caps. The first ones make the decoder; later ones change it in band
    // or, for another codec, put another one in its place: then it waits for the former one's last
    // media, and what comes before the next keyframe is dropped.
    void configure(media::UnitKind kind, base::MiniPtr<GstCaps> caps);

    // One access unit in decoding order, PTS and DTS set as far as the source says them, DELTA_UNIT
    // unless it is a keyframe. What comes before the first keyframe is dropped. Waits while the
    // decoder is behind.
    void push(media::UnitKind kind, base::MiniPtr<GstBuffer> unit);

    // No more comes: what is there is decoded, then `ended` is told.
    void end();

    // Wakes whoever waits in push(), which lets everything drop from now on. Before the pipeline
    // goes to NULL, or that would wait for one of its threads that waits here.
    void stop();

    // While false nothing is decoded; from the next keyframe on when it is true again (warm
    // standby).
    void set_decoding(bool decoding);

    [[nodiscard]] std::uint64_t arrivals() const { return arrivals_; }
    [[nodiscard]] StreamInfo info() const;
    [[nodiscard]] UnitFigures figures() const;
    // What came waits for room, in push() or decoded.
    [[nodiscard]] bool waits_for_room() const {
        return pushing_ > 0 || (decoder_ && decoder_->waits_for_room());
    }
    // For raw media that comes besides, or instead; null where nothing is decoded.
    [[nodiscard]] const std::shared_ptr<Decoder>& decoder() const { return decoder_; }

private:
    struct Stream {
        GstElement* appsrc = nullptr;             // in the pipeline
        GstElement* decodebin = nullptr;          // behind it
        std::string codec{};                      // that it is for
        bool expected = false;                    // the decoder knows of this kind
        bool fed = false;                         // it was given something
        bool leaving = false;                     // its end is not the stream's
        bool left = false;                        // and has come
        bool started = false;                     // a keyframe has been sent to the sink
        bool decoding = false;                    // a keyframe has been sent to the decoder
        GstClockTime line = GST_CLOCK_TIME_NONE;  // of the last unit that was in order
    };

    [[nodiscard]] Stream& stream(media::UnitKind kind);
    [[nodiscard]] bool wanted(media::UnitKind kind) const;
    void make_decoder(media::UnitKind kind, GstCaps* caps);
    void watch_pads(media::UnitKind kind, GstElement* decodebin);
    bool retire_decoder(Stream& stream);
    void drain(Stream& stream, std::unique_lock<std::mutex>& lock);
    bool mend(media::UnitKind kind, GstBuffer* unit, media::MediaTime arrival);
    void note_flowing(media::UnitKind kind, GstCaps* caps);

    base::Pipeline& pipeline_;
    const Delivery delivery_;
    const SourceEvents events_;
    const std::shared_ptr<Decoder> decoder_;  // null: nothing is decoded
    std::atomic<std::uint64_t> arrivals_{0};
    std::atomic<bool> decoding_{true};
    const std::shared_ptr<base::Clock> clock_;
    UnitMeter meter_;
    std::atomic<int> pushing_{0};
    mutable std::mutex mutex_;  // guards all below
    std::condition_variable changed_;
    std::optional<media::TimelineRepair> repair_;
    bool stopping_ = false;
    bool flowing_ = false;
    Stream video_;
    Stream audio_;
    StreamInfo info_;  // from the caps, where nothing is decoded
};

}  // namespace weir::ingest
