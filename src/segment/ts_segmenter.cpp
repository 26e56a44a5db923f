// SPDX-License-Identifier: MIT
#include "segment/ts_segmenter.hpp"

#include <gio/gio.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>

#include "base/callback.hpp"
#include "base/pipeline.hpp"
#include "media/codecs.hpp"
#include "segment/message_filter_bin.hpp"

namespace weir::segment {

using base::adopt_mini;
using base::adopt_object;
using media::MediaTime;

namespace {

// Encoded media waits here until both tracks have come as far and the GOP is whole: limited in
// bytes, never in time, or one track's queue would stop the other for good.
constexpr guint kQueueBytes = 32'000'000;

// The muxer rounds down, and so does whoever makes nanoseconds of frame numbers: half a tick of
// 90 kHz more makes it round to the nearest tick, and steps that are whole ticks stay constant.
constexpr gint64 kHalfTick = 5'555;

class TsSegmenter : public std::enable_shared_from_this<TsSegmenter> {
public:
    TsSegmenter(const TsSegmenterOptions& options, TsSegmenterEvents events)
        : options_(options), events_(std::move(events)) {
        gst_segment_init(&segment_, GST_FORMAT_TIME);
    }

    Result<base::ObjectPtr<GstElement>> make() {
        auto bin = make_message_filter_bin(
            [self = shared_from_this()](GstMessage* message) { return self->is_echo(message); });
        auto sink = base::make_gst_element("hlssink2");
        if (!sink) return sink.error();
        gst_bin_add(GST_BIN(bin.get()), *sink);
        // Our own cuts only: no limit of its own, nothing deleted, nothing requested.
        g_object_set(*sink, "target-duration", 0U, "max-files", 0U, "playlist-length", 1U,
                     "send-keyframe-requests", FALSE, nullptr);
        splitmux_ = adopt_object(find_splitmux(GST_BIN(*sink)));
        if (!splitmux_) return Error{ErrorCode::unsupported, "hlssink2 without splitmuxsink"};
        connect_streams(*sink);
        if (auto linked = add_video(GST_BIN(bin.get()), *sink); !linked) return linked.error();
        if (options_.has_audio) {
            if (auto linked = add_audio(GST_BIN(bin.get()), *sink); !linked) return linked.error();
        }
        if (auto rounded = round_ticks(); !rounded) return rounded.error();
        return bin;
    }

private:
    static GstElement* find_splitmux(GstBin* sink) {
        GstIterator* children = gst_bin_iterate_all_by_element_factory_name(sink, "splitmuxsink");
        GValue item = G_VALUE_INIT;
        GstElement* found = nullptr;
        if (gst_iterator_next(children, &item) == GST_ITERATOR_OK) {
            found = GST_ELEMENT(g_value_dup_object(&item));
            g_value_unset(&item);
        }
        gst_iterator_free(children);
        return found;
    }

    // Of the muxer alone: splitmuxsink, which cuts, sees the times as they are.
    Result<void> round_ticks() {
        GstElement* muxer = nullptr;
        g_object_get(splitmux_.get(), "muxer", &muxer, nullptr);
        const auto owner = adopt_object(muxer);
        if (!muxer) return Error{ErrorCode::unsupported, "hlssink2 without a muxer"};
        const auto shift = [](GstElement*, GstPad* pad, gpointer) -> gboolean {
            gst_pad_set_offset(pad, kHalfTick);
            return TRUE;
        };
        gst_element_foreach_sink_pad(muxer, shift, nullptr);
        return {};
    }

    void connect_streams(GstElement* sink) {
        const auto self = shared_from_this();
        base::connect<GOutputStream*, GstElement*, const char*>(
            sink, "get-fragment-stream", [self](GstElement*, const char*) {
                const std::lock_guard lock(self->mutex_);
                self->stream_ = adopt_object(g_memory_output_stream_new_resizable());
                return G_OUTPUT_STREAM(g_object_ref(self->stream_.get()));
            });
        // hlssink2 writes its playlist when a fragment is complete, and once more at the end.
        base::connect<GOutputStream*, GstElement*, const char*>(
            sink, "get-playlist-stream", [self](GstElement*, const char*) {
                self->on_fragment_closed();
                return g_memory_output_stream_new_resizable();
            });
    }

