// SPDX-License-Identifier: MIT
// Pictures and sound through an encoder into CMAF segmenters, and what these gave.
// Threads: one owner.
#pragma once

#include <gst/app/gstappsrc.h>

#include <cmath>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/pipeline.hpp"
#include "segment/cmaf_segmenter.hpp"
#include "support/ladder_run.hpp"

namespace weir::test {

// What one segmenter gave, in its order.
struct CmafOutput {
    std::vector<std::string> order;  // "init", "part", "segment", "end"
    std::vector<std::string> errors;
    media::InitSegment init;
    std::vector<media::Part> parts;
    std::vector<media::Segment> segments;
    std::int64_t units = 0;  // that have come in, if it is counted
    std::vector<std::int64_t> units_at_segment;
};

inline std::string text_of(const Bytes& bytes) {
    return bytes.read().value();
}

inline std::string joined(const CmafOutput& output) {
    std::string all = text_of(output.init.bytes);
    for (const auto& segment : output.segments) all += text_of(segment.bytes);
    return all;
}

// Events that write into `output`, which outlives them.
inline segment::CmafSegmenterEvents record_into(CmafOutput& output) {
    return {.on_init =
                [&output](media::InitSegment init) {
                    output.order.push_back("init");
                    output.init = std::move(init);
                },
            .on_part =
                [&output](media::Part part) {
                    output.order.push_back("part");
                    output.parts.push_back(std::move(part));
                },
            .on_segment =
                [&output](media::Segment segment) {
                    output.order.push_back("segment");
                    output.units_at_segment.push_back(output.units);
                    output.segments.push_back(std::move(segment));
                },
            .on_end = [&output] { output.order.push_back("end"); },
            .on_error = [&output](std::string text) { output.errors.push_back(std::move(text)); }};
}

// One rendition and its sound as a channel encodes them.
struct LadderCmaf {
    struct Options {
        Rational frame_rate{25, 1};
        media::MediaTime start{};  // the run's first frame is at or after it
        std::int64_t frames = 100;
        media::MediaTime segment_duration = std::chrono::seconds(2);
        std::chrono::milliseconds gop{1000};
        std::optional<std::chrono::milliseconds> parts = std::chrono::milliseconds(334);
        std::optional<media::MediaTime> capture_delay{};
        std::string preset = "veryfast";  // three B-frames
        std::function<bool(std::int64_t)> wanted{};
        std::int64_t audio_frames_more = 0;
        int sample_rate = 48'000;
    };
    explicit LadderCmaf(const Options& o)
        : options(o),
          grid(o.frame_rate, o.segment_duration),
          first_frame(grid.frame_at_or_after(o.start)) {
        if (o.parts) schedule.emplace(grid, o.gop, *o.parts);
        EncoderLadder ladder{
            .video = {{.name = "v", .width = 64, .height = 36, .bitrate_bps = 200'000}},
            .audio = {{.bitrate_bps = 64'000, .sample_rate = o.sample_rate}},
            .gop = o.gop,
            .preset = o.preset};
        LadderRun run({.ladder = ladder,
                       .frame_rate = o.frame_rate,
                       .first_frame = first_frame,
                       .frames = o.frames,
                       .draw = noise(64, 36, 60, 1'000'000),
                       .audio_frames_more = o.audio_frames_more,
                       .wanted = o.wanted});
        run.connect_track("video_v", segmenter(media::TrackKind::video, video));
        run.connect_track("audio_aac", segmenter(media::TrackKind::audio, audio));
        finished = run.run();
        error = run.error();
    }

    base::ObjectPtr<GstElement> segmenter(media::TrackKind kind, CmafOutput& output) const {
        return segment::make_cmaf_segmenter({.grid = grid,
                                             .first_frame = first_frame,
                                             .parts = schedule,
                                             .kind = kind,
                                             .capture_delay = options.capture_delay},
                                            record_into(output))
            .value();
    }

    Options options;
    media::Grid grid;
    std::int64_t first_frame;
    std::optional<media::PartSchedule> schedule;
    CmafOutput video;
    CmafOutput audio;
    bool finished = false;
    std::string error;
};

// One track through an encoder described as for gst-launch. Pictures of 64x36, or a tone in stereo.
class CodecCmaf {
public:
    struct Options {
        std::string encoder;  // "x265enc ! ..."
        segment::CmafSegmenterOptions segmenter;
        std::int64_t frames = 100;          // of video, or audio buffers
        std::int64_t buffer_samples = 960;  // of audio, at 48 kHz, on that grid
        std::int64_t first_buffer = 0;
        std::optional<bool> sound{};  // other than the segmenter's kind
    };

    explicit CodecCmaf(const Options& options) : options_(options), pipeline_("codec-run") {
        pipeline_.on_message([this](GstMessage* message) { on_message(message); });
        source_ = pipeline_.add("appsrc").value();
        GError* failure = nullptr;
        GstElement* encoder =
            gst_parse_bin_from_description(options.encoder.c_str(), TRUE, &failure);
        if (!encoder) throw std::runtime_error(base::GErrorPtr(failure)->message);
        auto segmenter =
            segment::make_cmaf_segmenter(options.segmenter, record_into(output)).value();
        const auto sink = base::adopt_object(gst_element_get_static_pad(segmenter.get(), "sink"));
        base::add_probe(sink.get(), GST_PAD_PROBE_TYPE_BUFFER, [this](GstPad*, GstPadProbeInfo*) {
            ++output.units;
            return GST_PAD_PROBE_OK;
        });
        gst_bin_add_many(pipeline_.bin(), encoder, segmenter.get(), nullptr);
        gst_element_link_many(source_, encoder, segmenter.get(), nullptr);
        const auto caps = base::adopt_mini(gst_caps_from_string(
            video() ? ("video/x-raw,format=I420,width=64,height=36,pixel-aspect-ratio=1/1,"
                       "interlace-mode=progressive,colorimetry=bt709,framerate=" +
                       rate_text())
                          .c_str()
                    : "audio/x-raw,format=S16LE,layout=interleaved,rate=48000,channels=2"));
        g_object_set(source_, "caps", caps.get(), "format", GST_FORMAT_TIME, "max-bytes",
                     guint64{0}, nullptr);
        if (!pipeline_.start()) return;
        feed();
        gst_app_src_end_of_stream(GST_APP_SRC(source_));
        finished =
            ended_.get_future().wait_for(std::chrono::minutes(1)) == std::future_status::ready &&
            error.empty();
        gst_element_set_state(pipeline_.element(), GST_STATE_NULL);
    }

    CmafOutput output;
    bool finished = false;
    std::string error;

private:
    [[nodiscard]] bool video() const {
        return !options_.sound.value_or(options_.segmenter.kind == media::TrackKind::audio);
    }
    [[nodiscard]] std::string rate_text() const {
        const Rational rate = options_.segmenter.grid.frame_rate();
        return std::to_string(rate.numerator) + "/" + std::to_string(rate.denominator);
    }

    void feed() {
        const auto draw = noise(64, 36, 60, 1'000'000);
        for (std::int64_t i = 0; i < options_.frames; ++i) {
            std::vector<std::uint8_t> data(64 * 36 * 3 / 2);
            media::MediaTime begin{};
            media::MediaTime end{};
            if (video()) {
                draw(i, data);
                begin = options_.segmenter.grid.frame_time(options_.segmenter.first_frame + i);
                end = options_.segmenter.grid.frame_time(options_.segmenter.first_frame + i + 1);
            } else {
                data.resize(static_cast<std::size_t>(options_.buffer_samples) * 4);
                for (std::size_t j = 0; j < data.size(); ++j) {
                    data[j] = static_cast<std::uint8_t>(j % 4 == 1 || j % 4 == 3 ? j / 4 % 16 : 0);
                }
                const std::int64_t at = options_.first_buffer + i;
                begin = media::sample_time(at * options_.buffer_samples, 48'000);
                end = media::sample_time((at + 1) * options_.buffer_samples, 48'000);
            }
            GstBuffer* buffer = gst_buffer_new_allocate(nullptr, data.size(), nullptr);
            gst_buffer_fill(buffer, 0, data.data(), data.size());
            GST_BUFFER_PTS(buffer) = static_cast<GstClockTime>(begin.count());
            GST_BUFFER_DURATION(buffer) = static_cast<GstClockTime>((end - begin).count());
            gst_app_src_push_buffer(GST_APP_SRC(source_), buffer);
        }
    }

    void on_message(GstMessage* message) {
        const auto type = GST_MESSAGE_TYPE(message);
        const bool end =
            type == GST_MESSAGE_EOS && GST_MESSAGE_SRC(message) == GST_OBJECT(pipeline_.element());
        if ((type != GST_MESSAGE_ERROR && !end) || over_.exchange(true)) return;
        if (!end) error = base::message_text(message);
        ended_.set_value();
    }

    const Options options_;
    std::promise<void> ended_;
    std::atomic<bool> over_{false};
    base::Pipeline pipeline_;  // last: its threads use all above
    GstElement* source_ = nullptr;
};

}  // namespace weir::test
