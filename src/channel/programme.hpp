// SPDX-License-Identifier: MIT
// One programme, from its start to its end: opens the input, waits for its first picture, begins on
// the grid, and at last finishes the playlists. Channel has one after another.
// Threads: start() on the control thread; finish() and stop() on any thread, one of them once;
// events on the control thread, or the publisher's.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <weir/config.hpp>
#include <weir/event.hpp>
#include <weir/result.hpp>

#include "base/clock.hpp"
#include "base/executor.hpp"
#include "channel/hls_output.hpp"
#include "channel/output_pipeline.hpp"
#include "ingest/input.hpp"
#include "playout/pacer.hpp"
#include "playout/playout.hpp"

namespace weir::channel {

struct ProgrammeEvents {
    std::function<void(EventDetail)> event;
    // The timeline exists: the programme can be served from now on.
    std::function<void(const HlsOutput&)> begun;
    std::function<void()> first_slot;
    std::function<void(std::string)> failed;  // the output pipeline died
    std::function<void()> suspended;          // the machine slept: begin another programme
};

struct ProgrammeFigures {
    playout::PlayoutStats playout;
    std::uint64_t segments = 0;
    std::chrono::nanoseconds lag{};
};

// What a programme leaves for the next one at the same address, so that numbers never go back.
struct Continuation {
    std::int64_t slot = 0;                    // the first one that is surely not used
    std::int64_t discontinuity_sequence = 0;  // above every one that was seen

    // Each number at its highest.
    void raise_to(const Continuation& other) {
        slot = std::max(slot, other.slot);
        discontinuity_sequence = std::max(discontinuity_sequence, other.discontinuity_sequence);
    }
};

class Programme : public std::enable_shared_from_this<Programme> {
public:
    Programme(const ChannelConfig& config, std::shared_ptr<Store> store,
              std::shared_ptr<base::Clock> clock, std::shared_ptr<base::Executor> executor,
              const Continuation& continuation, ProgrammeEvents events);
    ~Programme();  // stop()

    // Opens the input. Errors: what can be known at once, with the field.
    Result<void> start();

    // Ends on the grid and waits until every playlist has its end.
    // Errors: timed_out when the encoder did not deliver in time; finished all the same.
    Result<void> finish();

    // Ends at once, unfinished.
    void stop();

    [[nodiscard]] std::string id() const;
    [[nodiscard]] Continuation continuation() const;
    [[nodiscard]] bool input_lost() const { return input_lost_; }
    [[nodiscard]] ProgrammeFigures figures() const;

private:
    void open_input();
    void on_connected(const ingest::StreamInfo& info);
    void on_lost(const std::string& field, const std::string& cause);
    void describe_input();
    void check_tracks();
    void begin_when_ready(std::chrono::milliseconds patience);
    void begin();
    Result<void> begin_output(const media::Grid& grid, std::int64_t frame);
    [[nodiscard]] std::int64_t choose_first_frame(const media::Grid& grid) const;
    void on_clock(playout::Pacer::Condition condition);
    void on_slot(const media::Slot& slot);
    void on_finished();
    bool wait_finished(std::chrono::milliseconds patience);
    void tear_down();
    void set_alert(const std::string& code, bool set, const std::string& text);

    const ChannelConfig config_;
    const HlsSink sink_;
    const std::shared_ptr<Store> store_;
    const std::shared_ptr<base::Clock> clock_;
    const std::shared_ptr<base::Executor> executor_;
    const Continuation continuation_;
    const ProgrammeEvents events_;
    const media::RawFormat format_;
    const std::shared_ptr<playout::Playout> playout_;

    // Control thread.
    std::shared_ptr<ingest::Input> input_;
    std::atomic<bool> input_lost_{false};
    std::string loss_;  // the last cause
    std::optional<Rational> source_rate_;
    bool connected_ = false;

    mutable std::mutex mutex_;  // guards all below
    std::condition_variable finished_wake_;
    std::string id_;
    std::optional<media::Grid> grid_;
    std::int64_t first_frame_ = 0;
    std::shared_ptr<HlsOutput> hls_;
    std::unique_ptr<OutputPipeline> output_;
    std::unique_ptr<playout::Pacer> pacer_;
    std::map<std::string, std::string> alerts_;
    std::uint64_t segments_ = 0;
    bool ending_ = false;  // finish() or stop() has begun
    bool finished_ = false;
    std::string recording_failure_;  // why the finished playlists are not all in the store
};

// "20261122T083856123Z".
std::string programme_id(media::MediaTime start);

}  // namespace weir::channel
