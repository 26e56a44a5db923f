// SPDX-License-Identifier: MIT
#include "ingest/unit_feed.hpp"

#include <gst/app/gstappsrc.h>

#include <utility>

namespace weir::ingest {

using base::adopt_mini;
using media::UnitKind;

namespace {

constexpr guint64 kQueueBytes = 4'000'000;  // encoded media between source and decoder; then block

std::string codec_of(const GstCaps* caps) {
    const GstStructure* structure = gst_caps_get_structure(caps, 0);
    const std::string name = gst_structure_get_name(structure);
    return name.substr(name.find('/') + 1);
}

bool is_keyframe(GstBuffer* unit) {
    return !GST_BUFFER_FLAG_IS_SET(unit, GST_BUFFER_FLAG_DELTA_UNIT);
}

}  // namespace

UnitFeed::UnitFeed(base::Pipeline& pipeline, Delivery delivery, SourceEvents events,
                   std::optional<media::TimelineRepairOptions> repair,
                   std::shared_ptr<base::Clock> clock)
    : pipeline_(pipeline),
      delivery_(std::move(delivery)),
      events_(std::move(events)),
      decoder_(delivery_.raw ? std::make_shared<Decoder>(
                                   pipeline.bin(), delivery_.format, delivery_.raw,
                                   DecoderEvents{events_.connected, events_.ended, events_.failed})
                             : nullptr),
      clock_(std::move(clock)),
      repair_(repair ? std::optional<media::TimelineRepair>(*repair) : std::nullopt) {}

UnitFeed::~UnitFeed() {
    stop();
}

UnitFeed::Stream& UnitFeed::stream(UnitKind kind) {
    return kind == UnitKind::video ? video_ : audio_;
}

bool UnitFeed::wanted(UnitKind kind) const {
    return decoder_ && (kind == UnitKind::video || delivery_.format.sample_rate > 0);
}

void UnitFeed::configure(UnitKind kind, base::MiniPtr<GstCaps> caps) {
    {
        // A publisher who comes anew, behind a server that keeps its players, says so with this.
        const std::lock_guard lock(mutex_);
        if (repair_) repair_->expect_jump(kind);
    }
    if (delivery_.units) delivery_.units->configure(kind, caps);
    note_flowing(kind, caps.get());
    if (!wanted(kind)) return;
    Stream& own = stream(kind);
    if (own.appsrc) {
        gst_app_src_set_caps(GST_APP_SRC(own.appsrc), caps.get());
    } else {
        make_decoder(own, caps.get());
    }
}

void UnitFeed::make_decoder(Stream& own, GstCaps* caps) {
    auto source = pipeline_.add("appsrc");
    auto decodebin = pipeline_.add("decodebin");
    if (!source || !decodebin) {
        return events_.failed((!source ? source.error() : decodebin.error()).message);
    }
    g_object_set(*source, "format", GST_FORMAT_TIME, "caps", caps, "max-bytes", kQueueBytes,
                 "block", TRUE, nullptr);
    gst_element_link(*source, *decodebin);
    decoder_->expect();
    decoder_->take_from(*decodebin);
    gst_element_sync_state_with_parent(*decodebin);
    gst_element_sync_state_with_parent(*source);
    const std::lock_guard lock(mutex_);
    own.appsrc = *source;
    if (stopping_) gst_app_src_end_of_stream(GST_APP_SRC(*source));
}

void UnitFeed::note_flowing(UnitKind kind, GstCaps* caps) {
    bool first = false;
    StreamInfo info;
    {
        const std::lock_guard lock(mutex_);
        (kind == UnitKind::video ? info_.video : info_.audio) = codec_of(caps);
        first = !decoder_ && !std::exchange(flowing_, true);
        info = info_;
    }
    if (first) events_.connected(info);
}

void UnitFeed::push(UnitKind kind, base::MiniPtr<GstBuffer> unit) {
    Stream& own = stream(kind);
    const bool keyframe = is_keyframe(unit.get());
    if (!own.started && !keyframe) return;
    own.started = true;
    ++arrivals_;
    unit = adopt_mini(gst_buffer_make_writable(unit.release()));
    if (mend(kind, unit.get(), clock_->monotonic())) {
        own.line = GST_BUFFER_DTS(unit.get());
        if (delivery_.units) delivery_.units->push(kind, base::borrow_mini(unit.get()));
    } else if (kind == UnitKind::video) {
        // Its stamp is wrong, its picture is not: those that follow refer to it, and without it
        // the decoder would give nothing until the next keyframe.
        GST_BUFFER_DTS(unit.get()) = GST_BUFFER_PTS(unit.get()) = own.line;
        GST_BUFFER_FLAG_SET(unit.get(), GST_BUFFER_FLAG_DECODE_ONLY);
    } else {
        return;
    }
    if (!own.appsrc) return;
    if (!decoding_) {
        own.decoding = false;
        return;
    }
    if (!own.decoding && !keyframe) return;
    own.decoding = true;
    ++pushing_;
    gst_app_src_push_buffer(GST_APP_SRC(own.appsrc), unit.release());
    --pushing_;
}

void UnitFeed::end() {
    const bool decodes = [&] {
        const std::lock_guard lock(mutex_);
        return video_.appsrc || audio_.appsrc;
    }();
    if (!decodes) return events_.ended();
    stop();  // which is an end of stream behind what is queued
}

// Brings the unit's times onto the connection's line; false: it has none there.
bool UnitFeed::mend(UnitKind kind, GstBuffer* unit, media::MediaTime arrival) {
    const auto time = [](GstClockTime stamp) {
        return GST_CLOCK_TIME_IS_VALID(stamp)
                   ? std::optional(media::MediaTime(static_cast<std::int64_t>(stamp)))
                   : std::nullopt;
    };
    const auto dts = time(GST_BUFFER_DTS(unit));
    const auto pts = time(GST_BUFFER_PTS(unit));
    auto line = dts.value_or(pts.value_or(media::MediaTime{}));
    {
        const std::lock_guard lock(mutex_);
        if (repair_) {
            const auto times =
                repair_->repair({.kind = kind, .dts = dts, .pts = pts, .arrival = arrival});
            if (!times) {
                meter_.drop();
                return false;
            }
            GST_BUFFER_DTS(unit) = static_cast<GstClockTime>(times->dts.count());
            GST_BUFFER_PTS(unit) = static_cast<GstClockTime>(times->pts.count());
            line = times->dts;
        }
    }
    meter_.add(kind, gst_buffer_get_size(unit), is_keyframe(unit), line, arrival);
    return true;
}

UnitFigures UnitFeed::figures() const {
    return meter_.figures(clock_->monotonic());
}

void UnitFeed::stop() {
    const std::lock_guard lock(mutex_);
    if (std::exchange(stopping_, true)) return;
    for (GstElement* source : {video_.appsrc, audio_.appsrc}) {
        if (source) gst_app_src_end_of_stream(GST_APP_SRC(source));
    }
}

void UnitFeed::set_decoding(bool decoding) {
    decoding_ = decoding;
}

StreamInfo UnitFeed::info() const {
    if (decoder_) return decoder_->info();
    const std::lock_guard lock(mutex_);
    return info_;
}

}  // namespace weir::ingest
