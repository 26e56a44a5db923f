// SPDX-License-Identifier: MIT
#include "ingest/decoder.hpp"

#include <algorithm>
#include <gsl/gsl>
#include <initializer_list>
#include <utility>
#include <vector>

#include "base/callback.hpp"

namespace weir::ingest {

using base::adopt_mini;
using base::adopt_object;
using media::MediaTime;

namespace {

std::string field_text(const GstStructure* structure, const char* field) {
    const GValue* value = gst_structure_get_value(structure, field);
    if (!value) return "?";
    const base::GString text(gst_value_serialize(value));
    return text ? text.get() : "?";
}

std::string video_caps(const media::RawFormat& format) {
    // The colorimetry is named, or a converter would guess it from the size (bt601 for SD).
    return "video/x-raw,format=I420,width=" + std::to_string(format.width) +
           ",height=" + std::to_string(format.height) + ",pixel-aspect-ratio=1/1,colorimetry=bt709";
}

std::string audio_caps(const media::RawFormat& format) {
    return "audio/x-raw,format=F32LE,layout=interleaved,rate=" +
           std::to_string(format.sample_rate) + ",channels=" + std::to_string(format.channels);
}

// Makes the elements and puts them into the bin. Errors: unsupported, and none is added.
Result<std::vector<GstElement*>> add(GstBin* bin, std::initializer_list<const char*> factories) {
    std::vector<base::ObjectPtr<GstElement>> made;
    for (const char* factory : factories) {
        auto element = base::make_gst_element(factory);
        if (!element) return element.error();
        made.push_back(adopt_object(*element));
    }
    std::vector<GstElement*> added;
    for (const auto& element : made) {
        gst_bin_add(bin, element.get());
        added.push_back(element.get());
    }
    return added;
}

// Bounded in bytes, never in time: a late joiner gets audio long before video, and a queue that
// fills up with one keeps the other from ever being seen.
void limit_by_bytes(GstElement* queue, guint bytes) {
    g_object_set(queue, "max-size-time", guint64{0}, "max-size-buffers", 0U, "max-size-bytes",
                 bytes, nullptr);
}

}  // namespace

Decoder::Decoder(GstBin* bin, const media::RawFormat& format,
                 std::shared_ptr<media::MediaSink> sink, DecoderEvents events)
    : bin_(bin), format_(format), sink_(std::move(sink)), events_(std::move(events)) {}

void Decoder::take_from(GstElement* decodebin) {
    const std::weak_ptr<Decoder> weak = weak_from_this();
    base::connect<void, GstElement*, GstPad*>(decodebin, "pad-added",
                                              [weak](GstElement*, GstPad* pad) {
                                                  if (const auto self = weak.lock())
                                                      self->take(pad);
                                              });
    base::connect<void, GstElement*>(decodebin, "no-more-pads", [weak](GstElement*) {
        const auto self = weak.lock();
        if (!self) return;
        const bool nothing = [&] {
            const std::lock_guard lock(self->mutex_);
            return self->branches_ == 0;
        }();
        if (nothing) self->events_.failed("there is neither video nor audio in it");
    });
}

void Decoder::expect() {
    const std::lock_guard lock(mutex_);
    ++expected_;
}

void Decoder::take(GstPad* pad) {
    const auto caps = adopt_mini(gst_pad_get_current_caps(pad));
    const auto query = caps ? nullptr : adopt_mini(gst_pad_query_caps(pad, nullptr));
    take(pad, caps ? caps.get() : query.get());
}

void Decoder::take(GstPad* pad, const GstCaps* known) {
    if (gst_caps_is_empty(known) || gst_caps_is_any(known)) return discard(pad);
    const bool video = gst_structure_has_name(gst_caps_get_structure(known, 0), "video/x-raw");
    const bool audio = gst_structure_has_name(gst_caps_get_structure(known, 0), "audio/x-raw");
    const Kind kind = video ? Kind::video : Kind::audio;
    bool wanted = false;
    base::ObjectPtr<GstPad> vacant;
    {
        const std::lock_guard lock(mutex_);
        if (video) wanted = !std::exchange(has_video_, true);
        if (audio && format_.sample_rate > 0) wanted = !std::exchange(has_audio_, true);
        if (wanted) ++branches_;
        GstPad* own = video || audio ? entry(kind).get() : nullptr;
        if (own && !gst_pad_is_linked(own)) vacant = base::borrow_object(own);
    }
    if (wanted) return link_branch(pad, kind);
    if (vacant) return link(pad, vacant.get(), kind);
    discard(pad);
}

base::ObjectPtr<GstPad>& Decoder::entry(Kind kind) {
    return kind == Kind::video ? video_entry_ : audio_entry_;
}

void Decoder::link(GstPad* pad, GstPad* entry, Kind kind) const {
    if (gst_pad_link(pad, entry) == GST_PAD_LINK_OK) return;
    events_.failed(std::string("its ") + (kind == Kind::video ? "video" : "audio") +
                   " cannot be converted");
}

void Decoder::discard(GstPad* pad) {
    const auto added = add(bin_, {"fakesink"});
    if (!added) return events_.failed(added.error().message);
    GstElement* sink = added->front();
    g_object_set(sink, "sync", FALSE, "async", FALSE, nullptr);
    gst_element_sync_state_with_parent(sink);
    gst_pad_link(pad, adopt_object(gst_element_get_static_pad(sink, "sink")).get());
}

void Decoder::link_branch(GstPad* pad, Kind kind) {
    const bool video = kind == Kind::video;
    const auto added =
        video ? add(bin_, {"queue", "deinterlace", "videoflip", "videoconvertscale", "capsfilter",
                           "appsink"})
              : add(bin_, {"queue", "audioconvert", "audioresample", "capsfilter", "appsink"});
    if (!added) return events_.failed(added.error().message);
    const std::vector<GstElement*>& chain = *added;
    limit_by_bytes(chain.front(), video ? 16'000'000 : 4'000'000);
    if (video) {
        g_object_set(chain.front(), "max-size-buffers", 2U, nullptr);
        // Both let through what needs no correction. One frame for two fields: the rate is the
        // programme's business.
        gst_util_set_object_arg(G_OBJECT(chain[1]), "mode", "auto");
        gst_util_set_object_arg(G_OBJECT(chain[1]), "fields", "top");
        gst_util_set_object_arg(G_OBJECT(chain[2]), "video-direction", "auto");
    }
    const auto caps = adopt_mini(
        gst_caps_from_string((video ? video_caps(format_) : audio_caps(format_)).c_str()));
    g_object_set(chain[chain.size() - 2], "caps", caps.get(), nullptr);
    connect_sink(chain.back(), kind);
    for (std::size_t i = 0; i + 1 < chain.size(); ++i) gst_element_link(chain[i], chain[i + 1]);
    // From the sink on: what is started first must find its way ready.
    std::for_each(chain.rbegin(), chain.rend(), gst_element_sync_state_with_parent);
    auto target = adopt_object(gst_element_get_static_pad(chain.front(), "sink"));
    link(pad, target.get(), kind);
    const std::lock_guard lock(mutex_);
    entry(kind) = std::move(target);
}

void Decoder::connect_sink(GstElement* sink, Kind kind) {
    {
        const std::lock_guard lock(mutex_);
        if (!first_sink_) first_sink_ = base::borrow_object(sink);
    }
    // async=FALSE: no preroll, because a stream that has no data yet must not hold up the other.
    g_object_set(sink, "sync", FALSE, "async", FALSE, "max-buffers", 1U, "wait-on-eos", FALSE,
                 "emit-signals", TRUE, "enable-last-sample", FALSE, nullptr);
    const std::weak_ptr<Decoder> weak = weak_from_this();
    // In front of the sink, not in it: there a delivery that waits for room would hold a lock that
    // the pipeline's change to PLAYING needs, on the control thread.
    base::add_probe(
        adopt_object(gst_element_get_static_pad(sink, "sink")).get(),
        static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_FLUSH),
        [weak, kind](GstPad* pad, GstPadProbeInfo* info) {
            const auto self = weak.lock();
            if (!self) return GST_PAD_PROBE_DROP;
            if ((info->type & GST_PAD_PROBE_TYPE_BUFFER) != 0) {
                info->ABI.abi.flow_ret =
                    self->on_buffer(pad, GST_PAD_PROBE_INFO_BUFFER(info), kind);
                gst_buffer_unref(GST_PAD_PROBE_INFO_BUFFER(info));
                return GST_PAD_PROBE_HANDLED;
            }
            const bool flushed =
                GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_FLUSH_STOP;
            if (flushed) self->discarding_ = false;
            return GST_PAD_PROBE_OK;
        });
    base::connect<void, GstElement*>(sink, "eos", [weak, kind](GstElement*) {
        if (const auto self = weak.lock()) self->on_eos(kind);
    });
}

