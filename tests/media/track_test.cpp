// SPDX-License-Identifier: MIT
#include "media/track.hpp"

#include <random>

#include <doctest/doctest.h>

#include "media/grid.hpp"

namespace weir::media {
namespace {

using std::chrono::seconds;

Track video(Rational rate) {
    Track track;
    track.kind = TrackKind::video;
    track.frame_rate = rate;
    return track;
}

Track audio(int sample_rate, int frame_samples) {
    Track track;
    track.kind = TrackKind::audio;
    track.sample_rate = sample_rate;
    track.frame_samples = frame_samples;
    return track;
}

TEST_SUITE("media/track") {
    TEST_CASE("the timescale depends on the rate alone, not on how it is written") {
        CHECK(timescale(video({30, 1})) == 30'000);
        CHECK(timescale(video({30000, 1001})) == 30'000);
        CHECK(timescale(video({60000, 2002})) == 30'000);
        CHECK(timescale(video({25, 1})) == 25'000);
        CHECK(timescale(video({50, 2})) == 25'000);
        CHECK(timescale(video({24000, 1001})) == 24'000);
        CHECK(timescale(video({60, 1})) == 60'000);
        CHECK(timescale(video({120, 1})) == 12'000);
        CHECK(timescale(video({1, 1})) == 10'000);
        CHECK(timescale(audio(48'000, 1024)) == 48'000);
        CHECK(timescale(audio(44'100, 1024)) == 44'100);
    }

    TEST_CASE("every frame's time, rounded to nanoseconds, gives its unit back") {
        std::mt19937_64 random(4);
        std::uniform_int_distribution<std::int64_t> any(0, 4'000'000'000);
        for (const Rational rate :
             {Rational{30, 1}, {30000, 1001}, {25, 1}, {24000, 1001}, {60000, 1001}}) {
            const Grid grid(rate, seconds(2));
            const Track track = video(rate);
            const std::int64_t units = timescale(track) * rate.denominator / rate.numerator;
            for (int i = 0; i < 1000; ++i) {
                const std::int64_t frame = any(random) * 20;
                CHECK(track_units(track, grid.frame_time(frame)) == frame * units);
            }
        }
    }

    TEST_CASE("a track's units are its time") {
        std::mt19937_64 random(5);
        std::uniform_int_distribution<std::int64_t> any(0, 4'000'000'000'000'000'000);
        for (const Track& track : {audio(48'000, 1024), audio(44'100, 1024), audio(48'000, 960)}) {
            for (int i = 0; i < 1000; ++i) {
                const MediaTime time(any(random));
                const std::int64_t units = track_units(track, time);
                CHECK(units % track.frame_samples == 0);
                CHECK(sample_time(units, track.sample_rate) == track_time(track, time));
            }
        }
    }
}

}  // namespace
}  // namespace weir::media
