// SPDX-License-Identifier: MIT
// One input's media between its arrival and its tick, one connection after another. A live input
// goes on whether it is chosen or not, so that it can be chosen at any tick; one that can wait (a
// file) stands still until it is chosen, and then goes on from there.
// Threads: thread-safe; begin, tick, hold and read by the playout's thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "base/gst_ptr.hpp"
#include "media/grid.hpp"
#include "media/media_sink.hpp"
#include "playout/audio_ring.hpp"
#include "playout/content_watch.hpp"
#include "playout/fade.hpp"
#include "playout/input_clock.hpp"

namespace weir::playout {

// How an input does, in grid time.
struct LaneStatus {
    bool connected = false;                       // a connection is open
    bool ready = false;                           // it stands still and has something to go on with
    std::optional<media::MediaTime> last_frame;   // the tick that last had a new picture
    std::optional<media::MediaTime> last_sound;   // the last time that sound was there to be read
    std::optional<media::MediaTime> black_since;  // as ContentWatch says
    std::optional<media::MediaTime> silent_since;
    std::uint64_t late_frames = 0;  // came when their tick was over
    double frame_rate = 0;          // pictures that came in the last second
    double drift_ppm = 0;           // of the source's clock against ours
};

class Lane : public std::enable_shared_from_this<Lane> {
public:
    // `now` is the presentation clock; thread-safe.
    Lane(const media::RawFormat& format, std::function<media::MediaTime()> now);
    ~Lane();

    // A connection; a later one takes the place of an earlier one.
    std::shared_ptr<media::MediaSink> open(media::Pacing pacing);

    // Grid time that the present connection's first frame is meant for, once it is known.
    [[nodiscard]] std::optional<media::MediaTime> first_frame_time() const;

    // How long a fade lasts, and what is watched for; before begin(), or at any time.
    void configure(std::chrono::milliseconds fade, const Failover& watch);

    // Ticks follow from `frame` on, reads from `sample` on. A connection that can wait begins there
    // with its first frame if `chosen`, and stands still otherwise. Again after a pause.
    void begin(const media::Grid& grid, std::int64_t frame, std::int64_t sample, bool chosen);

    // No ticks until begin(): what is live passes unseen, what can wait waits.
    void suspend();

    // A connection that can wait stands still from this tick on, or goes on: its next picture is
    // then meant for this tick, its sound for `sample`. Nothing for a live one.
    void hold(bool held, std::int64_t frame, std::int64_t sample);

    // The newest frame that is due at tick `frame`; null: there is no new one.
    base::MiniPtr<GstBuffer> tick(std::int64_t frame);

    // The next sound, faded out before a hole and in after it; returns how many sample times were
    // silent because nothing had come for them. Nothing for a lane that stands still.
    std::int64_t read(std::span<float> samples);

    [[nodiscard]] LaneStatus status() const;
    // Whether a picture ever came.
    [[nodiscard]] bool has_delivered() const;

private:
    class Connection;
    struct TimedFrame {
        media::MediaTime time{};  // source time while pending, then grid time
        base::MiniPtr<GstBuffer> buffer;
    };

    void note_arrival();
    void watch_picture(GstBuffer* picture);
    void settle(Connection& connection);
    [[nodiscard]] bool stands_still() const;
    [[nodiscard]] media::MediaTime arrival_time(media::Pacing pacing) const;
    void release(media::MediaTime time, std::int64_t sample);

    const media::RawFormat format_;
    const std::function<media::MediaTime()> now_;
    mutable std::mutex mutex_;  // guards all below, and the connections
    std::condition_variable room_;
    std::shared_ptr<Connection> current_;
    std::optional<media::Grid> grid_;  // nothing: before the first tick, or suspended
    bool begun_ = false;
    AudioRing ring_;
    Fade fade_;
    std::int64_t fade_samples_ = 0;
    ContentWatch watch_{Failover{}};
    bool held_ = true;
    std::deque<media::MediaTime> arrivals_;  // of the pictures of the last second
    media::MediaTime tick_time_{};           // of the last tick; where a lane that stands still is
    LaneStatus status_;
};

}  // namespace weir::playout
