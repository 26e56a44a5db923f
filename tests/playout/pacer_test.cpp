// SPDX-License-Identifier: MIT
#include "playout/pacer.hpp"

#include <doctest/doctest.h>

#include <future>

#include "support/fake_clock.hpp"

using namespace std::chrono_literals;
using weir::media::Grid;
using weir::media::MediaTime;
using weir::playout::Pacer;
using weir::playout::Playout;
using weir::test::FakeClock;

namespace {

struct Counter final : weir::playout::PlayoutOutput {
    void push_frame(weir::base::MiniPtr<GstBuffer> frame) override {
        last = MediaTime(GST_BUFFER_PTS(frame.get()));
        ++frames;
        if (frames == when) then();
    }
    void push_audio(weir::base::MiniPtr<GstBuffer>) override {}
    MediaTime last{};
    int frames = 0;
    int when = -1;
    std::function<void()> then;
};

}  // namespace

TEST_SUITE("playout/pacer") {
    TEST_CASE(
        "24 hours of ticks: as many frames as the grid has, and the clock seen every second") {
        const auto clock = std::make_shared<FakeClock>();
        const auto playout = std::make_shared<Playout>(
            weir::playout::PlayoutOptions{.format = {.width = 16, .height = 16}}, clock);
        const Grid grid({30'000, 1001}, 2s);
        const auto first = grid.frame_at_or_after(playout->clock().now());
        Counter output;
        Pacer pacer(playout, clock);
        std::promise<void> ended;
        int observed = 0;
        output.when = 2'589'410;  // 24 h at 29.97
        output.then = [&] { pacer.finish(); };
        pacer.start(
            grid, first, output,
            [&](Pacer::Condition condition) {
                CHECK(condition == Pacer::Condition::steady);
                ++observed;
            },
            [&] { ended.set_value(); });
        ended.get_future().wait();
        pacer.stop();
        CHECK(output.last == grid.frame_time(first + output.frames - 1));
        CHECK(output.frames >= output.when);
        CHECK(output.frames <= output.when + 4);
        CHECK(observed > 80'000);
    }

    TEST_CASE("it ends on the grid: never with a tail too short for a track") {
        for (int when = 1; when < 70; ++when) {
            const auto clock = std::make_shared<FakeClock>();
            const auto playout = std::make_shared<Playout>(
                weir::playout::PlayoutOptions{.format = {.width = 16, .height = 16}}, clock);
            const Grid grid({25, 1}, 2s);
            const auto first = grid.frame_at_or_after(playout->clock().now());
            Counter output;
            Pacer pacer(playout, clock);
            std::promise<void> ended;
            output.when = when;
            output.then = [&] { pacer.finish(); };
            pacer.start(
                grid, first, output, [](auto) {}, [&] { ended.set_value(); });
            ended.get_future().wait();
            const auto end = grid.frame_time(first + output.frames);
            const auto slot =
                grid.frame_time(grid.first_frame(grid.slot_of_frame(first + output.frames)));
            CHECK((end == slot || end - slot >= 100ms));
        }
    }

    TEST_CASE("stop() ends it at once, without the end") {
        const auto clock = std::make_shared<FakeClock>();
        const auto playout = std::make_shared<Playout>(
            weir::playout::PlayoutOptions{.format = {.width = 16, .height = 16}}, clock);
        const Grid grid({25, 1}, 2s);
        Counter output;
        Pacer pacer(playout, clock);
        std::promise<void> running;
        output.when = 5;
        output.then = [&] { running.set_value(); };
        bool ended = false;
        pacer.start(
            grid, grid.frame_at_or_after(playout->clock().now()), output, [](auto) {},
            [&] { ended = true; });
        running.get_future().wait();
        pacer.stop();
        CHECK_FALSE(ended);
    }
}
