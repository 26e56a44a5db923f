// SPDX-License-Identifier: MIT
#include "segment/passthrough_cutter.hpp"

#include <algorithm>
#include <utility>

namespace weir::segment {

using namespace std::chrono_literals;
using media::MediaTime;
using media::UnitKind;

namespace {

// Times of RTMP are rounded to milliseconds, PTS and DTS each: two seconds may be 1.998.
constexpr MediaTime kSourceRounding = 5ms;
// Where every picture is a keyframe not each needs tables of its own.
constexpr MediaTime kMarkDistance = 500ms;
// Until two units have told.
constexpr MediaTime kUnknownFrame = 40ms;
constexpr MediaTime kUnknownAudioFrame = 21'333'333ns;
constexpr MediaTime kLongestFrame = 1s;
// So long after the last picture the video has stopped, and the audio goes on alone.
constexpr MediaTime kStill = 500ms;

}  // namespace

std::optional<PassthroughCutter::Span> PassthroughCutter::begin_stream(bool has_video) {
    auto closed = end_segment();
    has_video_ = has_video;
    video_dts_.reset();
    audio_pts_.reset();
    frame_ = advance_ = kUnknownFrame;
    audio_frame_ = kUnknownAudioFrame;
    return closed;
}

std::int64_t PassthroughCutter::number_at(MediaTime start) const {
    if (last_number_) return *last_number_ + 1;
    return std::max<std::int64_t>(options_.first_number, start / options_.segment_duration);
}

std::int64_t PassthroughCutter::next_number() const {
    return last_number_ ? *last_number_ + 1 : options_.first_number;
}

bool PassthroughCutter::may_begin(const Unit& unit, MediaTime now) const {
    if (has_video_ && (unit.kind != UnitKind::video || !unit.keyframe)) return false;
    return number_at(unit.pts) <= now / options_.segment_duration + 1;
}

void PassthroughCutter::open(MediaTime start) {
    last_number_ = number_at(start);
    is_open_ = true;
    start_ = marked_ = start;
    mark_.reset();
}

PassthroughCutter::Span PassthroughCutter::close(MediaTime end) {
    is_open_ = false;
    last_end_ = end;
    return {.number = *last_number_,
            .start = start_,
            .end = end,
            .discontinuity = std::exchange(discontinuity_, false)};
}

MediaTime PassthroughCutter::within(MediaTime end) const {
    return std::clamp(end, start_ + 1ms, start_ + options_.max_segment_duration);
}

// Where a segment that begins with this unit begins, for want of a keyframe: behind the last
// picture, though others may be shown before this one.
MediaTime PassthroughCutter::boundary(const Unit& unit) const {
    if (unit.kind == UnitKind::audio) return unit.pts;
    return std::min(unit.pts, newest_video_ + frame_);
}

// Whether the present segment is too long with this unit in it.
bool PassthroughCutter::at_limit(const Unit& unit) const {
    const MediaTime limit = start_ + options_.max_segment_duration;
    if (has_video_ && unit.kind == UnitKind::audio) {
        return unit.pts + audio_frame_ > limit && unit.pts - newest_video_ > frame_ + kStill;
    }
    if (unit.kind == UnitKind::audio) return unit.pts + 2 * audio_frame_ > limit;
    // Among reordered pictures only one that is shown after all others parts them.
    return unit.pts > newest_video_ && boundary(unit) + advance_ > limit;
}

PassthroughCutter::Step PassthroughCutter::place(const Unit& unit, MediaTime now) {
    Step step;
    if (!is_open_) {
        if (!may_begin(unit, now)) return step;
        open(unit.pts);
        newest_video_ = newest_audio_ = unit.pts;
        step.taken = step.begins = true;
        note(unit);
        return step;
    }
    const MediaTime length = unit.pts - start_;
    const bool keyframe = unit.kind == UnitKind::video ? unit.keyframe : !has_video_;
    const bool too_long = keyframe && length > options_.max_segment_duration;
    const bool due = keyframe && length >= options_.segment_duration - kSourceRounding &&
                     *last_number_ <= now / options_.segment_duration;
    if (due && !too_long) {
        step.closed = close(unit.pts);
        step.begins = true;
    } else if (too_long || at_limit(unit)) {
        if (mark_) {
            const MediaTime mark = *mark_;
            step.closed = close(mark);
            open(mark);
            step.at_mark = true;
            return step;
        }
        step.no_keyframe = has_video_ && !keyframe;
        step.closed = close(within(boundary(unit)));
        step.begins = true;
    }
    if (step.begins) {
        // What is missing between the two lies in no segment: the source's own hole.
        const MediaTime start = keyframe ? unit.pts : std::max(step.closed->end, boundary(unit));
        discontinuity_ = start > step.closed->end + kSourceRounding;
        open(start);
    } else if (has_video_ && keyframe && unit.pts - marked_ >= kMarkDistance) {
        mark_ = marked_ = unit.pts;
        step.mark = true;
    }
    step.taken = true;
    note(unit);
    return step;
}

void PassthroughCutter::note(const Unit& unit) {
    if (unit.kind == UnitKind::video) {
        if (video_dts_ && unit.dts > *video_dts_) {
            frame_ = std::min(unit.dts - *video_dts_, kLongestFrame);
        }
        video_dts_ = unit.dts;
        if (unit.pts > newest_video_) {
            advance_ = std::min(unit.pts - newest_video_, kLongestFrame);
            newest_video_ = unit.pts;
        }
    } else {
        if (audio_pts_ && unit.pts > *audio_pts_) {
            audio_frame_ = std::min(unit.pts - *audio_pts_, kLongestFrame);
        }
        audio_pts_ = unit.pts;
        newest_audio_ = std::max(newest_audio_, unit.pts);
    }
    last_end_ = has_video_ ? newest_video_ + frame_ : newest_audio_ + audio_frame_;
}

std::optional<PassthroughCutter::Span> PassthroughCutter::end_segment() {
    if (!is_open_) return std::nullopt;
    auto span = close(within(*last_end_));
    discontinuity_ = true;
    return span;
}

}  // namespace weir::segment
