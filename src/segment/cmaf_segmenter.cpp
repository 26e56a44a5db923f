// SPDX-License-Identifier: MIT
#include "segment/cmaf_segmenter.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "base/callback.hpp"
#include "base/log.hpp"
#include "base/pipeline.hpp"
#include "segment/cmaf_cutter.hpp"
#include "segment/cmaf_writer.hpp"
#include "segment/decode_order.hpp"
#include "segment/mapped.hpp"
#include "segment/sample_content.hpp"

namespace weir::segment {

using base::adopt_mini;
using base::adopt_object;
using media::CodecConfig;
using media::MediaTime;
using media::TrackKind;

namespace {

// How the access units of a codec are wanted.
struct Parser {
    const char* media_type;
    const char* element;
    const char* caps;
};
constexpr std::array kParsers{
    Parser{"video/x-h264", "h264parse", "video/x-h264,stream-format=avc,alignment=au"},
    Parser{"video/x-h265", "h265parse", "video/x-h265,stream-format=hvc1,alignment=au"},
    Parser{"video/x-av1", "av1parse", "video/x-av1,stream-format=obu-stream,alignment=tu"}};

// Opus' header packet is the first of these.
GstBuffer* first_stream_header(const GstStructure* caps) {
    const GValue* list = gst_structure_get_value(caps, "streamheader");
    if (!list || !GST_VALUE_HOLDS_ARRAY(list) || gst_value_array_get_size(list) == 0) {
        return nullptr;
    }
    const GValue* value = gst_value_array_get_value(list, 0);
    return GST_VALUE_HOLDS_BUFFER(value) ? gst_value_get_buffer(value) : nullptr;
}

// The nearest frame of the track's own; nothing is counted up.
std::int64_t nearest_unit(MediaTime time, int rate, int frame_samples) {
    const MediaTime half(500'000'000 / rate);
    const std::int64_t sample = media::sample_at_or_after(time - half, rate) + frame_samples / 2;
    const std::int64_t rest = sample % frame_samples;
    return (sample - (rest < 0 ? rest + frame_samples : rest)) / frame_samples;
}

class CmafSegmenter : public std::enable_shared_from_this<CmafSegmenter> {
public:
    CmafSegmenter(const CmafSegmenterOptions& options, CmafSegmenterEvents events)
        : options_(options), events_(std::move(events)), order_(options.grid, options.first_frame) {
        gst_segment_init(&segment_, GST_FORMAT_TIME);
    }

    // The parser is chosen when the caps are known.
    Result<base::ObjectPtr<GstElement>> make() {
        auto bin = adopt_object(gst_bin_new(nullptr));
        auto entry = base::make_gst_element("identity");
        if (!entry) return entry.error();
        gst_bin_add(GST_BIN(bin.get()), *entry);
        auto sink = base::make_gst_element("fakesink");
        if (!sink) return sink.error();
        gst_bin_add(GST_BIN(bin.get()), *sink);
        // It takes part in nothing: the bytes are taken in front of it.
        g_object_set(*sink, "sync", FALSE, "async", FALSE, "enable-last-sample", FALSE, nullptr);
        const auto target = adopt_object(gst_element_get_static_pad(*entry, "sink"));
        const auto end = adopt_object(gst_element_get_static_pad(*sink, "sink"));
        const auto self = shared_from_this();
        base::add_probe(target.get(), GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
                        [self, entry = *entry, sink = *sink](GstPad*, GstPadProbeInfo* info) {
                            self->on_entering(entry, sink, GST_PAD_PROBE_INFO_EVENT(info));
                            return GST_PAD_PROBE_OK;
                        });
        const auto type = static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER |
                                                       GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM);
        base::add_probe(end.get(), type, [self](GstPad*, GstPadProbeInfo* info) {
            const bool is_buffer = (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) != 0;
            if (is_buffer) {
                self->on_buffer(GST_PAD_PROBE_INFO_BUFFER(info));
            } else {
                self->on_event(GST_PAD_PROBE_INFO_EVENT(info));
            }
            return GST_PAD_PROBE_OK;
        });
        gst_element_add_pad(bin.get(), gst_ghost_pad_new("sink", target.get()));
        return bin;
    }

private:
    // Before the entry's own handling, so that what it forwards finds the way ready.
    void on_entering(GstElement* entry, GstElement* sink, GstEvent* event) {
        const auto type = GST_EVENT_TYPE(event);
        // An end without a beginning has no caps.
        if ((type != GST_EVENT_CAPS && type != GST_EVENT_EOS) || std::exchange(linked_, true)) {
            return;
        }
        const Parser* parser = nullptr;
        if (type == GST_EVENT_CAPS) {
            GstCaps* caps = nullptr;
            gst_event_parse_caps(event, &caps);
            const GstStructure* structure = gst_caps_get_structure(caps, 0);
            const auto* const found =
                std::find_if(kParsers.begin(), kParsers.end(), [&](const Parser& known) {
                    return gst_structure_has_name(structure, known.media_type);
                });
            if (found != kParsers.end()) parser = &*found;
        }
        if (parser) {
            link_parser(entry, sink, *parser);
        } else {
            gst_element_link(entry, sink);
        }
    }

