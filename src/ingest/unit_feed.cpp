// SPDX-License-Identifier: MIT
#include "ingest/unit_feed.hpp"

#include <gst/app/gstappsrc.h>

#include <chrono>
#include <utility>

#include "base/callback.hpp"

namespace weir::ingest {

using base::adopt_mini;
using media::UnitKind;

namespace {

constexpr guint64 kQueueBytes = 4'000'000;  // encoded media between source and decoder; then block
// A decoder whose place another one takes, and that gives nothing for so long, gives nothing more.
constexpr std::chrono::seconds kLastMedia{2};

std::string codec_of(const GstCaps* caps) {
    const GstStructure* structure = gst_caps_get_structure(caps, 0);
    const std::string name = gst_structure_get_name(structure);
    return name.substr(name.find('/') + 1);
}

// What one decodebin is for: within it parser and decoder follow every change of caps.
std::string decodable_by(const GstCaps* caps) {
    const GstStructure* structure = gst_caps_get_structure(caps, 0);
    int version = 0;
    gst_structure_get_int(structure, "mpegversion", &version);
    return gst_structure_get_name(structure) + ('/' + std::to_string(version));
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
    Stream& own = stream(kind);
    const std::string codec = decodable_by(caps.get());
    const bool same = own.codec == codec;
    if (!same) own.started = own.decoding = false;
    own.codec = codec;
    if (delivery_.units) delivery_.units->configure(kind, caps);
    note_flowing(kind, caps.get());
    if (!wanted(kind)) return;
    if (own.appsrc && same) {
        gst_app_src_set_caps(GST_APP_SRC(own.appsrc), caps.get());
    } else if (!own.appsrc || retire_decoder(own)) {
        make_decoder(kind, caps.get());
    }
}

void UnitFeed::make_decoder(UnitKind kind, GstCaps* caps) {
    auto source = pipeline_.add("appsrc");
    auto decodebin = pipeline_.add("decodebin");
    if (!source || !decodebin) {
        return events_.failed((!source ? source.error() : decodebin.error()).message);
    }
    g_object_set(*source, "format", GST_FORMAT_TIME, "caps", caps, "max-bytes", kQueueBytes,
                 "block", TRUE, nullptr);
    gst_element_link(*source, *decodebin);
    Stream& own = stream(kind);
    if (!std::exchange(own.expected, true)) decoder_->expect();
    watch_pads(kind, *decodebin);
    decoder_->take_from(*decodebin);
    gst_element_sync_state_with_parent(*decodebin);
    gst_element_sync_state_with_parent(*source);
    const std::lock_guard lock(mutex_);
    own.appsrc = *source;
    own.decodebin = *decodebin;
    if (stopping_) gst_app_src_end_of_stream(GST_APP_SRC(*source));
}

// The end of a decoder that another one follows must not reach the sinks.
void UnitFeed::watch_pads(UnitKind kind, GstElement* decodebin) {
    const auto on_event = [this, kind](GstPad*, GstPadProbeInfo* info) {
        if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) != GST_EVENT_EOS)
            return GST_PAD_PROBE_OK;
        const std::lock_guard lock(mutex_);
        Stream& own = stream(kind);
        if (!own.leaving) return GST_PAD_PROBE_OK;
        own.left = true;
        changed_.notify_all();
        return GST_PAD_PROBE_DROP;
    };
    base::connect<void, GstElement*, GstPad*>(
        decodebin, "pad-added", [on_event](GstElement*, GstPad* pad) {
            base::add_probe(pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_event);
        });
}

// Lets the decoder give what it has, and takes it away; false: the feed is stopping.
bool UnitFeed::retire_decoder(Stream& own) {
    GstElement* source = nullptr;
    GstElement* decodebin = nullptr;
    {
        std::unique_lock lock(mutex_);
        own.leaving = true;
        if (stopping_) return false;
        // Nothing but the end it would take for an error.
        if (own.fed) drain(own, lock);
        if (stopping_) return false;
        source = std::exchange(own.appsrc, nullptr);
        decodebin = std::exchange(own.decodebin, nullptr);
    }
    for (GstElement* element : {source, decodebin}) {
        gst_element_set_locked_state(element, TRUE);
        gst_element_set_state(element, GST_STATE_NULL);
        gst_bin_remove(pipeline_.bin(), element);
    }
    const std::lock_guard lock(mutex_);
    own.fed = own.leaving = own.left = false;
    return true;
}

void UnitFeed::drain(Stream& own, std::unique_lock<std::mutex>& lock) {
    gst_app_src_end_of_stream(GST_APP_SRC(own.appsrc));
    bool goes_on = true;
    while (goes_on) {
        const auto before = decoder_->arrivals();
        if (changed_.wait_for(lock, kLastMedia, [&] { return own.left || stopping_; })) return;
        goes_on = decoder_->arrivals() != before || decoder_->waits_for_room();
    }
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
    own.decoding = own.fed = true;
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
    changed_.notify_all();
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
