// SPDX-License-Identifier: MIT
// The output side of a channel as one GStreamer pipeline: two appsrcs that the playout feeds, the
// ladder, one segmenter for each video rendition. No input ever restarts it.
// Threads: made, started and destroyed by one thread; the pushes come from the playout thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <weir/encoder_ladder.hpp>
#include <weir/rational.hpp>
#include <weir/result.hpp>

#include "base/pipeline.hpp"
#include "media/media_sink.hpp"
#include "playout/playout.hpp"

namespace weir::channel {

class OutputPipeline final : public playout::PlayoutOutput {
public:
    // `segmenters`, one for each video rendition of the ladder, with pads "video" and "audio".
    // `failed` is called, on any thread, when the pipeline died.
    // Errors: unsupported, internal.
    static Result<std::unique_ptr<OutputPipeline>> create(
        const EncoderLadder& ladder, const media::RawFormat& format, const Rational& frame_rate,
        std::vector<base::ObjectPtr<GstElement>> segmenters,
        std::function<void(std::string)> failed);

    // To PLAYING; nothing flows before the first push.
    Result<void> start() { return pipeline_.start(); }

    // UTC of each frame drawn into it, or not; at any time.
    void set_time_burn_in(bool shown);

    // Block while the encoders are behind.
    void push_frame(base::MiniPtr<GstBuffer> frame) override;
    void push_audio(base::MiniPtr<GstBuffer> samples) override;

    // End of stream: the encoders give what they hold, the segmenters close their last segments.
    void end();

    // Releases a push that is blocked and stops all threads; nothing comes out any more.
    void shut_down();

private:
    OutputPipeline() : pipeline_("weir-output") {}
    Result<void> add_sources(const EncoderLadder& ladder, const media::RawFormat& format,
                             const Rational& frame_rate);
    void add_time();
    Result<void> add_ladder(const EncoderLadder& ladder, const Rational& frame_rate,
                            std::vector<base::ObjectPtr<GstElement>> segmenters);

    base::Pipeline pipeline_;
    GstElement* video_ = nullptr;  // the pipeline owns them
    GstElement* audio_ = nullptr;
    GstElement* time_ = nullptr;  // null: GStreamer cannot draw text here
};

}  // namespace weir::channel
