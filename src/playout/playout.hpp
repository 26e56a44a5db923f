// SPDX-License-Identifier: MIT
// The grid at work: one lane for each input and one for the slate; exactly one frame for each tick
// and gapless audio, from the lane that the director chooses, or from the filler while that
// delivers nothing. Never stops because an input does.
// Threads: begin/tick by one thread at a time; the rest is thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <weir/config.hpp>

#include "base/gst_ptr.hpp"
#include "media/grid.hpp"
#include "media/media_sink.hpp"
#include "media/presentation_clock.hpp"
#include "playout/director.hpp"
#include "playout/filler.hpp"
#include "playout/lane.hpp"

namespace weir::playout {

struct PlayoutOptions {
    media::RawFormat format;
    InputLoss loss;
    Failover failover;
};

struct PlayoutStats {
    std::uint64_t frames = 0;
    std::uint64_t repeated = 0;  // of those
    std::uint64_t black = 0;
    std::uint64_t slate = 0;
    std::chrono::milliseconds repeat_duration{};
    std::chrono::milliseconds black_duration{};
    std::chrono::milliseconds slate_duration{};
    std::uint64_t silent_samples = 0;
    std::size_t input = 0;  // that is on
};

// Where the programme's media goes. Buffers carry PTS (grid time) and duration. May block.
class PlayoutOutput {
public:
    virtual ~PlayoutOutput() = default;
    virtual void push_frame(base::MiniPtr<GstBuffer> frame) = 0;
    virtual void push_audio(base::MiniPtr<GstBuffer> samples) = 0;
};

class Playout {
public:
    // Another input is on the programme; on the thread that ticks.
    using OnSwitch = std::function<void(const Switch&)>;

    Playout(const PlayoutOptions& options, std::shared_ptr<base::Clock> clock,
            OnSwitch on_switch = nullptr);
    ~Playout();

    // The inputs' lanes, by priority; those that stay keep what they have.
    [[nodiscard]] std::shared_ptr<Lane> make_lane() const;
    void set_inputs(std::vector<std::shared_ptr<Lane>> lanes);
    void set_slate(std::shared_ptr<Lane> lane);  // null: none
    void set_options(const InputLoss& loss, const Failover& failover);

    // The host's choice, from the tick at or after `at` on; nothing: the director's own again.
    // False: too many are scheduled.
    bool choose(std::optional<std::size_t> input, media::MediaTime at);

    // The first input that has a picture for the programme's beginning, and what grid time that is
    // meant for.
    struct FirstFrame {
        std::size_t input = 0;
        media::MediaTime time{};
    };
    [[nodiscard]] std::optional<FirstFrame> first_frame() const;
    // How long no input has delivered anything; zero before begin().
    [[nodiscard]] media::MediaTime idle_for() const;
    // Whether the input that is on is well.
    [[nodiscard]] bool is_well() const;
    // How long it has had no new picture (a still one is not one); zero before begin().
    [[nodiscard]] media::MediaTime away_for() const;
    // The host chose the input that is on.
    [[nodiscard]] bool is_manual() const;
    struct InputReport {
        bool well = false;
        LaneStatus lane;
    };
    [[nodiscard]] InputReport input(std::size_t index) const;

    [[nodiscard]] const media::PresentationClock& clock() const { return clock_; }
    [[nodiscard]] media::MediaTime now() const;
    // Grid time of the last tick, or of the first one that follows begin().
    [[nodiscard]] media::MediaTime last_tick() const;
    media::PresentationClock::Condition observe_clock();

    // No ticks until begin().
    void suspend();

    // Ticks follow from `frame` on. Again after suspend(), with a later one.
    void begin(const media::Grid& grid, std::int64_t frame);

    // Gives frame number `frame` (one after the other) and the audio that begins in its time.
    void tick(std::int64_t frame, PlayoutOutput& output);

    [[nodiscard]] PlayoutStats stats() const;

private:
    struct Input {
        std::shared_ptr<Lane> lane;
        base::MiniPtr<GstBuffer> picture{};  // the newest
        std::optional<media::MediaTime> picture_time{};
    };

    [[nodiscard]] std::int64_t next_sample() const;
    std::optional<Switch> direct(std::int64_t frame, media::MediaTime now);
    void show_slate(bool on, std::int64_t frame);
    void tick_input(std::size_t index, std::int64_t frame, media::MediaTime now);
    base::MiniPtr<GstBuffer> next_frame(std::int64_t frame, std::optional<Switch>& change);
    base::MiniPtr<GstBuffer> fill(std::int64_t frame, media::MediaTime now);
    void push_audio_until(media::MediaTime time, PlayoutOutput& output);
    void read_audio(std::span<float> samples);
    [[nodiscard]] std::shared_ptr<Lane> heard() const;

    const media::RawFormat format_;
    const OnSwitch on_switch_;
    mutable std::mutex clock_mutex_;
    media::PresentationClock clock_;  // observed under its mutex
    mutable std::mutex mutex_;        // guards all below
    std::vector<Input> inputs_;
    std::vector<InputCondition> conditions_;  // theirs
    std::shared_ptr<Lane> slate_;
    Director director_;
    Failover failover_;
    InputLoss loss_;
    FillTotals totals_;
    std::size_t on_ = 0;                  // the input that is on
    bool slate_on_ = false;               // instead of it
    std::shared_ptr<Lane> heard_before_;  // whose sound the last block was
    std::optional<media::Grid> grid_;
    bool ticking_ = false;  // between begin() and suspend()
    media::MediaTime on_since_{};
    base::MiniPtr<GstBuffer> black_;
    base::MiniPtr<GstBuffer> slate_picture_;
    media::MediaTime last_tick_{};
    media::MediaTime last_delivery_{};  // of any input
    std::int64_t next_aac_frame_ = 0;   // audio goes out in AAC's steps, on the grid
    PlayoutStats stats_;
};

}  // namespace weir::playout
