// SPDX-License-Identifier: MIT
// The grid at work: takes the input's frames and samples as they come, gives exactly one frame for
// each tick and gapless audio. Repeats, then black; silence. Never stops because an input does.
// Threads: open() and the pushes are thread-safe; begin/tick by one thread at a time.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/gst_ptr.hpp"
#include "media/grid.hpp"
#include "media/media_sink.hpp"
#include "media/presentation_clock.hpp"
#include "playout/audio_ring.hpp"
#include "playout/input_clock.hpp"

namespace weir::playout {

struct PlayoutOptions {
    media::RawFormat format;
    media::MediaTime repeat_duration = std::chrono::seconds(2);
};

struct PlayoutStats {
    std::uint64_t frames = 0;
    std::uint64_t repeated = 0;
    std::uint64_t black = 0;
    std::uint64_t silent_samples = 0;
};

// Where the programme's media goes. Buffers carry PTS (grid time) and duration. May block.
class PlayoutOutput {
public:
    virtual ~PlayoutOutput() = default;
    virtual void push_frame(base::MiniPtr<GstBuffer> frame) = 0;
    virtual void push_audio(base::MiniPtr<GstBuffer> samples) = 0;
};

class Playout : public std::enable_shared_from_this<Playout> {
public:
    Playout(const PlayoutOptions& options, std::shared_ptr<base::Clock> clock);
    ~Playout();

    // A connection; a later one takes the place of an earlier one.
    std::shared_ptr<media::MediaSink> open(media::Pacing pacing);

    // Grid time that the present connection's first frame is meant for, once it is known.
    [[nodiscard]] std::optional<media::MediaTime> first_frame_time() const;

    [[nodiscard]] const media::PresentationClock& clock() const { return clock_; }
    media::PresentationClock::Condition observe_clock();

    // The programme begins with `frame`. Once.
    void begin(const media::Grid& grid, std::int64_t frame);

    // Gives frame number `frame` (one after the other) and the audio that begins in its time.
    void tick(std::int64_t frame, PlayoutOutput& output);

    [[nodiscard]] PlayoutStats stats() const;

private:
    class Connection;
    struct TimedFrame {
        media::MediaTime time{};  // source time while pending, then grid time
        base::MiniPtr<GstBuffer> buffer;
    };

    void settle(Connection& connection);
    [[nodiscard]] media::MediaTime arrival_time(media::Pacing pacing) const;
    base::MiniPtr<GstBuffer> next_frame(std::int64_t frame);
    void push_audio_until(media::MediaTime time, PlayoutOutput& output);

    const PlayoutOptions options_;
    media::PresentationClock clock_;
    mutable std::mutex mutex_;  // guards all below, and the connections
    std::condition_variable room_;
    std::shared_ptr<Connection> current_;
    std::optional<media::Grid> grid_;
    AudioRing ring_;
    base::MiniPtr<GstBuffer> black_;
    base::MiniPtr<GstBuffer> last_;
    media::MediaTime tick_time_{};     // grid time of the last tick
    media::MediaTime last_time_{};     // grid time of the tick that last had a new frame
    std::int64_t next_aac_frame_ = 0;  // audio goes out in AAC's steps, on the grid
    PlayoutStats stats_;
};

}  // namespace weir::playout
