// SPDX-License-Identifier: MIT
// A programme with encoders: has the inputs, waits for their first picture, watches how they do,
// says when the encoders' runs begin, pause and go on, and at last finishes the playlists. A
// passthrough rendition goes beside it. Threads: as Programme.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "channel/alerts.hpp"
#include "channel/encoder_runs.hpp"
#include "channel/input_set.hpp"
#include "channel/passthrough_output.hpp"
#include "channel/programme.hpp"
#include "channel/slate.hpp"
#include "channel/unit_router.hpp"
#include "playout/pacer.hpp"
#include "playout/playout.hpp"

namespace weir::channel {

class EncodedProgramme final : public Programme,
                               public std::enable_shared_from_this<EncodedProgramme> {
public:
    EncodedProgramme(const ChannelConfig& config, ProgrammeContext context, ProgrammeEvents events);
    ~EncodedProgramme() override;  // stop()

    Result<void> start() override;
    Result<void> update(const ChannelConfig& config) override;
    Result<void> choose_input(std::optional<std::size_t> input, media::MediaTime at) override;
    Result<void> pause() override;
    Result<void> resume() override;
    std::shared_ptr<InputSet> hand_over() override;
    Result<void> finish() override;
    void stop() override;
    [[nodiscard]] std::string id() const override { return runs_->id(); }
    [[nodiscard]] Continuation continuation() const override { return runs_->continuation(); }
    [[nodiscard]] bool input_lost() const override { return input_lost_; }
    [[nodiscard]] ChannelStats stats() const override;

private:
    enum class Pause { none, host, idle };

    std::shared_ptr<EncoderRuns> make_runs();
    Result<void> open_inputs();
    Result<void> set_inputs(const std::vector<Ingest>& inputs);
    [[nodiscard]] ingest::Delivery deliver(const InputKey& key, media::Pacing pacing);
    void on_input_event(EventDetail detail);
    void on_switch(const playout::Switch& change);
    void pass_units(std::size_t on);
    void begin_when_ready(std::chrono::milliseconds patience);
    void begin();
    void serve(const std::string& id);
    Result<void> apply(const ChannelConfig& config);
    void halt(Pause pause);
    void go_on();
    void watch();
    void watch_health();
    void watch_idle();
    void on_clock(playout::Pacer::Condition condition);
    void on_slot(const media::Slot& slot);
    void on_finished(const EncodedOutput& output);
    void on_output_finished();
    bool wait_finished(std::chrono::milliseconds patience);
    void tear_down();

    ChannelConfig config_;  // control thread; `name`, `store`, `outputs` never change
    const ProgrammeContext context_;
    const std::shared_ptr<base::Executor> executor_;
    const ProgrammeEvents events_;
    const media::RawFormat format_;
    const std::shared_ptr<Alerts> alerts_;
    const std::shared_ptr<playout::Playout> playout_;
    const std::shared_ptr<EncoderRuns> runs_;
    const std::shared_ptr<PassthroughOutput> passthrough_;  // null: none
    const std::shared_ptr<UnitRouter> units_;               // null: none

    // Control thread.
    std::shared_ptr<InputSet> inputs_;
    std::map<InputKey, std::shared_ptr<playout::Lane>> lanes_;
    std::vector<InputKey> keys_;         // in the list's order
    std::optional<InputKey> units_key_;  // whose units were asked for last
    Slate slate_;
    std::atomic<Pause> pause_ = Pause::none;
    std::atomic<bool> input_lost_{false};

    mutable std::mutex mutex_;  // guards all below
    std::condition_variable finished_wake_;
    std::uint64_t segments_ = 0;
    std::vector<InputStats> input_stats_;
    int unfinished_ = 0;             // outputs whose playlists have no end yet
    int unfinished_encoded_ = 0;     // of them, without the passthrough's
    std::string recording_failure_;  // why the finished playlists are not all in the store
};

}  // namespace weir::channel
