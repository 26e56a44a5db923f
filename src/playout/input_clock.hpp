// SPDX-License-Identifier: MIT
// Maps one connection's source time to the grid: ONE offset for audio and video, so that their
// relation survives.
//
// A live connection's offset is learnt from the fastest arrival within a quarter of a second, plus
// a delay that evens out jitter. A paced one (a file) begins when its first unit comes. A unit far
// off the offset is an outlier and is dropped; when several follow each other it is a new timeline
// and the offset is learnt again. From then on a live source's time is stretched as its clock
// drifts against ours (drift.hpp). Threads: one thread at a time.
#pragma once

#include <optional>

#include "media/media_sink.hpp"
#include "media/time.hpp"
#include "playout/drift.hpp"

namespace weir::playout {

class InputClock {
public:
    static constexpr media::MediaTime kLearning = std::chrono::milliseconds(250);
    static constexpr media::MediaTime kLiveDelay = std::chrono::milliseconds(400);
    static constexpr media::MediaTime kPacedLead = std::chrono::milliseconds(250);
    static constexpr media::MediaTime kOutlier = std::chrono::milliseconds(1500);
    static constexpr media::MediaTime kLate = std::chrono::milliseconds(100);  // of a paced one
    static constexpr int kNewTimeline = 5;                                     // outliers in a row

    explicit InputClock(media::Pacing pacing) : pacing_(pacing) {}

    [[nodiscard]] media::Pacing pacing() const { return pacing_; }

    // A unit of source time `pts` arrived at `now`. False: an outlier, to be dropped.
    bool arrived(media::MediaTime pts, media::MediaTime now);

    // A paced connection's `pts` is meant for grid time `time`; nothing for a live one.
    void anchor(media::MediaTime pts, media::MediaTime time);

    // Grid time = source time + offset, without drift; nothing while it is still being learnt.
    [[nodiscard]] std::optional<media::MediaTime> offset(media::MediaTime now) const;

    // Everything is meant for so much later.
    void shift(media::MediaTime by);

    // Grid time, drift included. Continuous and rising, the same for audio and video, and the same
    // whenever it is asked for. Requires: offset() has been learnt.
    [[nodiscard]] media::MediaTime map(media::MediaTime source) const;

    // Source time is stretched by 1 + rate now; audio has to be resampled by as much.
    [[nodiscard]] double rate() const { return drift_.rate(); }
    [[nodiscard]] media::MediaTime drift_error() const { return drift_.error(); }

    // Moves the offset a little, once, so that frames fall on the grid.
    void snap(media::MediaTime by) { snap_ = by; }
    [[nodiscard]] bool snapped() const { return snap_.has_value(); }

private:
    void learn(media::MediaTime pts, media::MediaTime now);
    [[nodiscard]] media::MediaTime lead() const;

    media::Pacing pacing_;
    std::optional<media::MediaTime> fastest_;  // smallest arrival - pts (paced: the offset itself)
    media::MediaTime first_arrival_{};
    std::optional<media::MediaTime> snap_;
    int outliers_ = 0;
    Drift drift_;  // a live one's
};

}  // namespace weir::playout
