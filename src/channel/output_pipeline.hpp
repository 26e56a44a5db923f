// SPDX-License-Identifier: MIT
// The output side of a channel as one GStreamer pipeline: two appsrcs that the playout feeds, the
// ladder, and the segmenters of every output. No input ever restarts it.
// Threads: made, started and destroyed by one thread; the pushes come from the playout thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weir/encoder_ladder.hpp>
#include <weir/rational.hpp>
#include <weir/result.hpp>

#include "base/pipeline.hpp"
#include "channel/encoded_output.hpp"
#include "media/media_sink.hpp"
#include "playout/playout.hpp"

namespace weir::channel {

struct OutputPlan {
    EncoderLadder ladder;
    media::RawFormat format;  // of what is pushed
    Rational frame_rate;
    // How long a frame may stay in an encoder; nothing: as the ladder has it.
    std::optional<media::MediaTime> longest_delay{};
};

class OutputPipeline final : public playout::PlayoutOutput {
public:
    // `branches`: where the renditions go, each to as many as want it.
    // `failed` is called, on any thread, when the pipeline died.
    // Errors: unsupported, internal.
    static Result<std::unique_ptr<OutputPipeline>> create(const OutputPlan& plan,
                                                          std::vector<Branch> branches,
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
    Result<void> add_sources(const OutputPlan& plan);
    void add_time();
    Result<void> add_ladder(const OutputPlan& plan, std::vector<Branch> branches);

    base::Pipeline pipeline_;
    GstElement* video_ = nullptr;  // the pipeline owns them
    GstElement* audio_ = nullptr;
    GstElement* time_ = nullptr;  // null: GStreamer cannot draw text here
};

}  // namespace weir::channel
