// SPDX-License-Identifier: MIT
#include "ingest/unit_tap.hpp"

#include <gst/app/gstappsink.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "base/callback.hpp"

namespace weir::ingest {

using base::adopt_mini;
using base::adopt_object;
using media::UnitKind;

namespace {

constexpr std::chrono::seconds kLastUnits{1};  // for what a parser holds

// How a format becomes access units with the caps that UnitSink asks for.
struct Parsing {
    std::string_view name;  // of the caps
    int version;            // mpegversion; 0: has none
    const char* parser;
    const char* caps;  // behind it; null: any
};

constexpr auto kH264 =
    "video/x-h264,stream-format=byte-stream,alignment=au;"
    "video/x-h264,stream-format=avc,alignment=au";
constexpr auto kHevc =
    "video/x-h265,stream-format=byte-stream,alignment=au;"
    "video/x-h265,stream-format=hvc1,alignment=au";

constexpr Parsing kParsings[] = {
    {"video/x-h264", 0, "h264parse", kH264},
    {"video/x-h265", 0, "h265parse", kHevc},
    {"video/x-av1", 0, "av1parse", "video/x-av1,alignment=tu"},
    {"video/x-vp9", 0, "vp9parse", nullptr},
    {"video/mpeg", 1, "mpegvideoparse", nullptr},
    {"video/mpeg", 2, "mpegvideoparse", nullptr},
    {"video/mpeg", 4, "mpeg4videoparse", nullptr},
    {"image/jpeg", 0, "jpegparse", nullptr},
    {"audio/mpeg", 1, "mpegaudioparse", nullptr},
    {"audio/mpeg", 2, "aacparse", nullptr},
    {"audio/mpeg", 4, "aacparse", nullptr},
    {"audio/x-ac3", 0, "ac3parse", nullptr},
    {"audio/x-eac3", 0, "ac3parse", nullptr},
    {"audio/x-opus", 0, "opusparse", nullptr},
};

// Nothing where the units are what they should be already.
const Parsing* parsing_of(const GstStructure* structure) {
    int version = 0;
    gst_structure_get_int(structure, "mpegversion", &version);
    const auto* found =
        std::find_if(std::begin(kParsings), std::end(kParsings), [&](const Parsing& parsing) {
            return gst_structure_has_name(structure, parsing.name.data()) &&
                   (parsing.version == 0 || parsing.version == version);
        });
    return found == std::end(kParsings) ? nullptr : found;
}

std::optional<UnitKind> kind_of(const GstStructure* structure) {
    const std::string_view name = gst_structure_get_name(structure);
    if (name.starts_with("video/") || name.starts_with("image/")) return UnitKind::video;
    if (name.starts_with("audio/")) return UnitKind::audio;
    return std::nullopt;
}

bool is_raw(const GstStructure* structure) {
    return gst_structure_has_name(structure, "video/x-raw") ||
           gst_structure_has_name(structure, "audio/x-raw");
}

base::MiniPtr<GstCaps> caps_of(GstPad* pad) {
    auto caps = adopt_mini(gst_pad_get_current_caps(pad));
    return caps ? std::move(caps) : adopt_mini(gst_pad_query_caps(pad, nullptr));
}

}  // namespace

UnitTap::UnitTap(base::Pipeline& pipeline, UnitFeed& feed, TapEvents events, GstClockTime margin)
    : pipeline_(pipeline), feed_(feed), events_(std::move(events)), margin_(margin) {}

UnitTap::Slot& UnitTap::slot(UnitKind kind) {
    return kind == UnitKind::video ? video_ : audio_;
}

void UnitTap::take_from(GstElement* element) {
    const std::weak_ptr<UnitTap> weak = weak_from_this();
    base::connect<void, GstElement*, GstPad*>(element, "pad-added",
                                              [weak](GstElement*, GstPad* pad) {
                                                  if (const auto self = weak.lock())
                                                      self->take(pad);
                                              });
    base::connect<void, GstElement*, GstPad*>(element, "pad-removed",
                                              [weak](GstElement*, GstPad* pad) {
                                                  if (const auto self = weak.lock())
                                                      self->forget(pad);
                                              });
    base::connect<void, GstElement*>(element, "no-more-pads", [weak](GstElement*) {
        if (const auto self = weak.lock()) self->on_no_more_pads();
    });
}

void UnitTap::on_no_more_pads() {
    const bool nothing = [&] {
        const std::lock_guard lock(mutex_);
        return !video_.branch && !audio_.branch && !raw_ && !is_later_;
    }();
    if (nothing) events_.failed("there is neither video nor audio in it");
}

void UnitTap::take(GstPad* pad) {
    if (GST_PAD_DIRECTION(pad) != GST_PAD_SRC) return;
    const auto caps = caps_of(pad);
    if (gst_caps_is_any(caps.get()) || gst_caps_is_empty(caps.get())) return take_later(pad);
    take(pad, caps.get());
}

// Adaptive demultiplexers add their pads before they know what will come.
void UnitTap::take_later(GstPad* pad) {
    {
        const std::lock_guard lock(mutex_);
        is_later_ = true;
    }
    base::add_probe(pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
                    [weak = weak_from_this()](GstPad* from, GstPadProbeInfo* info) {
                        GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
                        if (GST_EVENT_TYPE(event) != GST_EVENT_CAPS) return GST_PAD_PROBE_OK;
                        GstCaps* caps = nullptr;
                        gst_event_parse_caps(event, &caps);
                        if (const auto self = weak.lock()) self->take(from, caps);
                        return GST_PAD_PROBE_REMOVE;
                    });
}

void UnitTap::take(GstPad* pad, const GstCaps* caps) {
    const GstStructure* structure = gst_caps_get_structure(caps, 0);
    if (is_raw(structure) && events_.raw) {
        {
            const std::lock_guard lock(mutex_);
            raw_ = true;
        }
        return events_.raw(pad);
    }
    const auto kind = kind_of(structure);
    const bool wanted = kind && [&] {
        const std::lock_guard lock(mutex_);
        return !slot(*kind).branch || slot(*kind).ended;
    }();
    if (wanted) {
        replace(pad, caps);
    } else {
        discard(pad);
    }
}

void UnitTap::discard(GstPad* pad) {
    auto sink = pipeline_.add("fakesink");
    if (!sink) return events_.failed(sink.error().message);
    g_object_set(*sink, "sync", FALSE, "async", FALSE, nullptr);
    gst_element_sync_state_with_parent(*sink);
    gst_pad_link(pad, adopt_object(gst_element_get_static_pad(*sink, "sink")).get());
}

void UnitTap::replace(GstPad* pad, const GstCaps* caps) {
    const GstStructure* format = gst_caps_get_structure(caps, 0);
    const auto kind = kind_of(format);
    const auto branch = kind ? make_branch(pad, format, *kind) : nullptr;
    if (!branch) return;
    Slot& own = slot(*kind);
    std::shared_ptr<Branch> before;
    const bool placed = [&] {
        // From here on the former branch hands nothing over.
        const std::scoped_lock lock(own.handing, mutex_);
        if (stopped_) return false;
        before = std::exchange(own.branch, branch);
        own.ended = false;
        // A sink that waited for the pipeline to play would hold up a demultiplexer whose other
        // pads the pipeline waits for.
        gst_element_set_state(branch->elements.back().get(), GST_STATE_PLAYING);
        return true;
    }();
    if (!placed) return retire(branch);
    if (before) retire(before);
    // From the sink on: what is started first must find its way ready.
    for (auto it = branch->elements.rbegin() + 1; it != branch->elements.rend(); ++it) {
        gst_element_sync_state_with_parent(it->get());
    }
    const auto target =
        adopt_object(gst_element_get_static_pad(branch->elements.front().get(), "sink"));
    if (gst_pad_link(pad, target.get()) == GST_PAD_LINK_OK) return;
    events_.failed(std::string("its ") + (*kind == UnitKind::video ? "video" : "audio") +
                   " cannot be parsed");
}

std::shared_ptr<UnitTap::Branch> UnitTap::make_branch(GstPad* pad, const GstStructure* format,
                                                      UnitKind kind) {
    const Parsing* parsing = parsing_of(format);
    auto branch = std::make_shared<Branch>(Branch{.kind = kind, .pad = pad});
    std::vector<const char*> factories;
    if (parsing) factories.push_back(parsing->parser);
    if (parsing && parsing->caps) factories.push_back("capsfilter");
    factories.push_back("appsink");
    for (const char* factory : factories) {
        auto element = pipeline_.add(factory);
        if (!element) {
            retire(branch);
            events_.failed(element.error().message);
            return nullptr;
        }
        const GstElement* before =
            branch->elements.empty() ? nullptr : branch->elements.back().get();
        if (before) gst_element_link(const_cast<GstElement*>(before), *element);
        branch->elements.push_back(base::borrow_object(*element));
    }
    if (parsing && parsing->caps) {
        g_object_set(branch->elements[1].get(), "caps",
                     adopt_mini(gst_caps_from_string(parsing->caps)).get(), nullptr);
        // Parameter sets in front of each keyframe, for those who join there.
        GObject* parser = G_OBJECT(branch->elements[0].get());
        if (g_object_class_find_property(G_OBJECT_GET_CLASS(parser), "config-interval")) {
            g_object_set(parser, "config-interval", -1, nullptr);
        }
    }
    connect_sink(branch->elements.back().get(), branch);
    return branch;
}

void UnitTap::connect_sink(GstElement* sink, const std::shared_ptr<Branch>& branch) {
    g_object_set(sink, "sync", FALSE, "async", FALSE, "max-buffers", 1U, "wait-on-eos", FALSE,
                 "emit-signals", TRUE, "enable-last-sample", FALSE, nullptr);
    gst_element_set_locked_state(sink, TRUE);
    const std::weak_ptr<UnitTap> weak = weak_from_this();
    const std::weak_ptr<Branch> weak_branch = branch;
    base::connect<GstFlowReturn, GstElement*>(
        sink, "new-sample", [weak, weak_branch](GstElement* from) {
            const auto self = weak.lock();
            const auto own = weak_branch.lock();
            return self && own ? self->on_sample(from, *own) : GST_FLOW_FLUSHING;
        });
    base::connect<void, GstElement*>(sink, "eos", [weak, weak_branch](GstElement*) {
        const auto self = weak.lock();
        const auto own = weak_branch.lock();
        if (self && own) self->on_ended(own.get());
    });
}

// On another thread: this one may be the branch's own, for which its stop would wait.
void UnitTap::retire(const std::shared_ptr<Branch>& branch) {
    using Retired = std::pair<base::ObjectPtr<GstElement>, std::shared_ptr<Branch>>;
    const auto stop = +[](GstElement*, gpointer data) noexcept {
        const auto& [bin, old] = *static_cast<Retired*>(data);
        for (const auto& element : old->elements) {
            gst_element_set_state(element.get(), GST_STATE_NULL);
            gst_bin_remove(GST_BIN(bin.get()), element.get());
        }
    };
    gst_element_call_async(
        pipeline_.element(), stop, new Retired(base::borrow_object(pipeline_.element()), branch),
        +[](gpointer data) noexcept { delete static_cast<Retired*>(data); });
}

void UnitTap::wait_end(UnitKind kind) {
    std::unique_lock lock(mutex_);
    const Slot& own = slot(kind);
    changed_.wait_for(lock, kLastUnits, [&] { return stopped_ || own.ended || !own.branch; });
}

void UnitTap::stop() {
    std::vector<std::shared_ptr<Branch>> branches;
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        changed_.notify_all();
        for (Slot* own : {&video_, &audio_}) {
            if (own->branch) branches.push_back(own->branch);
        }
    }
    for (const auto& branch : branches) {
        gst_element_set_state(branch->elements.back().get(), GST_STATE_NULL);
    }
}