    void link_parser(GstElement* entry, GstElement* sink, const Parser& parser) {
        const auto bin = adopt_object(gst_element_get_parent(entry));
        const auto parse = base::make_gst_element(parser.element);
        const auto filter = base::make_gst_element("capsfilter");
        if (!parse || !filter) {
            gst_element_link(entry, sink);
            return fail((parse ? filter.error() : parse.error()).message);
        }
        const auto caps = adopt_mini(gst_caps_from_string(parser.caps));
        g_object_set(*filter, "caps", caps.get(), nullptr);
        gst_bin_add_many(GST_BIN(bin.get()), *parse, *filter, nullptr);
        gst_element_link_many(entry, *parse, *filter, sink, nullptr);
        gst_element_sync_state_with_parent(*filter);
        gst_element_sync_state_with_parent(*parse);
    }

    void on_event(GstEvent* event) {
        switch (GST_EVENT_TYPE(event)) {
            case GST_EVENT_SEGMENT:
                gst_event_copy_segment(event, &segment_);
                break;
            case GST_EVENT_CAPS: {
                GstCaps* caps = nullptr;
                gst_event_parse_caps(event, &caps);
                if (auto read = on_caps(gst_caps_get_structure(caps, 0)); !read) {
                    fail(read.error().message);
                }
                break;
            }
            case GST_EVENT_EOS:
                if (std::exchange(ended_, true)) break;
                if (cutter_) cutter_->finish();
                events_.on_end();
                break;
            default:
                break;
        }
    }

    Result<void> on_caps(const GstStructure* caps) {
        const std::string name = gst_structure_get_name(caps);
        const bool video = name.starts_with("video/");
        if (video != (options_.kind == TrackKind::video)) {
            return Error{ErrorCode::unsupported, "CMAF: " + name + " in a track of another kind"};
        }
        const Mapped data(codec_data(caps));
        if (name == "video/x-h264") return configure(media::avc_config_of_record(data.bytes()));
        if (name == "video/x-h265") return configure(media::hevc_config_of_record(data.bytes()));
        if (name == "video/x-av1") return {};  // it is in the first keyframe
        if (name == "audio/x-opus") {
            const Mapped head(first_stream_header(caps));
            return configure(media::opus_config(head.bytes()));
        }
        const char* format = gst_structure_get_string(caps, "stream-format");
        if (name != "audio/mpeg" || !format || std::string_view(format) != "raw") {
            return Error{ErrorCode::unsupported, "CMAF: " + name + " cannot be packaged"};
        }
        return configure(media::aac_config(data.bytes()));
    }

    Result<void> configure(Result<CodecConfig> config) {
        if (!config) return config.error();
        if (!config_) {
            config_ = std::move(*config);
        } else if (*config_ != *config) {
            return Error{ErrorCode::unsupported, "CMAF: the codec's configuration has changed"};
        }
        return {};
    }

