// SPDX-License-Identifier: MIT
// Colour bars, clock, flash and beep. Source time is UTC, so the clock shows it and the flash and
// the beep lie at its full seconds.
#include <gst/video/video.h>

#include <cstring>
#include <utility>

#include "base/callback.hpp"
#include "base/clock.hpp"
#include "ingest/play.hpp"
#include "ingest/source.hpp"

namespace weir::ingest {

namespace {

using base::adopt_mini;
using base::adopt_object;

constexpr GstClockTime kMark = 100 * GST_MSECOND;  // how long flash and beep last
constexpr int kToneHz = 1000;
constexpr int kToneRate = 48'000;

bool in_mark(GstClockTime time) {
    return time % GST_SECOND < kMark;
}

// A white field in the lower left corner.
void paint_flash(GstBuffer* buffer, const GstVideoInfo& info) {
    GstVideoFrame frame;
    if (!gst_video_frame_map(&frame, &info, buffer, GST_MAP_READWRITE)) return;
    for (guint plane = 0; plane < 3; ++plane) {
        const int height = GST_VIDEO_FRAME_COMP_HEIGHT(&frame, plane);
        const int width = GST_VIDEO_FRAME_COMP_WIDTH(&frame, plane) / 3;
        auto* samples = static_cast<guint8*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, plane));
        const std::ptrdiff_t stride = GST_VIDEO_FRAME_PLANE_STRIDE(&frame, plane);
        for (int y = height * 2 / 3; y < height; ++y) {
            std::memset(samples + y * stride, plane == 0 ? 235 : 128,
                        static_cast<std::size_t>(width));
        }
    }
    gst_video_frame_unmap(&frame);
}

// Silences the tone outside the marks.
void mask_tone(GstBuffer* buffer) {
    GstMapInfo map;
    if (!gst_buffer_map(buffer, &map, GST_MAP_READWRITE)) return;
    auto* samples = static_cast<std::int16_t*>(static_cast<void*>(map.data));
    const auto start = GST_BUFFER_PTS(buffer);
    for (gsize i = 0; i < map.size / sizeof(std::int16_t); ++i) {
        const auto time = start + gst_util_uint64_scale(i, GST_SECOND, kToneRate);
        if (!in_mark(time)) samples[i] = 0;
    }
    gst_buffer_unmap(buffer, &map);
}

GstBuffer* writable(GstPadProbeInfo* info) {
    auto* buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
    GST_PAD_PROBE_INFO_DATA(info) = buffer;
    return buffer;
}

class TestPatternSource final : public Source {
public:
    TestPatternSource(TestPattern config, const Delivery& delivery, SourceEvents events)
        : config_(config),
          decoded_(delivery.raw != nullptr),
          audio_(config.beep && delivery.format.sample_rate > 0),
          events_(std::move(events)),
          pipeline_("weir-test-pattern"),
          decoder_(std::make_shared<Decoder>(
              pipeline_.bin(), delivery.format, delivery.raw,
              DecoderEvents{events_.connected, events_.ended, events_.failed})) {}

    Result<void> start() override {
        if (!decoded_) {
            return Error{ErrorCode::unsupported,
                         "its media is not encoded, and passthrough needs it so"};
        }
        const auto now = base::system_clock()->utc().count();
        if (auto made = make_video(now); !made) return made;
        if (audio_) {
            if (auto made = make_audio(now); !made) return made;
        }
        return play(pipeline_, events_.failed);
    }

    std::uint64_t arrivals() const override { return decoder_->arrivals(); }
    StreamInfo info() const override { return decoder_->info(); }

private:
    Result<void> make_video(std::int64_t now) {
        auto source = pipeline_.add("videotestsrc");
        if (!source) return source.error();
        g_object_set(*source, "timestamp-offset", now, nullptr);
        auto filter = pipeline_.add("capsfilter");
        if (!filter) return filter.error();
        GstVideoInfo info;
        gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, guint(config_.width),
                                  guint(config_.height));
        GST_VIDEO_INFO_FPS_N(&info) = static_cast<int>(config_.frame_rate.numerator);
        GST_VIDEO_INFO_FPS_D(&info) = static_cast<int>(config_.frame_rate.denominator);
        gst_video_colorimetry_from_string(&info.colorimetry, "bt709");
        g_object_set(*filter, "caps", adopt_mini(gst_video_info_to_caps(&info)).get(), nullptr);
        gst_element_link(*source, *filter);
        GstElement* last = *filter;
        if (config_.beep) {
            base::add_probe(adopt_object(gst_element_get_static_pad(last, "src")).get(),
                            GST_PAD_PROBE_TYPE_BUFFER, [info](GstPad*, GstPadProbeInfo* probe) {
                                if (in_mark(GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(probe)))) {
                                    paint_flash(writable(probe), info);
                                }
                                return GST_PAD_PROBE_OK;
                            });
        }
        if (config_.clock) {
            auto clock = pipeline_.add("timeoverlay");
            if (!clock) return clock.error();
            GDateTime* epoch = g_date_time_new_from_unix_utc(0);
            g_object_set(*clock, "show-times-as-dates", TRUE, "datetime-epoch", epoch,
                         "datetime-format", "%F %T UTC", "font-desc", "Sans 28", nullptr);
            gst_util_set_object_arg(G_OBJECT(*clock), "halignment", "center");
            gst_util_set_object_arg(G_OBJECT(*clock), "valignment", "center");
            g_date_time_unref(epoch);
            gst_element_link(last, *clock);
            last = *clock;
        }
        decoder_->take(adopt_object(gst_element_get_static_pad(last, "src")).get());
        return {};
    }

    Result<void> make_audio(std::int64_t now) {
        auto source = pipeline_.add("audiotestsrc");
        if (!source) return source.error();
        g_object_set(*source, "timestamp-offset", now, "freq", double(kToneHz), "volume", 0.25,
                     nullptr);
        auto filter = pipeline_.add("capsfilter");
        if (!filter) return filter.error();
        const auto caps = adopt_mini(gst_caps_new_simple(
            "audio/x-raw", "format", G_TYPE_STRING, "S16LE", "rate", G_TYPE_INT, kToneRate,
            "channels", G_TYPE_INT, 1, "layout", G_TYPE_STRING, "interleaved", nullptr));
        g_object_set(*filter, "caps", caps.get(), nullptr);
        gst_element_link(*source, *filter);
        const auto pad = adopt_object(gst_element_get_static_pad(*filter, "src"));
        base::add_probe(pad.get(), GST_PAD_PROBE_TYPE_BUFFER, [](GstPad*, GstPadProbeInfo* probe) {
            mask_tone(writable(probe));
            return GST_PAD_PROBE_OK;
        });
        decoder_->take(pad.get());
        return {};
    }

    const TestPattern config_;
    const bool decoded_;
    const bool audio_;
    const SourceEvents events_;
    base::Pipeline pipeline_;
    std::shared_ptr<Decoder> decoder_;
};

}  // namespace

std::unique_ptr<Source> make_source(const TestPattern& config, const Delivery& delivery,
                                    SourceEvents events) {
    return std::make_unique<TestPatternSource>(config, delivery, std::move(events));
}

}  // namespace weir::ingest
