// SPDX-License-Identifier: MIT
// Slots in their order, cheap to copy and to lengthen: they lie in blocks that all copies share and
// nobody changes. Days of slots are a few hundred blocks, and what was made from a block (its text
// in a playlist, say) is good for as long as the block is there.
// Threads: as a value; copies may be used by different threads.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "media/slot.hpp"

namespace weir::media {

class SlotList {
public:
    static constexpr std::size_t kBlockSlots = 256;
    using Block = std::vector<Slot>;

    // Slots [first, end) of a block.
    struct Chunk {
        std::shared_ptr<const Block> block;
        std::size_t first = 0;
        std::size_t end = 0;
        [[nodiscard]] bool whole() const { return first == 0 && end == kBlockSlots; }
    };

    SlotList() = default;
    SlotList(std::initializer_list<Slot> slots) {
        for (const Slot& slot : slots) push_back(slot);
    }

    [[nodiscard]] std::size_t size() const { return end_ - begin_; }
    [[nodiscard]] bool empty() const { return begin_ == end_; }
    [[nodiscard]] const Slot& operator[](std::size_t i) const {
        const std::size_t at = begin_ + i;
        return (*blocks_[at / kBlockSlots])[at % kBlockSlots];
    }
    [[nodiscard]] const Slot& front() const { return (*this)[0]; }
    [[nodiscard]] const Slot& back() const { return (*this)[size() - 1]; }

    // Copies the last block, if it has room, and no other.
    void push_back(Slot slot);
    // Forgets the first `count`. Requires: count <= size().
    void drop_front(std::size_t count);
    // The part [first, end). Requires: first <= end <= size().
    [[nodiscard]] SlotList slice(std::size_t first, std::size_t end) const;

    [[nodiscard]] std::vector<Chunk> chunks() const;

    class Iterator {
    public:
        using iterator_category = std::random_access_iterator_tag;
        using value_type = Slot;
        using difference_type = std::ptrdiff_t;
        using pointer = const Slot*;
        using reference = const Slot&;

        Iterator() = default;
        Iterator(const SlotList* list, std::size_t at) : list_(list), at_(at) {}
        reference operator*() const { return (*list_)[at_]; }
        pointer operator->() const { return &(*list_)[at_]; }
        reference operator[](difference_type n) const { return *(*this + n); }
        Iterator& operator++() { return *this += 1; }
        Iterator& operator--() { return *this += -1; }
        Iterator operator++(int) { return std::exchange(*this, *this + 1); }
        Iterator operator--(int) { return std::exchange(*this, *this + -1); }
        Iterator& operator+=(difference_type n) {
            at_ = static_cast<std::size_t>(static_cast<difference_type>(at_) + n);
            return *this;
        }
        Iterator& operator-=(difference_type n) { return *this += -n; }
        friend Iterator operator+(Iterator i, difference_type n) { return i += n; }
        friend Iterator operator+(difference_type n, Iterator i) { return i += n; }
        friend Iterator operator-(Iterator i, difference_type n) { return i -= n; }
        friend difference_type operator-(const Iterator& a, const Iterator& b) {
            return static_cast<difference_type>(a.at_) - static_cast<difference_type>(b.at_);
        }
        friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }
        friend auto operator<=>(const Iterator& a, const Iterator& b) { return a.at_ <=> b.at_; }

    private:
        const SlotList* list_ = nullptr;
        std::size_t at_ = 0;
    };
    [[nodiscard]] Iterator begin() const { return {this, 0}; }
    [[nodiscard]] Iterator end() const { return {this, size()}; }

private:
    std::vector<std::shared_ptr<const Block>> blocks_;
    std::size_t begin_ = 0;  // within the blocks
    std::size_t end_ = 0;
};

// The first slot that ends after `time`, or size(). Of slots in the order of their times.
std::size_t first_ending_after(const SlotList& slots, MediaTime time);

}  // namespace weir::media
