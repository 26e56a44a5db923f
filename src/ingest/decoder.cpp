// SPDX-License-Identifier: MIT
#include "ingest/decoder.hpp"

#include <gst/app/gstappsink.h>

#include <algorithm>
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

void Decoder::take(GstPad* pad) {
    const auto caps = adopt_mini(gst_pad_get_current_caps(pad));
    const auto query = caps ? nullptr : adopt_mini(gst_pad_query_caps(pad, nullptr));
    const GstCaps* known = caps ? caps.get() : query.get();
    if (gst_caps_is_empty(known) || gst_caps_is_any(known)) return discard(pad);
    const bool video = gst_structure_has_name(gst_caps_get_structure(known, 0), "video/x-raw");
    const bool audio = gst_structure_has_name(gst_caps_get_structure(known, 0), "audio/x-raw");
    bool wanted = false;
    {
        const std::lock_guard lock(mutex_);
        if (video) wanted = !std::exchange(has_video_, true);
        if (audio && format_.sample_rate > 0) wanted = !std::exchange(has_audio_, true);
        if (wanted) ++branches_;
    }
    if (wanted) {
        link_branch(pad, video ? Kind::video : Kind::audio);
    } else {
        discard(pad);
    }
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
        video ? add(bin_, {"queue", "videoconvertscale", "capsfilter", "appsink"})
              : add(bin_, {"queue", "audioconvert", "audioresample", "capsfilter", "appsink"});
    if (!added) return events_.failed(added.error().message);
    const std::vector<GstElement*>& chain = *added;
    limit_by_bytes(chain.front(), video ? 16'000'000 : 4'000'000);
    if (video) g_object_set(chain.front(), "max-size-buffers", 2U, nullptr);
    const auto caps = adopt_mini(
        gst_caps_from_string((video ? video_caps(format_) : audio_caps(format_)).c_str()));
    g_object_set(chain[chain.size() - 2], "caps", caps.get(), nullptr);
    connect_sink(chain.back(), kind);
    for (std::size_t i = 0; i + 1 < chain.size(); ++i) gst_element_link(chain[i], chain[i + 1]);
    // From the sink on: what is started first must find its way ready.
    std::for_each(chain.rbegin(), chain.rend(), gst_element_sync_state_with_parent);
    const auto target = adopt_object(gst_element_get_static_pad(chain.front(), "sink"));
    if (gst_pad_link(pad, target.get()) != GST_PAD_LINK_OK) {
        events_.failed(std::string("its ") + (video ? "video" : "audio") + " cannot be converted");
    }
}

void Decoder::connect_sink(GstElement* sink, Kind kind) {
    // async=FALSE: no preroll, because a stream that has no data yet must not hold up the other.
    g_object_set(sink, "sync", FALSE, "async", FALSE, "max-buffers", 1U, "wait-on-eos", FALSE,
                 "emit-signals", TRUE, "enable-last-sample", FALSE, nullptr);
    const std::weak_ptr<Decoder> weak = weak_from_this();
    base::connect<GstFlowReturn, GstElement*>(sink, "new-sample", [weak, kind](GstElement* from) {
        const auto self = weak.lock();
        return self ? self->on_sample(from, kind) : GST_FLOW_FLUSHING;
    });
    base::connect<void, GstElement*>(sink, "eos", [weak](GstElement*) {
        if (const auto self = weak.lock()) self->on_eos();
    });
}

GstFlowReturn Decoder::on_sample(GstElement* appsink, Kind kind) {
    const auto sample = adopt_mini(gst_app_sink_pull_sample(GST_APP_SINK(appsink)));
    if (!sample) return GST_FLOW_EOS;
    GstBuffer* buffer = gst_sample_get_buffer(sample.get());
    const GstSegment* segment = gst_sample_get_segment(sample.get());
    const auto running =
        gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
    if (running == GST_CLOCK_TIME_NONE) return GST_FLOW_OK;  // outside the segment: not to be shown
    ++arrivals_;
    note_caps(sample.get(), kind);
    const MediaTime pts = place(buffer, MediaTime(static_cast<std::int64_t>(running)), kind);
    return deliver(sample.get(), kind, pts) ? GST_FLOW_OK : GST_FLOW_FLUSHING;
}

// Source time of a unit; remembers what the next round of a looping file needs.
MediaTime Decoder::place(GstBuffer* buffer, MediaTime running, Kind kind) {
    const std::lock_guard lock(mutex_);
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

bool Decoder::deliver(GstSample* sample, Kind kind, MediaTime pts) {
    GstBuffer* buffer = gst_sample_get_buffer(sample);
    if (kind == Kind::video) return sink_->push_video(pts, base::borrow_mini(buffer));
    GstMapInfo map;
    if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return true;
    const void* data = map.data;
    const bool open =
        sink_->push_audio(pts, {static_cast<const float*>(data), map.size / sizeof(float)});
    gst_buffer_unmap(buffer, &map);
    return open;
}

void Decoder::note_caps(GstSample* sample, Kind kind) {
    const GstStructure* structure = gst_caps_get_structure(gst_sample_get_caps(sample), 0);
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

void Decoder::on_eos() {
    const bool all = [&] {
        const std::lock_guard lock(mutex_);
        return ++ended_ == branches_;
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

void Decoder::begin_round() {
    const std::lock_guard lock(mutex_);
    // Not every container begins at zero; what lies before the first frame is no part of the loop.
    base_ = end_of_round() - begin_.video.value_or(begin_.audio.value_or(MediaTime{}));
    begin_before_ = std::exchange(begin_, {});
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
