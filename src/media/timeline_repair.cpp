// SPDX-License-Identifier: MIT
#include "media/timeline_repair.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <gsl/gsl>

namespace weir::media {

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
// Sums of a few of these do not overflow.
constexpr MediaTime kFurthest{std::int64_t{1} << 60};
// A unit that lasts longer is a hole.
constexpr MediaTime kLongestUnit = std::chrono::milliseconds(500);
// Stamps in coarse ticks may go back by this much and mean nothing.
constexpr MediaTime kRounding = std::chrono::milliseconds(2);
// A source that has been late for a thousand times the stall is slow, not late.
constexpr int kForget = 1000;

std::optional<MediaTime> sane(std::optional<MediaTime> stamp) {
    if (stamp && (*stamp > kFurthest || *stamp < -kFurthest)) return std::nullopt;
    return stamp;
}

// Not back by much, nor further on than the time that has passed allows. Less far is no jump: the
// source was stalled, and what it could not send comes at once.
bool follows(MediaTime step, MediaTime elapsed) {
    return step >= -TimelineRepair::kJump && step <= elapsed + TimelineRepair::kJump;
}

}  // namespace

TimelineRepair::TimelineRepair(const TimelineRepairOptions& options) : options_(options) {
    Expects(!options.wrap || (options.wrap->ticks > 0 && options.wrap->rate > 0));
    tracks_[index(UnitKind::video)].duration = options.video_duration;
    tracks_[index(UnitKind::audio)].duration = options.audio_duration;
}

void TimelineRepair::expect_jump(UnitKind kind) {
    tracks_[index(kind)].jump_expected = true;
}

std::optional<TimelineRepair::Times> TimelineRepair::repair(const Unit& unit) {
    Track& track = tracks_[index(unit.kind)];
    const Track& other = tracks_[1 - index(unit.kind)];
    now_ = std::max(now_, std::min(unit.arrival, kFurthest));
    new_epoch_ = false;
    const auto dts = sane(unit.dts);
    const auto pts = sane(unit.pts);
    if (!dts && !pts) return interpolate(track, other);
    track.has_dts = track.has_dts || dts;
    const bool reordered = unit.kind == UnitKind::video && !track.has_dts;
    const MediaTime stamp = dts ? *dts : *pts;
    if (!settle(track, other, stamp, reordered ? kMaxReorder : kNewEpoch)) {
        ++dropped_;
        return std::nullopt;
    }
    const MediaTime source = unwrap(stamp, track.source);
    MediaTime line = source + track.offset;
    if (reordered) {
        const MediaTime presentation = line;
        // What waits may be from before a hole.
        line = std::max({decoding_time(track, presentation), track.line + kMinStep,
                         presentation - kMaxComposition});
        track.composition = presentation - line;
    } else {
        if (!dts) track.composition = {};
        if (dts && pts) track.composition = unwrap(*pts, source) - source;
        if (std::chrono::abs(track.composition) > kMaxComposition) track.composition = {};
        line = std::max(line, track.line + kMinStep);
    }
    track.line = line;
    return Times{line, line + track.composition, new_epoch_};
}

// Finds the base that the stamp is on. False: an outlier.
bool TimelineRepair::settle(Track& track, const Track& other, MediaTime stamp, int patience) {
    ++track.units;
    if (!track.based) begin(track, other, stamp);
    const bool expected_jump = std::exchange(track.jump_expected, false);
    const MediaTime elapsed = now_ - track.source_arrival;
    const MediaTime source = unwrap(stamp, track.source + elapsed);
    const MediaTime step = source - track.source;
    if (!follows(step, elapsed + track.late)) {
        if (!on_base_of(other, track, stamp, kJump) && !expected_jump &&
            !persists(track.candidate, stamp)) {
            return false;
        }
        begin_epoch(track, other, stamp, kJump);
    } else if (step >= -kRounding) {
        note_step(track, source);
    } else if (expected_jump || ++track.regressed >= patience) {
        // The other track has stepped back as well if its base is nearer than this one.
        begin_epoch(track, other, stamp, -step / 2);
    }
    track.candidate = {};
    return true;
}

void TimelineRepair::note_step(Track& track, MediaTime source) const {
    const MediaTime step = source - track.source;
    const MediaTime duration = step / std::max(track.units, 1);
    if (duration >= kMinStep && duration <= kLongestUnit) {
        track.duration += (duration - track.duration) / (track.duration_known ? 8 : 1);
        track.duration_known = true;
    }
    // A stall makes it late, what comes at once makes that good; slow clocks are no stall.
    const MediaTime elapsed = now_ - track.source_arrival;
    track.late = std::max(track.late + elapsed - elapsed / kForget - step, MediaTime{});
    if (step > MediaTime{}) track.units = 0;
    track.source = std::max(track.source, source);
    track.source_arrival = now_;
    track.good = source + track.offset;
    track.good_arrival = now_;
    track.regressed = 0;
}

