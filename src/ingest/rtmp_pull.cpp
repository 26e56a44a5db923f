// SPDX-License-Identifier: MIT
// Pulls from an RTMP server: rtmp2src fetches, our own FLV reader takes it apart, because an
// in-process library must not hand bytes from the network to flvdemux unchecked, and because
// flvdemux waits six seconds for a stream that may never come.
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <utility>

#include "base/callback.hpp"
#include "ingest/flv.hpp"
#include "ingest/play.hpp"
#include "ingest/source.hpp"
#include "ingest/stream_time.hpp"

namespace weir::ingest {

namespace {

using base::adopt_mini;

constexpr guint64 kQueueBytes = 4'000'000;  // encoded media between socket and decoder; then block

GstBuffer* copy_buffer(std::span<const std::byte> bytes) {
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, bytes.size(), nullptr);
    gst_buffer_fill(buffer, 0, bytes.data(), bytes.size());
    return buffer;
}

base::MiniPtr<GstCaps> with_codec_data(const char* caps, std::span<const std::byte> config) {
    auto result = adopt_mini(gst_caps_from_string(caps));
    const auto data = adopt_mini(copy_buffer(config));
    gst_caps_set_simple(result.get(), "codec_data", GST_TYPE_BUFFER, data.get(), nullptr);
    return result;
}

class RtmpPullSource final : public Source {
public:
    RtmpPullSource(RtmpPull config, const media::RawFormat& format,
                   const std::shared_ptr<media::MediaSink>& sink, SourceEvents events)
        : config_(std::move(config)),
          audio_wanted_(format.sample_rate > 0),
          events_(std::move(events)),
          reader_([this](const FlvUnit& unit) { on_unit(unit); }),
          pipeline_("weir-rtmp-pull"),
          decoder_(std::make_shared<Decoder>(
              pipeline_.bin(), format, sink,
              DecoderEvents{events_.connected, events_.ended, events_.failed})) {}

    // The pipeline's threads use all members, and stop here. One of them may wait for room in an
    // appsrc, where setting the pipeline to NULL would wait for it: the end of stream wakes it.
    ~RtmpPullSource() override {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
            for (GstElement* source : {video_.source, audio_.source}) {
                if (source) gst_app_src_end_of_stream(GST_APP_SRC(source));
            }
        }
        gst_element_set_state(pipeline_.element(), GST_STATE_NULL);
        gst_element_get_state(pipeline_.element(), nullptr, nullptr, GST_CLOCK_TIME_NONE);
    }

    Result<void> start() override {
        auto source = pipeline_.add("rtmp2src");
        if (!source) return source.error();
        const auto idle = std::chrono::ceil<std::chrono::seconds>(config_.idle_timeout);
        g_object_set(*source, "location", config_.url.c_str(), "idle-timeout",
                     static_cast<guint>(idle.count()), nullptr);
        auto sink = pipeline_.add("appsink");
        if (!sink) return sink.error();
        g_object_set(*sink, "sync", FALSE, "async", FALSE, "max-buffers", 1U, "wait-on-eos", FALSE,
                     "emit-signals", TRUE, "enable-last-sample", FALSE, nullptr);
        base::connect<GstFlowReturn, GstElement*>(
            *sink, "new-sample", [this](GstElement* from) { return on_bytes(from); });
        base::connect<void, GstElement*>(*sink, "eos", [this](GstElement*) { on_end(); });
        gst_element_link(*source, *sink);
        return play(pipeline_, events_.failed);
    }

    const Decoder& decoder() const override { return *decoder_; }

private:
    using SteadyClock = std::chrono::steady_clock;

    // rtmp2src ends the stream in the same way when the server does and when it is silent too long.
    void on_end() {
        const auto silence = std::chrono::duration_cast<std::chrono::milliseconds>(
            SteadyClock::now() - last_bytes_.load());
        const bool silent = silence >= config_.idle_timeout;
        events_.failed(silent ? "no data for " + std::to_string(silence.count()) + " ms"
                              : "the server ended the stream");
    }