    void on_buffer(GstBuffer* buffer) {
        if (ended_) return;
        const Mapped mapped(buffer);
        const auto time = running_time(GST_BUFFER_PTS(buffer));
        Result<void> taken = Error{ErrorCode::corrupt, "CMAF: a frame without a time"};
        if (time) {
            taken = options_.kind == TrackKind::video
                        ? take_video(mapped.bytes(), *time, running_time(GST_BUFFER_DTS(buffer)))
                        : take_audio(mapped.bytes(), *time);
        }
        if (!taken) fail(taken.error().message);
    }

    // May be below zero, as a decoding time before the first picture.
    [[nodiscard]] std::optional<MediaTime> running_time(GstClockTime time) const {
        if (!GST_CLOCK_TIME_IS_VALID(time)) return std::nullopt;
        guint64 running = 0;
        const int sign =
            gst_segment_to_running_time_full(&segment_, GST_FORMAT_TIME, time, &running);
        if (sign == 0 || running > static_cast<guint64>(INT64_MAX)) return std::nullopt;
        return MediaTime(sign * static_cast<std::int64_t>(running));
    }

    Result<void> take_video(std::span<const std::byte> bytes, MediaTime time,
                            std::optional<MediaTime> dts) {
        if (!config_) {  // AV1
            if (auto known = configure(media::av1_config(bytes)); !known) return known;
        }
        const auto content = read_video_sample(*config_, bytes);
        if (!content) return content.error();
        if (!cutter_ && !content->sync) {
            return Error{ErrorCode::corrupt, "CMAF: the first frame is no keyframe"};
        }
        const std::int64_t presented = options_.grid.nearest_frame(time);
        const auto decoded = order_.place(presented, content->sync, dts);
        if (!decoded) return decoded.error();
        const std::int64_t slot = options_.grid.slot_of_frame(presented);
        if (std::exchange(slot_, slot) != slot && !content->sync) {
            GST_WARNING("segment %" G_GINT64_FORMAT " does not begin with a keyframe", slot);
        }
        if (!cutter_) {
            auto track = video_track(*config_, options_.grid.frame_rate());
            if (!track) return track.error();
            begin(std::move(*track));
        }
        return cutter_->add({.index = *decoded,
                             .composition = presented - *decoded,
                             .sync = content->sync,
                             .disposable = content->disposable,
                             .pieces = content->pieces});
    }

    Result<void> take_audio(std::span<const std::byte> bytes, MediaTime time) {
        if (!config_) return Error{ErrorCode::corrupt, "CMAF: sound without a configuration"};
        int samples = config_->frame_samples;
        if (samples == 0) {
            const auto length = media::opus_packet_samples(bytes);
            if (!length) return length.error();
            samples = *length;
        }
        if (!cutter_) begin(audio_track(*config_, samples));
        if (samples != frame_samples_) {
            return Error{ErrorCode::unsupported, "CMAF: audio frames of changing length"};
        }
        const std::int64_t index = nearest_unit(time, config_->sample_rate, samples);
        // An encoder begins with what it needs to fill its window.
        if (index < cutter_->first_unit()) return {};
        const std::array pieces{bytes};
        return cutter_->add({.index = index, .sync = true, .pieces = pieces});
    }

    void begin(CmafTrack track) {
        frame_samples_ = static_cast<int>(track.unit_ticks);
        events_.on_init(write_init_segment(track));
        cutter_ = std::make_unique<CmafCutter>(options_, std::move(track), events_);
    }

    void fail(const std::string& text) {
        GST_WARNING("%s", text.c_str());
        events_.on_error(text);
    }

    const CmafSegmenterOptions options_;
    const CmafSegmenterEvents events_;
    // All below: the track's streaming thread only.
    GstSegment segment_;
    bool linked_ = false;
    bool ended_ = false;
    std::optional<CodecConfig> config_;
    DecodeOrder order_;
    std::int64_t slot_ = -1;  // of the last picture
    int frame_samples_ = 0;
    std::unique_ptr<CmafCutter> cutter_;  // from the first frame on
};

}  // namespace

Result<base::ObjectPtr<GstElement>> make_cmaf_segmenter(const CmafSegmenterOptions& options,
                                                        CmafSegmenterEvents events) {
    return std::make_shared<CmafSegmenter>(options, std::move(events))->make();
}

}  // namespace weir::segment