// The time that looks like `stamp` on the source's clock and is nearest to `near`.
MediaTime TimelineRepair::unwrap(MediaTime stamp, MediaTime near) const {
    if (!options_.wrap) return stamp;
    const auto [ticks, rate] = *options_.wrap;
    // 2^32 ticks of 90 kHz are no whole number of nanoseconds: what is over adds up.
    const std::int64_t whole = ticks * kSecond / rate;
    const std::int64_t over = ticks * kSecond % rate;
    const std::int64_t turns =
        std::llround(static_cast<double>((near - stamp).count()) / static_cast<double>(whole));
    return stamp + MediaTime(turns * whole + turns * over / rate);
}

// Where the line would be if the track's clock ran like ours.
MediaTime TimelineRepair::expected(const Track& track, const Track& other) const {
    if (track.placed) return track.good + std::max(now_ - track.good_arrival, track.duration);
    if (other.placed) return other.good + (now_ - other.good_arrival);
    return kMargin;
}

// The stamp unwrapped, if the base of the other track puts it about where it is expected.
std::optional<MediaTime> TimelineRepair::on_base_of(const Track& other, const Track& track,
                                                    MediaTime stamp, MediaTime tolerance) const {
    if (!other.based || (track.based && other.offset == track.offset)) return std::nullopt;
    const MediaTime source = unwrap(stamp, other.source + (now_ - other.source_arrival));
    const MediaTime off = source + other.offset - expected(track, other);
    if (std::chrono::abs(off) > tolerance) return std::nullopt;
    return source;
}

void TimelineRepair::begin(Track& track, const Track& other, MediaTime stamp) {
    const auto shared = on_base_of(other, track, stamp, kSameBase);
    track.offset = shared ? other.offset : expected(track, other) - stamp;
    track.source = shared.value_or(stamp);
    track.source_arrival = now_;
    track.units = 0;
    track.good = track.source + track.offset;
    track.good_arrival = now_;
    if (!track.placed) track.line = track.good - kMinStep;
    track.placed = true;
    track.based = true;
}

void TimelineRepair::begin_epoch(Track& track, const Track& other, MediaTime stamp,
                                 MediaTime tolerance) {
    const auto shared = on_base_of(other, track, stamp, tolerance);
    if (shared) {
        track.offset = other.offset;
    } else {
        track.offset = expected(track, other) - stamp;
        ++epochs_;
        new_epoch_ = true;
    }
    track.source = shared.value_or(stamp);
    track.source_arrival = now_;
    track.units = 0;
    track.late = {};
    track.good = track.source + track.offset;
    track.good_arrival = now_;
    track.regressed = 0;
    track.waiting.clear();
    track.reorder = 0;
}

// A stamp that does not follow the last good one: whether it is to be believed by now.
bool TimelineRepair::persists(Candidate& candidate, MediaTime stamp) const {
    const MediaTime elapsed = now_ - candidate.arrival;
    const MediaTime source = unwrap(stamp, candidate.source + elapsed);
    const bool consistent = candidate.count > 0 && follows(source - candidate.source, elapsed);
    candidate.consistent = consistent ? candidate.consistent + 1 : 1;
    candidate.source = source;
    candidate.arrival = now_;
    ++candidate.count;
    return candidate.consistent >= kNewEpoch || candidate.count >= kNewEpochAnyway;
}

// Units come in decoding order, so their decoding times are their presentation times, sorted, and
// late by as many units as may overtake. How many that are shows when one comes too early.
MediaTime TimelineRepair::decoding_time(Track& track, MediaTime presentation) const {
    auto& waiting = track.waiting;
    waiting.insert(std::upper_bound(waiting.begin(), waiting.end(), presentation), presentation);
    if (presentation < track.line && track.reorder < static_cast<std::size_t>(kMaxReorder)) {
        ++track.reorder;
    }
    if (waiting.size() <= track.reorder) return track.line;
    const MediaTime first = waiting.front();
    waiting.erase(waiting.begin());
    return first;
}

TimelineRepair::Times TimelineRepair::interpolate(Track& track, const Track& other) {
    const MediaTime by_arrival = expected(track, other);
    MediaTime line = by_arrival;
    if (track.placed) {
        line = track.line + std::max(track.duration, kMinStep);
        // Nothing came for a while, and nobody says that it was only late.
        if (by_arrival - line > kJump) line = by_arrival;
    }
    track.placed = true;
    track.line = line;
    track.good = line;
    track.good_arrival = now_;
    ++track.units;
    return {line, line + track.composition, false};
}

}  // namespace weir::media