    Result<GstPad*> add_queue(GstBin* bin, GstElement* sink, const char* pad, GstElement** first) {
        auto queue = base::make_gst_element("queue");
        if (!queue) return queue.error();
        g_object_set(*queue, "max-size-time", guint64{0}, "max-size-buffers", 0U, "max-size-bytes",
                     kQueueBytes, nullptr);
        gst_bin_add(bin, *queue);
        const auto target = adopt_object(gst_element_request_pad_simple(sink, pad));
        const auto source = adopt_object(gst_element_get_static_pad(*queue, "src"));
        if (gst_pad_link(source.get(), target.get()) != GST_PAD_LINK_OK) {
            return Error{ErrorCode::internal, std::string("hlssink2 refuses ") + pad};
        }
        *first = *queue;
        return target.get();  // hlssink2 keeps it
    }

    Result<void> add_video(GstBin* bin, GstElement* sink) {
        auto parse = base::make_gst_element("h264parse");
        if (!parse) return parse.error();
        g_object_set(*parse, "config-interval", -1, nullptr);  // parameter sets before every IDR
        gst_bin_add(bin, *parse);
        GstElement* queue = nullptr;
        auto pad = add_queue(bin, sink, "video", &queue);
        if (!pad) return pad.error();
        gst_element_link(*parse, queue);
        const auto type = static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER |
                                                       GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM);
        base::add_probe(*pad, type, [self = shared_from_this()](GstPad*, GstPadProbeInfo* info) {
            const bool is_buffer = (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) != 0;
            if (is_buffer) {
                self->on_access_unit(GST_PAD_PROBE_INFO_BUFFER(info));
            } else {
                self->on_video_event(GST_PAD_PROBE_INFO_EVENT(info));
            }
            return GST_PAD_PROBE_OK;
        });
        const auto target = adopt_object(gst_element_get_static_pad(*parse, "sink"));
        gst_element_add_pad(GST_ELEMENT(bin), gst_ghost_pad_new("video", target.get()));
        return {};
    }

    Result<void> add_audio(GstBin* bin, GstElement* sink) {
        GstElement* queue = nullptr;
        auto pad = add_queue(bin, sink, "audio", &queue);
        if (!pad) return pad.error();
        base::add_probe(*pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
                        [self = shared_from_this()](GstPad*, GstPadProbeInfo* info) {
                            self->on_audio_event(GST_PAD_PROBE_INFO_EVENT(info));
                            return GST_PAD_PROBE_OK;
                        });
        const auto target = adopt_object(gst_element_get_static_pad(queue, "sink"));
        gst_element_add_pad(GST_ELEMENT(bin), gst_ghost_pad_new("audio", target.get()));
        return {};
    }

    void on_video_event(GstEvent* event) {
        if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT) gst_event_copy_segment(event, &segment_);
        if (GST_EVENT_TYPE(event) != GST_EVENT_EOS) return;
        const bool nothing = [&] {
            const std::lock_guard lock(mutex_);
            ended_ = true;
            return given_all_ = starts_.empty();
        }();
        if (nothing) events_.on_end();
    }

    void on_audio_event(GstEvent* event) {
        if (GST_EVENT_TYPE(event) != GST_EVENT_CAPS) return;
        GstCaps* caps = nullptr;
        gst_event_parse_caps(event, &caps);
        const GValue* value =
            gst_structure_get_value(gst_caps_get_structure(caps, 0), "codec_data");
        GstBuffer* config = value ? gst_value_get_buffer(value) : nullptr;
        GstMapInfo map;
        if (!config || !gst_buffer_map(config, &map, GST_MAP_READ)) {
            return events_.on_error("the audio has no AudioSpecificConfig");
        }
        const auto codec = media::aac_codec_string(std::as_bytes(std::span(map.data, map.size)));
        gst_buffer_unmap(config, &map);
        if (!codec) return events_.on_error(codec.error().message);
        set_codec(audio_codec_, *codec);
    }