GstFlowReturn Decoder::on_buffer(GstPad* pad, GstBuffer* buffer, Kind kind) {
    if (discarding_) return GST_FLOW_OK;
    const auto event = adopt_mini(gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0));
    const auto caps = adopt_mini(gst_pad_get_current_caps(pad));
    if (!event || !caps) return GST_FLOW_OK;
    const GstSegment* segment = nullptr;
    gst_event_parse_segment(event.get(), &segment);
    // A picture file has no times: its picture comes first.
    const bool untimed = !GST_BUFFER_PTS_IS_VALID(buffer) && is_first_picture(kind);
    const auto running =
        untimed ? 0 : gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
    if (running == GST_CLOCK_TIME_NONE) return GST_FLOW_OK;  // outside the segment: not to be shown
    ++arrivals_;
    note_caps(caps.get(), kind);
    const MediaTime pts = place(buffer, MediaTime(static_cast<std::int64_t>(running)), kind);
    return deliver(buffer, kind, pts) ? GST_FLOW_OK : GST_FLOW_FLUSHING;
}

bool Decoder::is_first_picture(Kind kind) const {
    const std::lock_guard lock(mutex_);
    return kind == Kind::video && !begin_.video;
}

// Source time of a unit; remembers what the next round of a looping file needs.
MediaTime Decoder::place(GstBuffer* buffer, MediaTime running, Kind kind) {
    std::unique_lock lock(mutex_);
    settle(lock, running, kind);
    note_begin(running, kind);
    const MediaTime pts = running + base_;
    const auto duration = GST_BUFFER_DURATION(buffer);
    MediaTime length(duration == GST_CLOCK_TIME_NONE ? 0 : static_cast<std::int64_t>(duration));
    if (kind == Kind::audio) {
        audio_end_ = std::max(audio_end_, pts + length);
        return pts;
    }
    // Some containers do not say how long a frame lasts: as long as the one before it.
    if (length <= MediaTime{} && last_frame_ && pts > *last_frame_) length = pts - *last_frame_;
    video_end_ = std::max(video_end_, pts + length);
    last_frame_ = pts;
    if (length > MediaTime{}) frame_ = length;
    return pts;
}

