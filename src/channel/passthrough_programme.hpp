// SPDX-License-Identifier: MIT
// A programme of passthrough only: nothing is decoded or encoded. It begins with the first input's
// first keyframe, and stands still while no input delivers.
// Threads: as Programme.
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
#include "channel/input_set.hpp"
#include "channel/passthrough_output.hpp"
#include "channel/programme.hpp"
#include "channel/unit_router.hpp"
#include "media/presentation_clock.hpp"

namespace weir::channel {

class PassthroughProgramme final : public Programme,
                                   public std::enable_shared_from_this<PassthroughProgramme> {
public:
    PassthroughProgramme(const ChannelConfig& config, ProgrammeContext context,
                         ProgrammeEvents events);
    ~PassthroughProgramme() override;  // stop()

    Result<void> start() override;
    // Inputs and failover.
    Result<void> update(const ChannelConfig& config) override;
    // With the input's first keyframe that comes at or after `at`.
    Result<void> choose_input(std::optional<std::size_t> input, media::MediaTime at) override;
    Result<void> pause() override;
    Result<void> resume() override;
    Result<void> finish() override;
    void stop() override;
    [[nodiscard]] std::string id() const override;
    [[nodiscard]] Continuation continuation() const override;
    [[nodiscard]] bool input_lost() const override { return input_lost_; }
    [[nodiscard]] ChannelStats stats() const override;

private:
    Result<void> set_inputs(const std::vector<Ingest>& inputs);
    void on_input_event(EventDetail detail);
    void watch();
    void choose();
    void on_switch(InputKey key, media::MediaTime time);
    [[nodiscard]] std::optional<std::size_t> index_of(std::optional<InputKey> key) const;
    void begin();
    void on_slot(const media::Slot& slot);
    void on_finished();
    bool wait_finished(std::chrono::milliseconds patience);
    void tear_down();

    ChannelConfig config_;  // control thread
    const ProgrammeContext context_;
    const ProgrammeEvents events_;
    const std::shared_ptr<Alerts> alerts_;
    const std::shared_ptr<PassthroughOutput> output_;
    const std::shared_ptr<UnitRouter> units_;
    media::PresentationClock clock_;  // control thread

    // Control thread.
    std::shared_ptr<InputSet> inputs_;
    std::vector<InputKey> keys_;
    std::map<media::MediaTime, std::optional<std::size_t>> schedule_;  // of the host's choices
    std::optional<std::size_t> manual_;
    std::size_t chosen_ = 0;          // on from its next keyframe on
    std::size_t on_ = 0;              // an index too
    std::optional<InputKey> on_key_;  // nothing: no input has been on
    std::string reason_;              // of the choice
    std::atomic<bool> input_lost_{false};

    mutable std::mutex mutex_;  // guards all below
    std::condition_variable finished_wake_;
    std::string id_;
    std::uint64_t segments_ = 0;
    std::vector<InputStats> input_stats_;
    int input_on_ = 0;
    bool ending_ = false;
    bool finished_ = false;
};

}  // namespace weir::channel
