// SPDX-License-Identifier: MIT
#include "media/slot_list.hpp"

#include <algorithm>

#include <gsl/gsl>

namespace weir::media {

void SlotList::push_back(Slot slot) {
    const std::size_t used = end_ % kBlockSlots;
    auto block = std::make_shared<Block>();
    if (used > 0) {
        const Block& last = *blocks_.back();
        block->reserve(used + 1);
        // A slice may end before its last block does.
        block->assign(last.begin(), last.begin() + static_cast<std::ptrdiff_t>(used));
        blocks_.pop_back();
    }
    block->push_back(std::move(slot));
    blocks_.push_back(std::move(block));
    ++end_;
}

void SlotList::drop_front(std::size_t count) {
    Expects(count <= size());
    begin_ += count;
    const std::size_t unused = std::min(begin_ / kBlockSlots, blocks_.size());
    blocks_.erase(blocks_.begin(), blocks_.begin() + static_cast<std::ptrdiff_t>(unused));
    begin_ -= unused * kBlockSlots;
    end_ -= unused * kBlockSlots;
}

SlotList SlotList::slice(std::size_t first, std::size_t end) const {
    Expects(first <= end && end <= size());
    SlotList part;
    if (first == end) return part;
    const std::size_t first_block = (begin_ + first) / kBlockSlots;
    const std::size_t end_block = (begin_ + end - 1) / kBlockSlots + 1;
    part.blocks_.assign(blocks_.begin() + static_cast<std::ptrdiff_t>(first_block),
                        blocks_.begin() + static_cast<std::ptrdiff_t>(end_block));
    part.begin_ = begin_ + first - first_block * kBlockSlots;
    part.end_ = begin_ + end - first_block * kBlockSlots;
    return part;
}

std::vector<SlotList::Chunk> SlotList::chunks() const {
    std::vector<Chunk> all;
    all.reserve(blocks_.size());
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
        const std::size_t block_begin = i * kBlockSlots;
        all.push_back({.block = blocks_[i],
                       .first = begin_ > block_begin ? begin_ - block_begin : 0,
                       .end = std::min(end_ - block_begin, kBlockSlots)});
    }
    return all;
}

std::size_t first_ending_after(const SlotList& slots, MediaTime time) {
    const auto found =
        std::ranges::partition_point(slots, [time](const Slot& slot) { return slot.end <= time; });
    return static_cast<std::size_t>(found - slots.begin());
}

}  // namespace weir::media