void Decoder::begin_at(MediaTime begin) {
    const std::lock_guard lock(mutex_);
    begin_at_ = begin;
    video_end_ = audio_end_ = begin;
}

void Decoder::stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    settled_.notify_all();
}

// Where the first media lies decides where all of it does.
void Decoder::settle(std::unique_lock<std::mutex>& lock, MediaTime running, Kind kind) {
    if (!begin_at_) return;
    if (kind == Kind::audio && has_video_) {
        settled_.wait(lock, [this] { return !begin_at_ || stopped_ || video_ended_; });
        if (!begin_at_) return;
    }
    base_ = *std::exchange(begin_at_, std::nullopt) - running;
    settled_.notify_all();
}

bool Decoder::deliver(GstBuffer* buffer, Kind kind, MediaTime pts) {
    ++delivering_;
    const auto delivered = gsl::finally([this] { --delivering_; });
    if (kind == Kind::video) return sink_->push_video(pts, base::borrow_mini(buffer));
    GstMapInfo map;
    if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return true;
    const void* data = map.data;
    const bool open =
        sink_->push_audio(pts, {static_cast<const float*>(data), map.size / sizeof(float)});
    gst_buffer_unmap(buffer, &map);
    return open;
}

void Decoder::note_caps(GstCaps* caps, Kind kind) {
    const GstStructure* structure = gst_caps_get_structure(caps, 0);
    bool first = false;
    StreamInfo info;
    {
        const std::lock_guard lock(mutex_);
        if (kind == Kind::video && info_.video.empty()) {
            info_.video = field_text(structure, "framerate") + " fps";
            int numerator = 0;
            int denominator = 1;
            if (gst_structure_get_fraction(structure, "framerate", &numerator, &denominator) &&
                numerator > 0) {
                info_.frame_rate = Rational{numerator, denominator};
            }
        } else if (kind == Kind::audio && info_.audio.empty()) {
            info_.audio = field_text(structure, "rate") + " Hz";
        }
        first = !std::exchange(flowing_, true);
        info = info_;
    }
    if (first) events_.flowing(info);
}

