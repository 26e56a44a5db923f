// SPDX-License-Identifier: MIT
#include "playout/filler.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using weir::InputLoss;
using weir::media::MediaTime;
using weir::playout::Fill;
using weir::playout::fill_for;
using weir::playout::FillTotals;

TEST_SUITE("playout/filler") {
    TEST_CASE("first the last picture again, then black, then the slate") {
        const InputLoss slate{
            .repeat_duration = 2000ms, .black_duration = 3000ms, .slate = "slate.png"};
        const InputLoss black{.repeat_duration = 2000ms, .black_duration = 3000ms};
        const InputLoss at_once{
            .repeat_duration = 0ms, .black_duration = 0ms, .slate = "slate.png"};
        const InputLoss no_black{
            .repeat_duration = 1000ms, .black_duration = 0ms, .slate = "slate.png"};
        struct Row {
            const InputLoss& config;
            std::optional<MediaTime> silence;
            Fill expected;
        };
        const Row rows[]{
            {slate, 0ms, Fill::picture},     {slate, 33ms, Fill::repeat},
            {slate, 1999ms, Fill::repeat},   {slate, 2000ms, Fill::black},
            {slate, 4999ms, Fill::black},    {slate, 5000ms, Fill::slate},
            {slate, 1000h, Fill::slate},     {slate, {}, Fill::slate},
            {black, 1999ms, Fill::repeat},   {black, 2000ms, Fill::black},
            {black, 1000h, Fill::black},     {black, {}, Fill::black},
            {at_once, 0ms, Fill::picture},   {at_once, 1ms, Fill::slate},
            {no_black, 999ms, Fill::repeat}, {no_black, 1000ms, Fill::slate},
        };
        for (const auto& row : rows) {
            CAPTURE(row.silence.value_or(-1ns).count());
            CAPTURE(row.config.slate);
            CHECK(fill_for(row.config, row.silence) == row.expected);
        }
    }

    TEST_CASE("totals count in ticks and lose nothing to rounding") {
        FillTotals totals;
        const MediaTime tick(1'001'000'000 / 30);
        for (int i = 0; i < 300; ++i) {
            totals.add(Fill::picture, tick);
            totals.add(Fill::repeat, tick);
            if (i % 2 == 0) totals.add(Fill::black, tick);
            if (i % 3 == 0) totals.add(Fill::slate, tick);
        }
        CHECK(totals.repeat() == 10'009ms);
        CHECK(totals.black() == 5'004ms);
        CHECK(totals.slate() == 3'336ms);
    }
}
