// SPDX-License-Identifier: MIT
#include "playout/drift.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

using namespace std::chrono_literals;
using weir::media::MediaTime;
using weir::playout::Drift;

namespace {

constexpr MediaTime kDelay = 70ms;
constexpr MediaTime kSourceBase = 5000h;

struct Run {
    Drift drift{};
    std::mt19937 random{1};
    MediaTime jitter{};  // +-
    double ppm = 0;      // of the source's clock
    MediaTime network = kDelay;
    MediaTime time{};   // true
    MediaTime worst{};  // |mapped - true| since worst was reset
    double largest_rate = 0;
    double smallest_rate = 0;

    [[nodiscard]] MediaTime source_at(MediaTime when) const {
        return kSourceBase + when +
               MediaTime(std::llround(static_cast<double>(when.count()) * ppm * 1e-6));
    }

    void go_on(MediaTime length) {
        std::uniform_int_distribution<std::int64_t> noise(-jitter.count(), jitter.count());
        // Audio comes 47 times, video 30 times a second; stamps of video lag a little.
        const MediaTime end = time + length;
        for (; time < end; time += 13ms) {
            const auto source = source_at(time) - (time / 13ms % 5 < 2 ? 30ms : 0ms);
            drift.observe(source,
                          time + network + MediaTime(noise(random)) - (source_at(time) - source));
            const MediaTime off = drift.map(source_at(time)) - kSourceBase - time;
            worst = std::max<MediaTime>(worst, std::chrono::abs(off));
            largest_rate = std::max(largest_rate, drift.rate());
            smallest_rate = std::min(smallest_rate, drift.rate());
        }
    }
};

}  // namespace

TEST_SUITE("playout/drift") {
    TEST_CASE("clocks that are off by 200 ppm are followed for hours") {
        for (const double ppm : {-200.0, -50.0, 0.0, 100.0, 200.0}) {
            for (const MediaTime jitter : {MediaTime(0), MediaTime(20ms)}) {
                CAPTURE(ppm);
                CAPTURE(jitter.count());
                Run run{.jitter = jitter, .ppm = ppm};
                run.go_on(3h);
                CHECK(run.worst < 10ms);
                CHECK(std::abs(run.drift.rate() + ppm * 1e-6) < 60e-6);
                CHECK(run.largest_rate <= Drift::kMaxRate);
                CHECK(run.smallest_rate >= -Drift::kMaxRate);
            }
        }
    }

    TEST_CASE("jitter of 20 ms either way does not make it wander") {
        Run run{.jitter = 20ms};
        run.go_on(6h);
        CHECK(run.worst < 3ms);
        CHECK(run.largest_rate < 150e-6);
        CHECK(run.smallest_rate > -150e-6);
    }

    TEST_CASE("a network that is slower by 100 ms from now on is followed slowly") {
        for (const MediaTime step : {MediaTime(100ms), MediaTime(-100ms)}) {
            CAPTURE(step.count());
            Run run{.jitter = 5ms, .ppm = 100};
            run.go_on(10min);
            run.network += step;
            run.go_on(60s);
            CHECK(std::abs(run.drift.rate()) <= Drift::kMaxRate);
            CHECK(run.worst < 30ms);
            CHECK(std::chrono::abs(run.drift.error()) > 70ms);
            run.go_on(20min);
            // The delay is what it was: mapped time lags by the step.
            CHECK(std::chrono::abs(run.drift.error()) < 5ms);
            CHECK(run.worst > 90ms);
            CHECK(run.worst < 110ms);
        }
    }

    TEST_CASE("a stall leaves no trace") {
        Run run{};
        run.go_on(1min);
        const MediaTime stalled = run.time;
        const MediaTime until = run.time + 5s;
        for (; run.time < until; run.time += 13ms) {
            run.drift.observe(run.source_at(run.time), until + kDelay);
        }
        run.worst = {};
        run.go_on(5min);
        CHECK(run.worst < 2ms);
        run.worst = {};
        run.go_on(1min);
        CHECK(run.worst < 100us);
        CHECK(stalled < run.time);
    }

    TEST_CASE("the map rises, is continuous, and does not change behind") {
        std::mt19937 random(3);
        std::uniform_int_distribution<int> delay(0, 300);
        Drift drift;
        MediaTime last = drift.map(-1ms);
        for (int i = 0; i < 20'000; ++i) {
            const MediaTime source = i * 20ms;
            drift.observe(source, source + std::chrono::milliseconds(delay(random) + i / 100));
            const MediaTime mapped = drift.map(source);
            REQUIRE(mapped > last);
            const MediaTime step = mapped - last;
            REQUIRE(step < 22ms);
            last = mapped;
            const MediaTime earlier = drift.map(source - 1s);
            drift.observe(source + 1ms, source + 100ms);
            REQUIRE(drift.map(source - 1s) == earlier);
            // No step at any place near.
            REQUIRE(std::chrono::abs(drift.map(source - 1s + 1ns) - earlier) <= 2ns);
        }
    }

    TEST_CASE("nothing is stretched before there is something to compare with") {
        Drift drift;
        CHECK(drift.map(5s) == 5s);
        for (int i = 0; i < 100; ++i) drift.observe(i * 20ms, i * 21ms);
        CHECK(drift.rate() == 0);
        CHECK(drift.map(1234ms) == 1234ms);
    }
}
