// SPDX-License-Identifier: MIT
#include "segment/decode_order.hpp"

#include <algorithm>

namespace weir::segment {

namespace {

// H.264 and H.265 keep no more frames back.
constexpr std::int64_t kMostReordered = 16;

}  // namespace

DecodeOrder::DecodeOrder(const media::Grid& grid, std::int64_t first_frame)
    : grid_(grid), first_frame_(first_frame), next_(first_frame) {}

Result<std::int64_t> DecodeOrder::place(std::int64_t presented, bool sync,
                                        std::optional<media::MediaTime> dts) {
    const auto corrupt = [](const char* text) { return Error{ErrorCode::corrupt, text}; };
    if (presented < first_frame_) return corrupt("CMAF: a frame before the run");
    const std::int64_t slot = grid_.slot_of_frame(presented);
    if (slot_ && slot < *slot_) return corrupt("CMAF: a frame of a segment that has ended");
    if (!slot_ || slot > *slot_) begin_slot(slot);
    const auto at = static_cast<std::size_t>(presented - begin_);
    if (present_.at(at)) return corrupt("CMAF: a frame that is there already");
    if (sync && dts) {
        // The smallest that was seen: it is larger behind a hole.
        const std::int64_t delay = presented - grid_.nearest_frame(*dts);
        if (delay >= 0 && delay <= kMostReordered) delay_ = std::min(delay, delay_.value_or(delay));
    }
    const std::int64_t place = std::max({next_, begin_, wish(presented, sync, dts)});
    if (place >= end_) return corrupt("CMAF: more frames than a segment has");
    present_.at(at) = true;
    next_ = place + 1;
    return place;
}

// An encoder's decoding times are those of its input some frames earlier: they show what is left
// out. One behind the presentation is wrong, and followed nowhere.
std::int64_t DecodeOrder::wish(std::int64_t presented, bool sync,
                               std::optional<media::MediaTime> dts) const {
    if (!dts || !delay_) return sync ? presented : next_;
    const std::int64_t decoded = grid_.nearest_frame(*dts);
    return decoded > presented ? next_ : decoded + *delay_;
}

void DecodeOrder::begin_slot(std::int64_t slot) {
    slot_ = slot;
    begin_ = std::max(grid_.first_frame(slot), first_frame_);
    end_ = grid_.first_frame(slot + 1);
    present_.assign(static_cast<std::size_t>(end_ - begin_), false);
}

}  // namespace weir::segment
