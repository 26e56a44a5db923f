// SPDX-License-Identifier: MIT
#include "media/slot_list.hpp"

#include <algorithm>

#include <doctest/doctest.h>

namespace weir::media {
namespace {

constexpr std::size_t kBlock = SlotList::kBlockSlots;

Slot slot(std::int64_t number) {
    Slot one;
    one.number = number;
    one.start = std::chrono::seconds(2 * number);
    one.end = std::chrono::seconds(2 * number + 2);
    return one;
}

SlotList slots(std::int64_t first, std::size_t count) {
    SlotList list;
    for (std::size_t i = 0; i < count; ++i) list.push_back(slot(first + std::int64_t(i)));
    return list;
}

// The numbers as one walks through the chunks.
std::vector<std::int64_t> by_chunks(const SlotList& list) {
    std::vector<std::int64_t> numbers;
    for (const auto& chunk : list.chunks()) {
        for (std::size_t i = chunk.first; i < chunk.end; ++i) {
            numbers.push_back((*chunk.block)[i].number);
        }
    }
    return numbers;
}

std::vector<std::int64_t> by_iterator(const SlotList& list) {
    std::vector<std::int64_t> numbers;
    for (const Slot& one : list) numbers.push_back(one.number);
    return numbers;
}

TEST_SUITE("media/slot_list") {
    TEST_CASE("what is put in comes out in its order, by index, iterator and chunk") {
        for (const std::size_t count : {0UL, 1UL, kBlock - 1, kBlock, kBlock + 1, 3 * kBlock + 7}) {
            const SlotList list = slots(10, count);
            CHECK(list.size() == count);
            CHECK(list.empty() == (count == 0));
            std::vector<std::int64_t> wanted;
            for (std::size_t i = 0; i < count; ++i) wanted.push_back(10 + std::int64_t(i));
            CHECK(by_iterator(list) == wanted);
            CHECK(by_chunks(list) == wanted);
            if (count > 0) CHECK(list.back().number == list[count - 1].number);
        }
    }

    TEST_CASE("a copy does not see what is done to the other") {
        SlotList list = slots(0, kBlock + 3);
        const SlotList copy = list;
        list.push_back(slot(1000));
        list.drop_front(2);
        CHECK(copy.size() == kBlock + 3);
        CHECK(copy.front().number == 0);
        CHECK(copy.back().number == std::int64_t(kBlock) + 2);
        CHECK(list.size() == kBlock + 2);
        CHECK(list.front().number == 2);
        CHECK(list.back().number == 1000);
    }

    TEST_CASE("slices share blocks, and may be lengthened on their own") {
        const SlotList list = slots(0, 3 * kBlock);
        SlotList part = list.slice(kBlock - 1, 2 * kBlock + 1);
        CHECK(part.size() == kBlock + 2);
        CHECK(part.front().number == std::int64_t(kBlock) - 1);
        CHECK(part.chunks()[1].block == list.chunks()[1].block);
        CHECK(part.chunks()[1].whole());
        CHECK_FALSE(part.chunks()[0].whole());
        part.push_back(slot(9999));
        CHECK(part.back().number == 9999);
        CHECK(part[kBlock + 1].number == std::int64_t(2 * kBlock));
        CHECK(list[2 * kBlock + 1].number == std::int64_t(2 * kBlock) + 1);
        CHECK(list.slice(5, 5).empty());
    }

    TEST_CASE("dropping in front keeps the blocks that are left") {
        SlotList list = slots(0, 3 * kBlock);
        const auto second = list.chunks()[1].block;
        list.drop_front(kBlock);
        CHECK(list.chunks().front().block == second);
        CHECK(list.chunks().front().whole());
        list.drop_front(1);
        CHECK(list.front().number == std::int64_t(kBlock) + 1);
        list.drop_front(list.size());
        CHECK(list.empty());
        list.push_back(slot(7));
        CHECK(by_chunks(list) == std::vector<std::int64_t>{7});
    }

    TEST_CASE("the first slot that ends after a time") {
        const SlotList list = slots(100, 600);
        CHECK(first_ending_after(list, std::chrono::seconds(0)) == 0);
        CHECK(first_ending_after(list, std::chrono::seconds(202)) == 1);
        CHECK(first_ending_after(list, std::chrono::seconds(203)) == 1);
        CHECK(first_ending_after(list, std::chrono::seconds(204)) == 2);
        CHECK(first_ending_after(list, std::chrono::seconds(100'000)) == 600);
    }
}

}  // namespace
}  // namespace weir::media