void Decoder::on_eos(Kind kind) {
    const bool all = [&] {
        const std::lock_guard lock(mutex_);
        if (kind == Kind::video) video_ended_ = true;
        settled_.notify_all();
        return ++ended_ == std::max(branches_, expected_);
    }();
    if (all) events_.ended();
}

// Some demultiplexers count from another zero after a seek than at first: the first unit of a round
// shows by how much.
void Decoder::note_begin(MediaTime running, Kind kind) {
    auto& begin = kind == Kind::video ? begin_.video : begin_.audio;
    if (begin) return;
    begin = running;
    const auto& before = kind == Kind::video ? begin_before_.video : begin_before_.audio;
    if (!std::exchange(zero_known_, true) && before) base_ -= running - *before;
}

bool Decoder::seek(MediaTime to, GstSeekFlags more) {
    GstElement* sink = [&] {
        const std::lock_guard lock(mutex_);
        sought_ = to > MediaTime{};
        return first_sink_.get();
    }();
    return sink && gst_element_seek_simple(sink, GST_FORMAT_TIME,
                                           static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | more),
                                           to.count()) != FALSE;
}

void Decoder::begin_round() {
    const std::lock_guard lock(mutex_);
    // Not every container begins at zero; what lies before the first frame is no part of the loop.
    base_ = end_of_round() - begin_.video.value_or(begin_.audio.value_or(MediaTime{}));
    begin_before_ = std::exchange(begin_, {});
    if (std::exchange(sought_, false)) {
        // It began in the middle: where its first sound lay within an AAC frame says nothing of the
        // demultiplexer's zero. The first picture of the next round settles it.
        begin_at_ = end_of_round();
        begin_before_ = {};
    }
    zero_known_ = false;
    ended_ = 0;
}

MediaTime Decoder::end_time() const {
    const std::lock_guard lock(mutex_);
    return end_of_round();
}

MediaTime Decoder::end_of_round() const {
    if (frame_ <= MediaTime{}) return std::max(video_end_, audio_end_);
    // Tracks hardly ever end together; a tail this short is no reason for another frame.
    const MediaTime tail = audio_end_ - video_end_ - std::chrono::milliseconds(50);
    if (tail <= MediaTime{}) return video_end_;
    return video_end_ + (tail / frame_ + 1) * frame_;
}

StreamInfo Decoder::info() const {
    const std::lock_guard lock(mutex_);
    return info_;
}

}  // namespace weir::ingest