    GstFlowReturn on_bytes(GstElement* appsink) {
        const auto sample = adopt_mini(gst_app_sink_pull_sample(GST_APP_SINK(appsink)));
        if (!sample) return GST_FLOW_EOS;
        last_bytes_ = SteadyClock::now();
        GstBuffer* buffer = gst_sample_get_buffer(sample.get());
        GstMapInfo map;
        if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return GST_FLOW_OK;
        const auto read = reader_.push(std::as_bytes(std::span(map.data, map.size)));
        gst_buffer_unmap(buffer, &map);
        if (read) return GST_FLOW_OK;
        events_.failed(read.error().message);
        return GST_FLOW_EOS;
    }

    void on_unit(const FlvUnit& unit) {
        switch (unit.kind) {
            case FlvUnit::Kind::video_config:
                return configure(
                    video_,
                    with_codec_data("video/x-h264,stream-format=avc,alignment=au", unit.payload));
            case FlvUnit::Kind::audio_config:
                if (!audio_wanted_) return;
                return configure(
                    audio_,
                    with_codec_data("audio/mpeg,mpegversion=4,stream-format=raw,framed=true",
                                    unit.payload));
            case FlvUnit::Kind::video:
                return push(video_, unit);
            case FlvUnit::Kind::audio:
                return push(audio_, unit);
        }
    }

    struct Stream {
        GstElement* source = nullptr;  // in the pipeline
        bool started = false;          // a keyframe has been sent
    };

    // The first configuration makes the branch; another one changes its caps in band.
    void configure(Stream& stream, base::MiniPtr<GstCaps> caps) {
        if (stream.source) {
            gst_app_src_set_caps(GST_APP_SRC(stream.source), caps.get());
            return;
        }
        auto source = pipeline_.add("appsrc");
        auto decodebin = pipeline_.add("decodebin");
        if (!source || !decodebin) {
            return events_.failed((!source ? source.error() : decodebin.error()).message);
        }
        g_object_set(*source, "format", GST_FORMAT_TIME, "caps", caps.get(), "max-bytes",
                     kQueueBytes, "block", TRUE, nullptr);
        gst_element_link(*source, *decodebin);
        decoder_->take_from(*decodebin);
        gst_element_sync_state_with_parent(*decodebin);
        gst_element_sync_state_with_parent(*source);
        const std::lock_guard lock(mutex_);
        stream.source = *source;
        if (stopping_) gst_app_src_end_of_stream(GST_APP_SRC(*source));
    }

    void push(Stream& stream, const FlvUnit& unit) {
        if (!stream.source) return;
        if (!stream.started && !unit.keyframe) return;
        stream.started = true;
        const auto dts = time_.place(unit.dts_ms);
        const auto pts = std::max<std::int64_t>(dts + unit.composition_ms, 0);
        GstBuffer* buffer = copy_buffer(unit.payload);
        GST_BUFFER_DTS(buffer) = static_cast<GstClockTime>(dts) * GST_MSECOND;
        GST_BUFFER_PTS(buffer) = static_cast<GstClockTime>(pts) * GST_MSECOND;
        if (!unit.keyframe) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
        gst_app_src_push_buffer(GST_APP_SRC(stream.source), buffer);
    }

    const RtmpPull config_;
    const bool audio_wanted_;
    const SourceEvents events_;
    std::mutex mutex_;  // guards the streams' sources, which the destructor wants
    bool stopping_ = false;
    Stream video_;
    Stream audio_;
    std::atomic<SteadyClock::time_point> last_bytes_{SteadyClock::now()};
    StreamTime time_;
    FlvReader reader_;
    base::Pipeline pipeline_;
    std::shared_ptr<Decoder> decoder_;
};

}  // namespace

std::unique_ptr<Source> make_rtmp_pull(const RtmpPull& config, const media::RawFormat& format,
                                       const std::shared_ptr<media::MediaSink>& sink,
                                       SourceEvents events) {
    return std::make_unique<RtmpPullSource>(config, format, sink, std::move(events));
}

}  // namespace weir::ingest
