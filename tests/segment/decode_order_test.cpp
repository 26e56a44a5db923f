// SPDX-License-Identifier: MIT
#include "segment/decode_order.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;
using segment::DecodeOrder;

namespace {

const media::Grid kGrid({30, 1}, 2s);
constexpr std::int64_t kSlot = 895'000'000;

// I0 P4 B2 b1 b3 P8 ...: what x264 makes of `inputs`, with its decoding times, two inputs late.
struct Coded {
    std::int64_t presented = 0;
    bool sync = false;
    media::MediaTime dts{};
};

std::vector<Coded> code(const std::vector<std::int64_t>& inputs, std::int64_t gop) {
    std::vector<std::int64_t> order;
    std::vector<bool> sync;
    for (std::size_t i = 0; i < inputs.size();) {
        std::size_t end = i;
        while (end < inputs.size() && inputs[end] / gop == inputs[i] / gop) ++end;
        order.push_back(inputs[i]);
        sync.push_back(true);
        for (std::size_t j = i + 1; j < end; j += 4) {
            const std::size_t last = std::min(j + 3, end - 1);
            std::vector<std::size_t> mini{last};
            if (last > j) mini.push_back(j + (last - j) / 2);
            for (std::size_t k = j; k < last; ++k) {
                if (k != mini.back()) mini.push_back(k);
            }
            std::vector<std::size_t> once;
            for (const std::size_t k : mini) {
                if (std::find(once.begin(), once.end(), k) == once.end()) once.push_back(k);
            }
            for (const std::size_t k : once) {
                order.push_back(inputs[k]);
                sync.push_back(false);
            }
        }
        i = end;
    }
    std::vector<Coded> coded;
    for (std::size_t i = 0; i < order.size(); ++i) {
        const std::int64_t at =
            i >= 2 ? inputs[i - 2] : inputs[0] - 2 + static_cast<std::int64_t>(i);
        coded.push_back({order[i], sync[i], kGrid.frame_time(at)});
    }
    return coded;
}

std::vector<std::int64_t> frames(std::int64_t first, std::int64_t count) {
    std::vector<std::int64_t> all;
    for (std::int64_t i = 0; i < count; ++i) all.push_back(first + i);
    return all;
}

}  // namespace

TEST_SUITE("segment/decode_order") {
    TEST_CASE("frames are decoded at the times of the grid, one after the other") {
        for (const bool with_dts : {true, false}) {
            const std::int64_t first = kGrid.first_frame(kSlot) + 17;
            DecodeOrder order(kGrid, first);
            std::int64_t next = first;
            for (const Coded& frame : code(frames(first, 300), 30)) {
                const auto place = order.place(frame.presented, frame.sync,
                                               with_dts ? std::optional(frame.dts) : std::nullopt);
                CHECK(place.value() == next++);
            }
        }
    }

    TEST_CASE("a missing frame costs nobody its time, and moves nothing behind its segment") {
        for (const bool with_dts : {true, false}) {
            for (std::int64_t missing = 1; missing < 120; ++missing) {
                CAPTURE(missing);
                CAPTURE(with_dts);
                const std::int64_t first = kGrid.first_frame(kSlot);
                auto inputs = frames(first, 180);
                if (missing % 30 == 0) continue;  // a keyframe
                inputs.erase(inputs.begin() + missing);
                DecodeOrder order(kGrid, first);
                std::int64_t last = first - 1;
                std::int64_t count = 0;
                for (const Coded& frame : code(inputs, 30)) {
                    const auto place =
                        order.place(frame.presented, frame.sync,
                                    with_dts ? std::optional(frame.dts) : std::nullopt);
                    REQUIRE(place);
                    CHECK(*place > last);
                    CHECK(kGrid.slot_of_frame(*place) == kGrid.slot_of_frame(frame.presented));
                    CHECK(*place - frame.presented <= 2);
                    // Behind the GOP of the hole everything is in its place again.
                    if (frame.presented - first >= (missing / 60 + 1) * 60) {
                        CHECK(*place == first + count + 1);
                    }
                    last = *place;
                    ++count;
                }
            }
        }
    }

    TEST_CASE("without reordering a frame is decoded when it is shown, whatever is missing") {
        const std::int64_t first = kGrid.first_frame(kSlot);
        DecodeOrder order(kGrid, first);
        for (std::int64_t frame = first; frame < first + 300; ++frame) {
            const std::int64_t i = frame - first;
            if (i % 60 != 0 && i % 7 == 3) continue;
            CHECK(order.place(frame, i % 30 == 0, kGrid.frame_time(frame)).value() == frame);
        }
    }

    TEST_CASE("frames that cannot be are refused, and others go on") {
        const std::int64_t first = kGrid.first_frame(kSlot) + 30;
        DecodeOrder order(kGrid, first);
        CHECK_FALSE(order.place(first - 1, true, {}));
        CHECK(order.place(first, true, {}).value() == first);
        CHECK_FALSE(order.place(first, true, {}));
        CHECK(order.place(first + 2, false, {}).value() == first + 1);
        CHECK_FALSE(order.place(first + 2, false, {}));
        CHECK(order.place(first + 30, true, {}).value() == first + 30);
        CHECK_FALSE(order.place(first + 3, false, {}));
        CHECK(order.place(first + 31, false, {}).value() == first + 31);
    }

    TEST_CASE("decoding times without sense do no harm") {
        for (const auto wrong : {-1'000'000s, 0s, 1'000'000s}) {
            const std::int64_t first = kGrid.first_frame(kSlot);
            DecodeOrder order(kGrid, first);
            std::int64_t count = 0;
            for (const Coded& frame : code(frames(first, 300), 30)) {
                const bool keep = count < 5;
                const auto dts = keep ? frame.dts : frame.dts + wrong;
                const auto place = order.place(frame.presented, frame.sync, dts);
                REQUIRE(place);
                CHECK(*place - frame.presented <= 2);
                CHECK(kGrid.slot_of_frame(*place) == kGrid.slot_of_frame(frame.presented));
                ++count;
            }
        }
    }
}
