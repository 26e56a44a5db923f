// SPDX-License-Identifier: MIT
#include "media/presentation_clock.hpp"

#include <doctest/doctest.h>

#include "support/fake_clock.hpp"

using namespace std::chrono_literals;
using weir::media::MediaTime;
using weir::media::PresentationClock;
using weir::test::FakeClock;
using Condition = PresentationClock::Condition;

TEST_SUITE("media/presentation_clock") {
    TEST_CASE("it is UTC at first, and goes on with the monotonic clock") {
        const auto machine = std::make_shared<FakeClock>();
        const PresentationClock clock(machine);
        CHECK(clock.now() == machine->utc());
        machine->advance(10s);
        CHECK(clock.now() == machine->utc());
        CHECK(clock.monotonic_at(clock.now()) == machine->monotonic());
    }

    TEST_CASE("a step of less than 200 ms is slewed by at most 200 ppm, in either direction") {
        for (const MediaTime step : {MediaTime(50ms), MediaTime(-50ms), MediaTime(199ms)}) {
            CAPTURE(step.count());
            const auto machine = std::make_shared<FakeClock>();
            PresentationClock clock(machine);
            machine->step_utc(step);
            MediaTime before = clock.now();
            for (int second = 0; second < 1100; ++second) {
                machine->advance(1s);
                REQUIRE(clock.observe() == Condition::steady);
                const MediaTime now = clock.now();
                CHECK(std::chrono::abs(now - before - 1s) <= 200us);
                CHECK(now > before);
                before = now;
            }
            CHECK(clock.now() == machine->utc());
        }
    }

    TEST_CASE("a large step is reported and does not move the grid, until it is taken back") {
        for (const MediaTime step :
             {MediaTime(1s), MediaTime(-1s), MediaTime(-1h), MediaTime(24h * 365)}) {
            CAPTURE(step.count());
            const auto machine = std::make_shared<FakeClock>();
            PresentationClock clock(machine);
            const MediaTime start = clock.now();
            machine->step_utc(step);
            for (int second = 1; second <= 60; ++second) {
                machine->advance(1s);
                CHECK(clock.observe() == Condition::stepped);
                CHECK(clock.now() == start + second * 1s);
            }
            machine->step_utc(-step);
            machine->advance(1s);
            CHECK(clock.observe() == Condition::steady);
            CHECK(clock.now() == start + 61s);
        }
    }

    TEST_CASE("a suspended machine is told from one whose clock was set") {
        const auto machine = std::make_shared<FakeClock>();
        PresentationClock clock(machine);
        machine->suspend(30s);
        CHECK(clock.observe() == Condition::suspended);
    }
}
