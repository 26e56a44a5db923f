// SPDX-License-Identifier: MIT
#include "playout/input_clock.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using weir::media::MediaTime;
using weir::media::Pacing;
using weir::playout::InputClock;

namespace {
constexpr MediaTime kArrival = 1'800'000'000s;
}

TEST_SUITE("playout/input_clock") {
    TEST_CASE("a paced connection begins a lead after its first unit") {
        InputClock clock(Pacing::paced);
        CHECK_FALSE(clock.offset(kArrival));
        CHECK(clock.arrived(5s, kArrival));
        CHECK(clock.offset(kArrival) == kArrival - 5s + InputClock::kPacedLead);
        // It runs ahead at once, and waits later: neither moves it.
        CHECK(clock.arrived(6s, kArrival));
        CHECK(clock.arrived(7s, kArrival + 1900ms));
        CHECK(clock.offset(kArrival) == kArrival - 5s + InputClock::kPacedLead);
    }

    TEST_CASE("a live connection's offset is that of its fastest arrival, once it was learnt") {
        InputClock clock(Pacing::live);
        CHECK(clock.arrived(0ms, kArrival));
        CHECK(clock.arrived(40ms, kArrival + 10ms));  // 30 ms faster
        CHECK(clock.arrived(60ms, kArrival + 50ms));
        CHECK_FALSE(clock.offset(kArrival + 249ms));
        CHECK(clock.offset(kArrival + 250ms) == kArrival - 30ms + InputClock::kLiveDelay);
        // Faster ones later do not move it: that would be seen.
        CHECK(clock.arrived(500ms, kArrival + 300ms));
        CHECK(clock.offset(kArrival + 300ms) == kArrival - 30ms + InputClock::kLiveDelay);
    }

    TEST_CASE("one outlier is dropped and changes nothing") {
        InputClock clock(Pacing::live);
        for (int i = 0; i < 20; ++i) REQUIRE(clock.arrived(i * 33ms, kArrival + i * 33ms));
        const auto offset = clock.offset(kArrival + 1s);
        CHECK_FALSE(clock.arrived(-9800s, kArrival + 1s));
        CHECK_FALSE(clock.arrived(37'600s, kArrival + 1s));
        CHECK(clock.arrived(1s, kArrival + 1s));
        CHECK(clock.offset(kArrival + 1s) == offset);
    }

    TEST_CASE("a jump that lasts is a new timeline") {
        InputClock clock(Pacing::live);
        for (int i = 0; i < 20; ++i) REQUIRE(clock.arrived(i * 33ms, kArrival + i * 33ms));
        int dropped = 0;
        for (int i = 0; i < 20; ++i) {
            if (!clock.arrived(3h + i * 33ms, kArrival + 1s + i * 33ms)) ++dropped;
        }
        CHECK(dropped == InputClock::kNewTimeline - 1);
        CHECK(clock.offset(kArrival + 2s).value() > kArrival - 3h);
        CHECK(clock.offset(kArrival + 2s).value() < kArrival - 3h + 2s);
    }

    TEST_CASE("a file that cannot keep up is placed anew instead of staying late") {
        InputClock clock(Pacing::paced);
        REQUIRE(clock.arrived(0s, kArrival));
        MediaTime now = kArrival + 10s;  // the machine hung
        MediaTime pts = 300ms;
        for (int i = 0; i < InputClock::kNewTimeline; ++i) {
            clock.arrived(pts, now);
            pts += 33ms;
        }
        CHECK(pts - 33ms + clock.offset(now).value() == now + InputClock::kPacedLead);
    }

    TEST_CASE("a source whose clock is slow for hours is no outlier, and stays where it was") {
        InputClock clock(Pacing::live);
        const auto source_at = [](MediaTime time) { return time - time / 5000; };  // -200 ppm
        int dropped = 0;
        MediaTime worst{};
        for (MediaTime time{}; time < 10h; time += 40ms) {
            if (!clock.arrived(source_at(time), kArrival + time)) ++dropped;
            if (time < 1s) continue;
            const MediaTime off =
                clock.map(source_at(time)) - (kArrival + time + InputClock::kLiveDelay);
            worst = std::max<MediaTime>(worst, std::chrono::abs(off));
        }
        CHECK(dropped == 0);
        CHECK(worst < 10ms);
        CHECK(clock.rate() == doctest::Approx(200e-6).epsilon(0.02));
        // Without drift it would be seven seconds off by now.
        CHECK(clock.offset(kArrival + 10h) == kArrival + InputClock::kLiveDelay);
    }

    TEST_CASE("a file is not stretched, however late it comes") {
        InputClock clock(Pacing::paced);
        for (int i = 0; i < 1000; ++i) clock.arrived(i * 40ms, kArrival + i * 10ms);
        CHECK(clock.rate() == 0);
        CHECK(clock.map(7s) == kArrival + 7s + InputClock::kPacedLead);
    }
}
