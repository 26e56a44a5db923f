// SPDX-License-Identifier: MIT
#include "channel/output_pipeline.hpp"

#include <gst/app/gstappsrc.h>

#include <map>
#include <utility>

#include "channel/raw_caps.hpp"
#include "encode/encoder_ladder.hpp"

namespace weir::channel {

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
    const OutputPlan& plan, std::vector<Branch> branches, std::function<void(std::string)> failed) {
    std::unique_ptr<OutputPipeline> output(new OutputPipeline);
    output->pipeline_.on_message([failed = std::move(failed)](GstMessage* message) {
        if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) failed(base::message_text(message));
    });
    if (auto added = output->add_sources(plan); !added) return added.error();
    if (auto added = output->add_ladder(plan, std::move(branches)); !added) return added.error();
    return output;
}

Result<void> OutputPipeline::add_sources(const OutputPlan& plan) {
    auto video = pipeline_.add("appsrc", "video");
    if (!video) return video.error();
    video_ = *video;
    configure(video_, raw_video_caps(plan.format, plan.frame_rate).get(), kQueuedFrames);
    add_time();
    if (plan.ladder.audio.empty()) return {};
    auto audio = pipeline_.add("appsrc", "audio");
    if (!audio) return audio.error();
    audio_ = *audio;
    configure(audio_, raw_audio_caps(plan.format).get(), kQueuedAudio);
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

Result<void> OutputPipeline::add_ladder(const OutputPlan& plan, std::vector<Branch> branches) {
    auto made = encode::make_encoder_ladder(plan.ladder, plan.frame_rate, plan.longest_delay);
    if (!made) return made.error();
    GstElement* encoders = made->get();
    gst_bin_add(pipeline_.bin(), encoders);
    gst_element_link_pads(time_ ? time_ : video_, "src", encoders, "video");
    if (audio_) gst_element_link_pads(audio_, "src", encoders, "audio");
    std::map<std::string, GstElement*> tees;  // by rendition
    for (const Branch& branch : branches) {
        gst_bin_add(pipeline_.bin(), branch.element.get());
        for (const auto& link : branch.links) {
            GstElement*& tee = tees[link.rendition];
            if (!tee) {
                auto added = pipeline_.add("tee");
                if (!added) return added.error();
                tee = *added;
                gst_element_link_pads(encoders, link.rendition.c_str(), tee, "sink");
            }
            gst_element_link_pads(tee, nullptr, branch.element.get(), link.pad.c_str());
        }
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
