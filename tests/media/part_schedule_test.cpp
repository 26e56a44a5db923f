// SPDX-License-Identifier: MIT
#include "media/part_schedule.hpp"

#include <cmath>
#include <set>
#include <vector>

#include <doctest/doctest.h>

namespace weir::media {
namespace {

using namespace std::chrono_literals;

struct Case {
    Rational rate;
    std::chrono::milliseconds segment;
    std::chrono::milliseconds gop;
    std::chrono::milliseconds longest;
};

std::vector<Case> cases() {
    std::vector<Case> all;
    for (const Rational rate :
         {Rational{30, 1}, Rational{25, 1}, Rational{24, 1}, Rational{50, 1}, Rational{60, 1},
          Rational{30000, 1001}, Rational{24000, 1001}, Rational{60000, 1001}, Rational{15, 1},
          Rational{7, 1}, Rational{1, 1}, Rational{120, 1}}) {
        for (const auto longest : {334ms, 200ms, 500ms, 1000ms, 100ms}) {
            all.push_back({rate, 2000ms, 1000ms, longest});
            all.push_back({rate, 6000ms, 2000ms, longest});
            if (rate.as_double() > 2) all.push_back({rate, 2000ms, 500ms, longest});
        }
    }
    return all;
}

TEST_SUITE("media/part_schedule") {
    TEST_CASE("the parts of a slot follow each other without a hole, and IDR frames begin parts") {
        for (const Case& one : cases()) {
            CAPTURE(one.rate.as_double());
            CAPTURE(one.longest.count());
            const Grid grid(one.rate, one.segment);
            const PartSchedule schedule(grid, one.gop, one.longest);
            const double gop_frames = one.rate.as_double() * double(one.gop.count()) / 1000;
            const bool near_whole = std::abs(gop_frames - std::round(gop_frames)) < 0.1;
            const Track video{.name = "v", .kind = TrackKind::video};
            const MediaTime target = schedule.part_target(video);
            // One of no whole number of frames may have more of them in a part than would fit.
            CHECK(target <= std::max<MediaTime>(one.longest, 2 * grid.frame_duration()) + 1ns);
            const std::int64_t first_slot = 897'666'666;
            const std::int64_t run = grid.first_frame(first_slot);
            std::set<std::int64_t> begins;
            for (std::int64_t slot = first_slot; slot < first_slot + 60; ++slot) {
                std::int64_t frame = grid.first_frame(slot);
                const std::int64_t end = grid.first_frame(slot + 1);
                std::size_t index = 0;
                std::size_t count = 0;
                while (frame < end) {
                    const auto place = schedule.place_of(frame, run);
                    CHECK(place.number == slot);
                    CHECK(place.index == index++);
                    if (place.index > 0) CHECK(place.count == count);
                    count = place.count;
                    REQUIRE(place.first == frame);
                    REQUIRE(place.end > frame);
                    CHECK(schedule.place_of(place.end - 1, run).index == place.index);
                    const MediaTime length =
                        grid.frame_time(place.end) - grid.frame_time(place.first);
                    CHECK(length <= target);
                    // A GOP may be one frame short where it is no whole number of frames.
                    const MediaTime slack = one.rate.denominator == 1 ? 1us : grid.frame_duration();
                    if (near_whole) CHECK(100 * (length + slack) >= 85 * target);
                    begins.insert(frame);
                    frame = place.end;
                }
                CHECK(frame == end);
                CHECK(index == count);
            }
            for (MediaTime gop = one.gop * (first_slot * (one.segment / one.gop));
                 gop < one.segment * (first_slot + 60); gop += one.gop) {
                CHECK(begins.contains(grid.frame_at_or_after(gop)));
            }
        }
    }

    TEST_CASE("25 frames a second at a third of a second: no short rest") {
        const PartSchedule schedule(Grid({25, 1}, 2s), 1s, 334ms);
        std::vector<std::int64_t> lengths;
        for (std::int64_t frame = 0; frame < 50;) {
            const auto place = schedule.place_of(frame, 0);
            CHECK(place.count == 8);
            lengths.push_back(place.end - place.first);
            frame = place.end;
        }
        CHECK(lengths == std::vector<std::int64_t>{7, 6, 6, 6, 7, 6, 6, 6});
        CHECK(schedule.part_target({.name = "v", .kind = TrackKind::video}) == 280'000'001ns);
    }

    TEST_CASE("a run's first slot counts its own parts") {
        const PartSchedule schedule(Grid({30, 1}, 2s), 1s, 334ms);
        const std::int64_t begin = schedule.part_begin_at_or_after(31);
        CHECK(begin == 40);
        CHECK(schedule.part_begin_at_or_after(40) == 40);
        CHECK(schedule.place_of(40, begin).index == 0);
        CHECK(schedule.place_of(59, begin).index == 1);
        CHECK(schedule.place_of(40, begin).count == 2);
        CHECK(schedule.place_of(60, begin).index == 0);
        CHECK(schedule.place_of(60, begin).count == 6);
        // One that begins in the middle of a part has a short first part.
        CHECK(schedule.place_of(45, 45).first == 45);
        CHECK(schedule.place_of(45, 45).count == 2);
    }

    TEST_CASE("audio's part target is what its frames can need") {
        const PartSchedule schedule(Grid({30, 1}, 2s), 1s, 334ms);
        const Track audio{
            .name = "a", .kind = TrackKind::audio, .sample_rate = 48'000, .frame_samples = 1024};
        const MediaTime target = schedule.part_target(audio);
        for (std::int64_t frame = 0; frame < 3000; frame += 10) {
            const MediaTime begin = track_time(audio, schedule.grid().frame_time(frame));
            const MediaTime end = track_time(audio, schedule.grid().frame_time(frame + 10));
            CHECK(end - begin <= target);
            CHECK(100 * (end - begin) >= 85 * target);
        }
    }
}

}  // namespace
}  // namespace weir::media