void UnitTap::forget(GstPad* pad) {
    for (Slot* own : {&video_, &audio_}) {
        std::shared_ptr<Branch> gone;
        {
            const std::scoped_lock lock(own->handing, mutex_);
            if (!own->branch || own->branch->pad != pad) continue;
            gone = std::exchange(own->branch, nullptr);
        }
        retire(gone);
    }
}

void UnitTap::on_ended(const Branch* branch) {
    const bool all = [&] {
        const std::lock_guard lock(mutex_);
        Slot& own = slot(branch->kind);
        if (own.branch.get() != branch) return false;
        own.ended = true;
        changed_.notify_all();
        return (!video_.branch || video_.ended) && (!audio_.branch || audio_.ended);
    }();
    if (all) events_.ended();
}

// The unit with its times in the feed's line, both of them known; null where nothing is known.
base::MiniPtr<GstBuffer> UnitTap::placed(GstSample* sample, Branch& branch) const {
    const GstSegment* segment = gst_sample_get_segment(sample);
    const auto place = [&](GstClockTime time) -> GstClockTime {
        if (time == GST_CLOCK_TIME_NONE) return time;
        guint64 running = 0;
        const int sign = gst_segment_to_running_time_full(segment, GST_FORMAT_TIME, time, &running);
        if (sign >= 0) return running + margin_;
        return running < margin_ ? margin_ - running : 0;
    };
    GstBuffer* original = gst_sample_get_buffer(sample);
    GstClockTime pts = place(GST_BUFFER_PTS(original));
    GstClockTime dts = place(GST_BUFFER_DTS(original));
    if (pts == GST_CLOCK_TIME_NONE) pts = dts;
    if (pts == GST_CLOCK_TIME_NONE) {
        if (!GST_BUFFER_DURATION_IS_VALID(original)) return nullptr;
        pts = branch.last + GST_BUFFER_DURATION(original);
    }
    if (dts == GST_CLOCK_TIME_NONE) dts = pts;
    branch.last = pts;
    auto unit = adopt_mini(gst_buffer_copy(original));  // shares the memory
    GST_BUFFER_PTS(unit.get()) = pts;
    GST_BUFFER_DTS(unit.get()) = dts;
    return unit;
}

GstFlowReturn UnitTap::on_sample(GstElement* appsink, Branch& branch) {
    const auto sample = adopt_mini(gst_app_sink_pull_sample(GST_APP_SINK(appsink)));
    if (!sample) return GST_FLOW_EOS;
    Slot& own = slot(branch.kind);
    const std::lock_guard handing(own.handing);
    const bool current = [&] {
        const std::lock_guard lock(mutex_);
        return own.branch.get() == &branch;
    }();
    if (!current) return GST_FLOW_EOS;
    GstCaps* caps = gst_sample_get_caps(sample.get());
    if (!branch.caps ||
        (branch.caps.get() != caps && !gst_caps_is_equal(branch.caps.get(), caps))) {
        branch.caps = base::borrow_mini(caps);
        feed_.configure(branch.kind, base::borrow_mini(caps));
    }
    if (auto unit = placed(sample.get(), branch)) feed_.push(branch.kind, std::move(unit));
    return GST_FLOW_OK;
}

}  // namespace weir::ingest
