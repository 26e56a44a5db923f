// SPDX-License-Identifier: MIT
#include "channel/output_pipeline.hpp"

#include <gst/app/gstappsrc.h>

#include <utility>

#include "channel/raw_caps.hpp"
#include "encode/encoder_ladder.hpp"

namespace weir::channel {

using base::ObjectPtr;

namespace {

// What the encoders may be behind before the playout thread waits for them.
constexpr guint64 kQueuedFrames = 4;
constexpr guint64 kQueuedAudio = 64;

void configure(GstElement* source, GstCaps* caps, guint64 buffers) {
    // Not live: the playout alone paces, so nothing downstream ever times out a late pad.
    g_object_set(source, "caps", caps, "format", GST_FORMAT_TIME, "is-live", FALSE, "block", TRUE,
                 "max-buffers", buffers, "max-bytes", guint64{0}, "max-time", guint64{0}, nullptr);
}

}  // namespace

Result<std::unique_ptr<OutputPipeline>> OutputPipeline::create(
    const EncoderLadder& ladder, const media::RawFormat& format, const Rational& frame_rate,
    std::vector<ObjectPtr<GstElement>> segmenters, std::function<void(std::string)> failed) {
    std::unique_ptr<OutputPipeline> output(new OutputPipeline);
    output->pipeline_.on_message([failed = std::move(failed)](GstMessage* message) {
        if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) failed(base::message_text(message));
    });
    if (auto added = output->add_sources(ladder, format, frame_rate); !added) return added.error();
    if (auto added = output->add_ladder(ladder, frame_rate, std::move(segmenters)); !added)
        return added.error();
    return output;
}

Result<void> OutputPipeline::add_sources(const EncoderLadder& ladder,
                                         const media::RawFormat& format,
                                         const Rational& frame_rate) {
    auto video = pipeline_.add("appsrc", "video");
    if (!video) return video.error();
    video_ = *video;
    configure(video_, raw_video_caps(format, frame_rate).get(), kQueuedFrames);
    add_time();
    if (ladder.audio.empty()) return {};
    auto audio = pipeline_.add("appsrc", "audio");
    if (!audio) return audio.error();
    audio_ = *audio;
    configure(audio_, raw_audio_caps(format).get(), kQueuedAudio);
    return {};
}

// Running time is UTC: as a date it is what a clock shows. Silent it passes frames on as they are.
void OutputPipeline::add_time() {
    auto overlay = pipeline_.add("timeoverlay");
    if (!overlay) return;
    time_ = *overlay;
    const std::unique_ptr<GDateTime, decltype(&g_date_time_unref)> epoch(
        g_date_time_new_from_unix_utc(0), &g_date_time_unref);
    gst_util_set_object_arg(G_OBJECT(time_), "time-mode", "running-time");
    g_object_set(time_, "silent", TRUE, "show-times-as-dates", TRUE, "datetime-epoch", epoch.get(),
                 "datetime-format", "%Y-%m-%d %H:%M:%S UTC", "shaded-background", TRUE, nullptr);
    gst_util_set_object_arg(G_OBJECT(time_), "halignment", "right");
    gst_util_set_object_arg(G_OBJECT(time_), "valignment", "bottom");
    gst_element_link_pads(video_, "src", time_, "video_sink");
}

void OutputPipeline::set_time_burn_in(bool shown) {
    if (time_) g_object_set(time_, "silent", shown ? FALSE : TRUE, nullptr);
}

Result<void> OutputPipeline::add_ladder(const EncoderLadder& ladder, const Rational& frame_rate,
                                        std::vector<ObjectPtr<GstElement>> segmenters) {
    auto made = encode::make_encoder_ladder(ladder, frame_rate);
    if (!made) return made.error();
    GstElement* encoders = made->get();
    gst_bin_add(pipeline_.bin(), encoders);
    gst_element_link_pads(time_ ? time_ : video_, "src", encoders, "video");
    GstElement* tee = nullptr;
    if (audio_) {
        gst_element_link_pads(audio_, "src", encoders, "audio");
        auto added = pipeline_.add("tee");
        if (!added) return added.error();
        tee = *added;
        const auto& first = ladder.audio.front().name;
        gst_element_link_pads(encoders, ("audio_" + first).c_str(), tee, "sink");
    }
    for (std::size_t i = 0; i < ladder.video.size(); ++i) {
        GstElement* segmenter = segmenters.at(i).get();
        gst_bin_add(pipeline_.bin(), segmenter);
        gst_element_link_pads(encoders, ("video_" + ladder.video[i].name).c_str(), segmenter,
                              "video");
        if (tee) gst_element_link_pads(tee, nullptr, segmenter, "audio");
    }
    return {};
}

void OutputPipeline::push_frame(base::MiniPtr<GstBuffer> frame) {
    gst_app_src_push_buffer(GST_APP_SRC(video_), frame.release());
}

void OutputPipeline::push_audio(base::MiniPtr<GstBuffer> samples) {
    if (audio_) gst_app_src_push_buffer(GST_APP_SRC(audio_), samples.release());
}

void OutputPipeline::end() {
    gst_app_src_end_of_stream(GST_APP_SRC(video_));
    if (audio_) gst_app_src_end_of_stream(GST_APP_SRC(audio_));
}

void OutputPipeline::shut_down() {
    gst_element_set_state(pipeline_.element(), GST_STATE_NULL);
    gst_element_get_state(pipeline_.element(), nullptr, nullptr, GST_CLOCK_TIME_NONE);
}

}  // namespace weir::channel
