// SPDX-License-Identifier: MIT
#include "ingest/unit_meter.hpp"

#include <algorithm>

namespace weir::ingest {

using media::MediaTime;
using media::UnitKind;

namespace {

constexpr MediaTime kRateWindow = std::chrono::seconds(1);
constexpr std::size_t kMaxUnits = 4096;  // nobody sends more in a second

// The smallest and the largest delay of one kind.
struct Delays {
    std::optional<MediaTime> least;
    std::optional<MediaTime> most;

    void add(MediaTime delay) {
        least = std::min(least.value_or(delay), delay);
        most = std::max(most.value_or(delay), delay);
    }
    [[nodiscard]] MediaTime spread() const { return least ? *most - *least : MediaTime{}; }
};

}  // namespace

void UnitMeter::add(UnitKind kind, std::size_t size_bytes, bool keyframe, MediaTime dts,
                    MediaTime arrival) {
    const std::lock_guard lock(mutex_);
    units_.push_back({kind, size_bytes, arrival - dts, arrival});
    if (kind == UnitKind::video && keyframe) keyframe_ = arrival;
    while (units_.size() > kMaxUnits || units_.front().arrival + kRateWindow < arrival) {
        units_.pop_front();
    }
}

void UnitMeter::drop() {
    const std::lock_guard lock(mutex_);
    ++dropped_;
}

UnitFigures UnitMeter::figures(MediaTime now) const {
    const std::lock_guard lock(mutex_);
    UnitFigures figures{.dropped = dropped_};
    Delays video;
    Delays audio;
    for (const auto& unit : units_) {
        if (unit.arrival + kRateWindow < now) continue;
        figures.bitrate_bps += static_cast<std::int64_t>(unit.size_bytes) * 8;
        if (unit.kind == UnitKind::video) figures.frame_rate += 1;
        (unit.kind == UnitKind::video ? video : audio).add(unit.delay);
    }
    figures.jitter = std::max(video.spread(), audio.spread());
    if (video.least && audio.least) figures.skew = *audio.least - *video.least;
    if (keyframe_) figures.keyframe_age = now - *keyframe_;
    return figures;
}

}  // namespace weir::ingest
