// SPDX-License-Identifier: MIT
// Which output pipeline the programme's media goes into: one run of the encoders after another. The
// change lies between two frames, and nobody waits: the next pipeline stands ready before, the
// former one gives what it holds afterwards.
// Threads: the pushes come from the playout thread; the rest from the control thread.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "channel/output_pipeline.hpp"
#include "playout/playout.hpp"

namespace weir::channel {

class OutputSwitch final : public playout::PlayoutOutput {
public:
    // From the frame at `time` on media goes into `next`; the former pipeline gets its end of
    // stream. Replaces a change that has not come yet.
    void change(std::shared_ptr<OutputPipeline> next, media::MediaTime time);

    // The present pipeline gets its end of stream now; nothing may be pushed before change().
    void end();

    // Of the present pipeline, and of the one that stands ready.
    void set_time_burn_in(bool shown);

    // Destroys a pipeline that has ended.
    void retire(const OutputPipeline* pipeline);

    // Releases a push that is blocked and stops everything; nothing comes out any more.
    void shut_down();

    void push_frame(base::MiniPtr<GstBuffer> frame) override;
    void push_audio(base::MiniPtr<GstBuffer> samples) override;

private:
    std::mutex mutex_;  // guards all below; never held in a push
    std::shared_ptr<OutputPipeline> current_;
    std::shared_ptr<OutputPipeline> next_;
    media::MediaTime next_time_{};
    std::vector<std::shared_ptr<OutputPipeline>> ended_;
};

}  // namespace weir::channel
