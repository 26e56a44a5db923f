// SPDX-License-Identifier: MIT
// Parts at the timeline's live edge.
#include "media/timeline.hpp"

#include <doctest/doctest.h>

namespace weir::media {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t kFirst = 1000;
constexpr std::size_t kParts = 4;  // of half a second each

std::vector<Track> tracks(std::size_t count) {
    std::vector<Track> all(count);
    for (std::size_t i = 0; i < count; ++i) all[i].name = "r" + std::to_string(i);
    return all;
}

struct Counter final : TimelineObserver {
    void on_change() override { ++changes; }
    int changes = 0;
};

struct Fixture {
    Timeline timeline{"20261122T080000Z", tracks(2), 5};
    std::shared_ptr<Counter> counter = std::make_shared<Counter>();

    Fixture() {
        timeline.announce_run("a");
        timeline.observe(counter);
    }
    void part(std::size_t track, std::int64_t number, std::size_t index) {
        const MediaTime start = seconds(2 * number);
        timeline.add_part(track, {.number = number,
                                  .index = index,
                                  .count = kParts,
                                  .slot_start = start,
                                  .start = start + std::int64_t(index) * milliseconds(500),
                                  .end = start + std::int64_t(index + 1) * milliseconds(500),
                                  .independent = index == 0,
                                  .bytes = Bytes::from_string("part")});
    }
    void part_of_all(std::int64_t number, std::size_t index) {
        part(0, number, index);
        part(1, number, index);
    }
    void segment(std::size_t track, std::int64_t number, const char* run = "a") {
        timeline.add(track, number, seconds(2 * number), seconds(2 * number + 2), run, 16);
    }
    void slot(std::int64_t number, const char* run = "a") {
        for (std::size_t i = 0; i < kParts; ++i) part_of_all(number, i);
        segment(0, number, run);
        segment(1, number, run);
    }
};

TEST_SUITE("media/timeline parts") {
    TEST_CASE_FIXTURE(Fixture, "a part is seen when every track has it") {
        CHECK(timeline.all().partial.empty());
        part(0, kFirst, 0);
        CHECK(timeline.all().partial.empty());
        CHECK(counter->changes == 0);
        part(1, kFirst, 0);
        CHECK(counter->changes == 1);
        const auto window = timeline.latest(seconds(60));
        REQUIRE(window.partial.size() == 1);
        const PartialSlot& now = *window.partial[0];
        CHECK(now.slot.number == kFirst);
        CHECK(now.slot.run == "a");
        CHECK(now.slot.start == seconds(2 * kFirst));
        CHECK(now.slot.end == seconds(2 * kFirst) + milliseconds(500));
        CHECK(now.count == kParts);
        CHECK(now.parts.size() == 1);
        CHECK(now.parts[0].tracks.size() == 2);
        CHECK(now.parts[0].tracks[1].independent);
        CHECK(window.slots.empty());
        CHECK(window.from_start);
    }

    TEST_CASE_FIXTURE(Fixture, "the hint names the part that comes next") {
        CHECK_FALSE(timeline.edge().hint);
        part_of_all(kFirst, 0);
        REQUIRE(timeline.edge().hint);
        CHECK(timeline.edge().hint->number == kFirst);
        CHECK(timeline.edge().hint->index == 1);
        CHECK(part_file("r1", *timeline.edge().hint) == "r1/1000-a.1.m4s");
        for (std::size_t i = 1; i < kParts; ++i) part_of_all(kFirst, i);
        CHECK(timeline.edge().hint->number == kFirst + 1);
        CHECK(timeline.edge().hint->index == 0);
        timeline.end_parts();
        CHECK_FALSE(timeline.edge().hint);
    }

    TEST_CASE_FIXTURE(Fixture, "the hint names the run that will make the part") {
        part_of_all(kFirst, 0);
        timeline.change_tracks(kFirst + 1, tracks(2), "b");
        CHECK(timeline.edge().hint->run == "a");
        for (std::size_t i = 1; i < kParts; ++i) part_of_all(kFirst, i);
        CHECK(timeline.edge().hint->run == "b");
        segment(0, kFirst);
        segment(1, kFirst);
        part_of_all(kFirst + 1, 0);
        const auto window = timeline.all();
        REQUIRE(window.partial.size() == 2);
        CHECK(window.partial[1]->slot.run == "b");
        CHECK(window.partial[1]->slot.discontinuity);
        CHECK(window.partial[1]->slot.discontinuity_sequence == 6);
    }

    TEST_CASE_FIXTURE(Fixture, "parts wait for the slot before to be whole") {
        for (std::size_t i = 0; i < kParts; ++i) part_of_all(kFirst, i);
        part_of_all(kFirst + 1, 0);
        CHECK(timeline.all().partial.size() == 1);
        segment(0, kFirst);
        CHECK(timeline.all().partial.size() == 1);
        segment(1, kFirst);
        REQUIRE(timeline.all().partial.size() == 2);
        CHECK(timeline.all().slots.size() == 1);
        const Edge edge = timeline.edge();
        CHECK(edge.last_number == kFirst);
        CHECK(edge.parts_number == kFirst + 1);
        CHECK(edge.parts == 1);
    }

    TEST_CASE_FIXTURE(Fixture, "the last slots keep their parts, older ones do not") {
        for (std::int64_t n = kFirst; n < kFirst + 10; ++n) slot(n);
        part_of_all(kFirst + 10, 0);
        const auto partial = timeline.all().partial;
        REQUIRE(partial.size() == Timeline::kSlotsWithParts + 1);
        CHECK(partial.back()->slot.number == kFirst + 10);
        CHECK(partial.front()->complete());
        CHECK(timeline.partial(kFirst + 9));
        CHECK_FALSE(timeline.partial(kFirst));
        // A window that is over before the edge has none.
        CHECK(timeline.between(seconds(0), seconds(2 * kFirst + 4)).partial.empty());
    }

    TEST_CASE_FIXTURE(Fixture, "a slot that becomes a gap loses its parts") {
        slot(kFirst);
        part_of_all(kFirst + 1, 0);
        timeline.add(0, kFirst + 1, seconds(0), seconds(2), "a", std::nullopt);
        timeline.add(1, kFirst + 1, seconds(0), seconds(2), "a", 10);
        for (const auto& partial : timeline.all().partial) {
            CHECK(partial->slot.number != kFirst + 1);
        }
        // After a gap nobody knows how the parts continue: the next whole slot shows it.
        part_of_all(kFirst + 2, 0);
        CHECK(timeline.edge().parts == 0);
    }

    TEST_CASE_FIXTURE(Fixture, "wrong, late and repeated parts are ignored") {
        part_of_all(kFirst, 1);
        CHECK(timeline.all().partial.empty());
        part_of_all(kFirst, 0);
        part_of_all(kFirst, 0);
        CHECK(timeline.edge().parts == 1);
        timeline.add_part(0, {.number = kFirst, .index = 9, .count = 4});
        segment(0, kFirst);
        segment(1, kFirst);
        part_of_all(kFirst, 1);
        CHECK(timeline.edge().parts == 0);
        timeline.finish();
        part_of_all(kFirst + 1, 0);
        CHECK(timeline.all().partial.empty());
        CHECK_FALSE(timeline.edge().hint);
        CHECK(timeline.edge().ended);
    }

    TEST_CASE_FIXTURE(Fixture, "what never becomes whole is not kept for ever") {
        for (std::int64_t n = kFirst; n < kFirst + 1000; ++n) part(0, n, 0);
        part_of_all(kFirst + 999, 0);
        CHECK(timeline.all().partial.size() <= 1);
    }

    TEST_CASE_FIXTURE(Fixture, "each run's slots name its init segments") {
        timeline.set_init(0, "a", "r0/init-1.mp4", Bytes::from_string("r0/init-1.mp4"));
        timeline.set_init(1, "a", "r1/init-2.mp4", Bytes::from_string("r1/init-2.mp4"));
        slot(kFirst);
        timeline.set_init(0, "b", "r0/init-3.mp4", Bytes::from_string("r0/init-3.mp4"));
        timeline.set_init(1, "b", "r1/init-4.mp4", Bytes::from_string("r1/init-4.mp4"));
        timeline.change_tracks(kFirst + 1, tracks(2), "b");
        part_of_all(kFirst + 1, 0);
        const auto window = timeline.all();
        CHECK(init_file("r1", window.slots[0]) == "r1/init-2.mp4");
        CHECK(init_file("r1", window.partial.back()->slot) == "r1/init-4.mp4");
        slot(kFirst + 1, "b");
        CHECK(init_file("r0", timeline.all().slots[1]) == "r0/init-3.mp4");
        CHECK(init_file("r9", window.slots[0]).empty());
        REQUIRE(timeline.init("r1/init-4.mp4"));
        CHECK(timeline.init("r1/init-4.mp4")->read().value() == "r1/init-4.mp4");
        CHECK_FALSE(timeline.init("r1/init-5.mp4"));
    }

    TEST_CASE_FIXTURE(Fixture, "a window between two times has the slots that overlap it") {
        for (std::int64_t n = kFirst; n < kFirst + 10; ++n) slot(n);
        const auto window = timeline.between(seconds(2 * kFirst + 3), seconds(2 * kFirst + 8));
        REQUIRE(window.slots.size() == 3);
        CHECK(window.slots.front().number == kFirst + 1);
        CHECK(window.slots.back().number == kFirst + 3);
        CHECK_FALSE(window.from_start);
        CHECK(timeline.between(seconds(1), seconds(2)).slots.empty());
        CHECK(timeline.between(seconds(2 * kFirst + 100), seconds(2 * kFirst + 200)).slots.empty());
    }

    TEST_CASE("audio lies on its own frames") {
        const Track video{.name = "v", .kind = TrackKind::video};
        const Track audio{
            .name = "a", .kind = TrackKind::audio, .sample_rate = 48'000, .frame_samples = 1024};
        CHECK(track_time(video, seconds(2)) == seconds(2));
        CHECK(track_time(audio, seconds(0)) == seconds(0));
        // 2 s is sample 96,000, which lies in AAC frame 93: 94 begins at 2.005333333 s.
        CHECK(track_time(audio, seconds(2)) == std::chrono::nanoseconds(2'005'333'333));
        CHECK(track_time(audio, std::chrono::nanoseconds(2'005'333'333)) ==
              std::chrono::nanoseconds(2'005'333'333));
    }
}

}  // namespace
}  // namespace weir::media
