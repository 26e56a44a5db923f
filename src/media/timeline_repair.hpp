// SPDX-License-Identifier: MIT
// The time stamps of one connection as they should have been: audio and video on one line that
// never ends, never goes back and is never negative, whatever the source's clock does. Wraps are
// joined, lone outliers are dropped, a jump that lasts begins a new epoch: the line goes on where
// the arrival clock says, and the relation of audio and video survives.
// Threads: one thread at a time. Pure: has no clock of its own, and bounded memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "media/time.hpp"
#include "media/unit_sink.hpp"

namespace weir::media {

// How far a source's clock counts before it begins at zero again.
struct Wrap {
    std::int64_t ticks = 0;
    std::int64_t rate = 1;  // ticks a second

    friend bool operator==(const Wrap&, const Wrap&) = default;
};

constexpr Wrap kMpegWrap{std::int64_t{1} << 33, 90'000};  // 26 h 30 m
constexpr Wrap kRtpWrap{std::int64_t{1} << 32, 90'000};   // 13 h 15 m
constexpr Wrap kRtmpWrap{std::int64_t{1} << 32, 1'000};   // 49 days 17 h

struct TimelineRepairOptions {
    std::optional<Wrap> wrap{};  // empty: somebody has unwrapped the stamps already
    // Until two stamps have told: what units without a stamp last.
    MediaTime video_duration = std::chrono::milliseconds(40);
    MediaTime audio_duration = std::chrono::nanoseconds(21'333'333);
};

class TimelineRepair {
public:
    // Where the first unit lies: room for whatever comes before it in time.
    static constexpr MediaTime kMargin = std::chrono::seconds(15);
    // Stamps that go on further than the arrival clock by this much, or back by so much, jump.
    static constexpr MediaTime kJump = std::chrono::milliseconds(1500);
    // Audio and video further apart than this when they arrive have different bases. More than the
    // longest usual GOP, which a server may send at once to whoever joins.
    static constexpr MediaTime kSameBase = std::chrono::seconds(10);
    // A presentation time further from its decoding time is nonsense.
    static constexpr MediaTime kMaxComposition = std::chrono::seconds(4);
    // Between two units of a track at least: no receiver's clock takes them for one.
    static constexpr MediaTime kMinStep = std::chrono::milliseconds(1);
    static constexpr int kNewEpoch = 3;         // consistent units on the new base
    static constexpr int kNewEpochAnyway = 10;  // units on no base at all
    static constexpr int kMaxReorder = 16;      // units, where only PTS tell (ITU-T H.264 A.3)

    struct Unit {  // as it came; within +-73 years
        UnitKind kind = UnitKind::video;
        std::optional<MediaTime> dts{};
        std::optional<MediaTime> pts{};
        MediaTime arrival{};  // monotonic
    };

    struct Times {
        MediaTime dts{};  // > that of the track's last unit
        MediaTime pts{};  // may lie before dts where the source says so; both are >= 0
        // The first unit of a new epoch, whichever track it belongs to; not the very first unit.
        bool new_epoch = false;

        friend bool operator==(const Times&, const Times&) = default;
    };

    explicit TimelineRepair(const TimelineRepairOptions& options = {});

    // One unit, each track's in decoding order. Empty: an outlier, to be dropped.
    std::optional<Times> repair(const Unit& unit);

    // The protocol said that the track begins anew (a new codec configuration, a discontinuity
    // mark): if the next unit's stamps jump, they are believed at once, and no keyframe is lost.
    void expect_jump(UnitKind kind);

    // For health: what was dropped and how often the base changed.
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
    [[nodiscard]] std::uint64_t epochs() const { return epochs_; }

private:
    // Stamps that may become a new base.
    struct Candidate {
        MediaTime source{};
        MediaTime arrival{};
        int consistent = 0;  // units in a row
        int count = 0;       // units since the last good one
    };

    struct Track {
        bool placed = false;   // a unit has been placed on the line
        bool based = false;    // ... by its stamp
        bool has_dts = false;  // one came: a PTS alone is a DTS too
        bool jump_expected = false;
        MediaTime offset{};          // line = source + offset
        MediaTime source{};          // the furthest stamp, unwrapped
        MediaTime source_arrival{};  // its unit's
        int units = 0;               // since that one
        MediaTime late{};            // by so much it was once further ahead
        MediaTime good{};            // the line at the last unit that went on, not only clamped
        MediaTime good_arrival{};    // its
        MediaTime line{};            // the last unit's DTS as repaired
        MediaTime duration{};        // of a unit
        bool duration_known = false;
        MediaTime composition{};         // the last unit's PTS - DTS
        int regressed = 0;               // units in a row before `source`
        std::vector<MediaTime> waiting;  // only PTS tell: those not yet a DTS, sorted
        std::size_t reorder = 0;         // how many of them there are
        Candidate candidate{};
    };

    static std::size_t index(UnitKind kind) { return kind == UnitKind::video ? 0 : 1; }

    [[nodiscard]] MediaTime unwrap(MediaTime stamp, MediaTime near) const;
    [[nodiscard]] std::optional<MediaTime> on_base_of(const Track& other, const Track& track,
                                                      MediaTime stamp, MediaTime tolerance) const;
    void begin(Track& track, const Track& other, MediaTime stamp);
    void begin_epoch(Track& track, const Track& other, MediaTime stamp, MediaTime tolerance);
    bool persists(Candidate& candidate, MediaTime stamp) const;
    bool settle(Track& track, const Track& other, MediaTime stamp, int patience);
    void note_step(Track& track, MediaTime source) const;
    [[nodiscard]] MediaTime expected(const Track& track, const Track& other) const;
    [[nodiscard]] MediaTime decoding_time(Track& track, MediaTime presentation) const;
    Times interpolate(Track& track, const Track& other);

    const TimelineRepairOptions options_;
    std::array<Track, 2> tracks_{};
    MediaTime now_{};  // the latest arrival
    std::uint64_t dropped_ = 0;
    std::uint64_t epochs_ = 0;
    bool new_epoch_ = false;  // began with the present unit
};

}  // namespace weir::media
