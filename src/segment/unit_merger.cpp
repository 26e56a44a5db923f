// SPDX-License-Identifier: MIT
#include "segment/unit_merger.hpp"

#include <algorithm>
#include <utility>

namespace weir::segment {

using media::MediaTime;
using media::UnitKind;

namespace {

// Audio that begins with a keyframe, but for its times' rounding, is behind it.
constexpr MediaTime kRounding = std::chrono::microseconds(500);

}  // namespace

void UnitMerger::push(MergedUnit unit) {
    const bool video = unit.kind == UnitKind::video;
    if (video && unit.keyframe) reorder_ = std::max(MediaTime{}, unit.pts - unit.dts);
    unit.place = video ? unit.dts + reorder_ : unit.pts + kRounding;
    bytes_ += gst_buffer_get_size(unit.buffer.get());
    Track& own = video ? video_ : audio_;
    own.seen = true;
    own.starving = false;
    own.units.push_back(std::move(unit));
}

std::optional<MergedUnit> UnitMerger::take(Track& track) {
    MergedUnit unit = std::move(track.units.front());
    track.units.pop_front();
    bytes_ -= gst_buffer_get_size(unit.buffer.get());
    return unit;
}

std::optional<MergedUnit> UnitMerger::pop() {
    if (!video_.units.empty() && !audio_.units.empty()) return drain();
    Track& full = video_.units.empty() ? audio_ : video_;
    Track& behind = video_.units.empty() ? video_ : audio_;
    if (full.units.empty()) return std::nullopt;
    if (full.span() > kMaxSkew || bytes_ > kMaxBytes) behind.starving = true;
    if (behind.seen && !behind.starving) return std::nullopt;
    return take(full);
}

std::optional<MergedUnit> UnitMerger::drain() {
    if (video_.units.empty() && audio_.units.empty()) return std::nullopt;
    if (video_.units.empty()) return take(audio_);
    if (audio_.units.empty()) return take(video_);
    return take(audio_.units.front().place < video_.units.front().place ? audio_ : video_);
}

MediaTime UnitMerger::span() const {
    return std::max(video_.span(), audio_.span());
}

void UnitMerger::keep_last(MediaTime span) {
    for (Track* track : {&video_, &audio_}) {
        while (track->span() > span) take(*track);
    }
}

}  // namespace weir::segment
