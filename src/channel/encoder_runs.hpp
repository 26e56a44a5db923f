// SPDX-License-Identifier: MIT
// The output side of a programme with encoders: from the ticks of the playout over what is laid on
// the frames into one run of the encoders after another, and out as slots. A pause ends a run, the
// end of the pause or another ladder begins the next one, always on the grid.
// Threads: what changes it on the control thread; give_up() and what is const on any; events as
// said there.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <weir/config.hpp>
#include <weir/encoder_ladder.hpp>
#include <weir/rational.hpp>
#include <weir/result.hpp>

#include "channel/encoded_output.hpp"
#include "channel/frame_path.hpp"
#include "channel/output_switch.hpp"
#include "channel/programme.hpp"
#include "media/grid.hpp"
#include "playout/pacer.hpp"
#include "playout/playout.hpp"

namespace weir::channel {

struct EncoderRunsOptions {
    std::vector<Output> outputs;  // with one segment duration
    media::RawFormat format;      // of what the playout gives
    std::string prefix;           // of the keys in the store
    bool recorded = false;        // the store keeps everything
};

struct EncoderRunsEvents {
    // On the publisher's thread of one of the outputs.
    std::function<void(const media::Slot&)> on_slot;  // of the first output
    std::function<void(bool failing, const std::string& text)> on_store;
    // An output's timeline has ended, everything of it is published.
    std::function<void(const EncodedOutput&)> on_finished;
    // On the playout's.
    std::function<void(playout::Pacer::Condition)> on_clock;
    // On any: the encoders died.
    std::function<void(std::string)> failed;
};

class EncoderRuns : public std::enable_shared_from_this<EncoderRuns> {
public:
    EncoderRuns(EncoderRunsOptions options, const ProgrammeContext& context,
                std::shared_ptr<playout::Playout> playout, EncoderRunsEvents events);

    // What is laid over the frames.
    [[nodiscard]] FramePath& frames() { return *frames_; }

    // UTC of each frame drawn into it, or not; now and in every later run.
    void set_time_burn_in(bool shown);

    // The programme's id, timelines and first run; nothing flows before start().
    Result<void> begin(const EncoderLadder& ladder, const Rational& frame_rate);
    void start();

    // From the next slot's edge on with another ladder; while none runs, it takes no effect.
    Result<void> change_ladder(const EncoderLadder& ladder);

    // Ends the present run soon, on the grid. False: none runs.
    bool pause();

    // Another run at the next slot's edge, after pause().
    Result<void> resume(const EncoderLadder& ladder);

    // Since the last tick's slot, after pause(): waits for that tick, a frame or so.
    [[nodiscard]] media::MediaTime gap() const;

    // Ends soon, on the grid; on_finished comes. False: it has not begun, nothing comes.
    bool finish();

    // What the encoders hold is lost, but the timelines end and on_finished comes.
    void give_up();

    // No run will begin.
    void forbid();

    // Stops all threads; no event comes afterwards.
    void shut_down();

    [[nodiscard]] bool running() const;  // begun, and neither finish() nor forbid()
    [[nodiscard]] bool ending() const;   // finish() or forbid()
    [[nodiscard]] std::string id() const;
    [[nodiscard]] std::chrono::nanoseconds lag() const;
    [[nodiscard]] Continuation continuation() const;

    // One for each of the options' outputs, once begun; empty before.
    [[nodiscard]] const std::vector<std::shared_ptr<EncodedOutput>>& outputs() const {
        return outputs_;
    }

private:
    [[nodiscard]] std::int64_t choose_first_frame(const media::Grid& grid,
                                                  const EncoderLadder& ladder) const;
    [[nodiscard]] std::int64_t next_edge() const;
    void make_outputs(const EncoderLadder& ladder, const media::Grid& grid);
    [[nodiscard]] std::shared_ptr<EncodedOutput> make_output(const Output& sink,
                                                             const EncodedOutputOptions& options,
                                                             bool first) const;
    [[nodiscard]] media::MediaTime segment_duration() const;
    [[nodiscard]] std::optional<media::MediaTime> longest_delay() const;
    Result<void> begin_run(const EncoderLadder& ladder);
    void on_last_tick();

    const EncoderRunsOptions options_;
    const std::shared_ptr<Store> store_;
    const std::shared_ptr<base::Clock> clock_;
    const std::shared_ptr<base::Executor> executor_;
    const Continuation before_;  // what the programme before has left
    const std::shared_ptr<playout::Playout> playout_;
    const EncoderRunsEvents events_;
    const std::shared_ptr<OutputSwitch> output_;
    const std::shared_ptr<FramePath> frames_;

    // Control thread.
    std::int64_t first_frame_ = 0;  // of the latest run
    bool time_burn_in_ = false;

    mutable std::mutex mutex_;  // guards all below; what it has made once stays
    std::string id_;
    std::optional<media::Grid> grid_;
    std::vector<std::shared_ptr<EncodedOutput>> outputs_;
    std::unique_ptr<playout::Pacer> pacer_;
    bool ending_ = false;
};

}  // namespace weir::channel