    void on_access_unit(GstBuffer* buffer) {
        const auto running =
            gst_segment_to_running_time(&segment_, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
        if (running == GST_CLOCK_TIME_NONE) return;
        const MediaTime start(static_cast<std::int64_t>(running));
        const auto duration = GST_BUFFER_DURATION(buffer);
        const MediaTime length(
            duration == GST_CLOCK_TIME_NONE ? 0 : static_cast<std::int64_t>(duration));
        const bool key = !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
        if (key && video_codec_.empty()) read_parameter_sets(buffer);
        bool cut = false;
        {
            const std::lock_guard lock(mutex_);
            end_ = std::max(end_, start + length);
            const auto slot = start / options_.segment_duration;
            if (key && slot > last_slot_) {
                cut = last_slot_ >= 0;
                last_slot_ = slot;
                starts_.push_back(start);
            }
        }
        // The first GOP at or after this time opens a new fragment: this very one.
        if (cut) g_signal_emit_by_name(splitmux_.get(), "split-at-running-time", running);
    }

    void read_parameter_sets(GstBuffer* buffer) {
        GstMapInfo map;
        if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return;
        const auto bytes = std::as_bytes(std::span(map.data, map.size));
        const auto codec = media::avc_codec_string(media::find_nal_unit(bytes, media::kNalSps));
        gst_buffer_unmap(buffer, &map);
        if (!codec) return events_.on_error(codec.error().message);
        set_codec(video_codec_, *codec);
    }

    void set_codec(std::string& which, const std::string& codec) {
        std::string codecs;
        {
            const std::lock_guard lock(mutex_);
            which = codec;
            if (video_codec_.empty() || (options_.has_audio && audio_codec_.empty())) return;
            if (std::exchange(codecs_given_, true)) return;
            codecs = video_codec_ + (options_.has_audio ? "," + audio_codec_ : "");
        }
        events_.on_codecs(std::move(codecs));
    }

    // A stream of no or a few frames that ends on the way to PLAYING: hlssink2 (1.22) is told twice
    // that its last fragment is closed, and takes the second time for an error. Nothing is lost: we
    // have it.
    bool is_echo(GstMessage* message) {
        if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_ERROR) return false;
        GError* error = nullptr;
        gst_message_parse_error(message, &error, nullptr);
        const base::GErrorPtr owner(error);
        const std::lock_guard lock(mutex_);
        return given_all_ &&
               g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_WRITE);
    }

    // All bytes are in the stream by now, though nobody has closed it.
    void on_fragment_closed() {
        media::Segment segment;
        bool last = false;
        {
            std::unique_lock lock(mutex_);
            if (!stream_ || starts_.empty()) {  // hlssink2's last playlist, at the end
                lock.unlock();
                if (events_.before_eos) events_.before_eos();
                return;
            }
            segment.start = starts_.front();
            segment.number = segment.start / options_.segment_duration;
            starts_.pop_front();
            segment.end = starts_.empty() ? end_ : starts_.front();
            last = given_all_ = ended_ && starts_.empty();
            auto* stream = G_MEMORY_OUTPUT_STREAM(stream_.get());
            const auto* data =
                static_cast<const std::byte*>(g_memory_output_stream_get_data(stream));
            const std::size_t size = g_memory_output_stream_get_data_size(stream);
            segment.bytes =
                Bytes::share(std::shared_ptr<GOutputStream>(std::move(stream_)), {data, size});
        }
        events_.on_segment(std::move(segment));
        if (last) events_.on_end();
    }

    const TsSegmenterOptions options_;
    const TsSegmenterEvents events_;
    base::ObjectPtr<GstElement> splitmux_;
    GstSegment segment_;                     // used by the video's streaming thread only
    std::mutex mutex_;                       // guards all below
    base::ObjectPtr<GOutputStream> stream_;  // the fragment being written
    std::deque<MediaTime> starts_;           // of the segments that are not closed yet
    std::int64_t last_slot_ = -1;
    MediaTime end_{};
    bool ended_ = false;
    bool given_all_ = false;  // the last segment too
    bool codecs_given_ = false;
    std::string video_codec_;
    std::string audio_codec_;
};

}  // namespace

Result<base::ObjectPtr<GstElement>> make_ts_segmenter(const TsSegmenterOptions& options,
                                                      TsSegmenterEvents events) {
    return std::make_shared<TsSegmenter>(options, std::move(events))->make();
}

}  // namespace weir::segment
