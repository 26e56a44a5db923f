// SPDX-License-Identifier: MIT
#include "media/timeline.hpp"

#include <array>
#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace weir::media {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t kFirst = 1000;

std::vector<Track> tracks(std::size_t count) {
    std::vector<Track> all(count);
    for (std::size_t i = 0; i < count; ++i) all[i].name = "r" + std::to_string(i);
    return all;
}

// Two renditions with slots of two seconds.
struct Fixture {
    Timeline timeline{"20261122T080000Z", tracks(2), kFirst};

    std::optional<Slot> add(std::size_t track, std::int64_t number,
                            std::optional<std::uint64_t> size = 100, const char* run = "a") {
        const auto slots =
            timeline.add(track, number, seconds(2 * number), seconds(2 * number + 2), run, size);
        return slots.empty() ? std::nullopt : std::optional(slots.back());
    }
    void add_all(std::int64_t number, const char* run = "a") {
        add(0, number, 100, run);
        add(1, number, 100, run);
    }
    void add_range(std::int64_t first, std::int64_t last) {
        for (std::int64_t n = first; n <= last; ++n) add_all(n);
    }
};

std::vector<std::int64_t> numbers(const auto& slots) {
    std::vector<std::int64_t> all;
    for (const Slot& slot : slots) all.push_back(slot.number);
    return all;
}

using Numbers = std::vector<std::int64_t>;

TEST_SUITE("media/timeline") {
    TEST_CASE("the discontinuity sequence of a later programme is not below a former one's") {
        using namespace std::chrono_literals;
        const MediaTime start = 1'795'339'888s;
        CHECK(discontinuity_base(start) > 0);
        CHECK(discontinuity_base(start) < 1'000'000);  // see its comment
        CHECK(discontinuity_base(start + 24h * 365 * 30) < 1'000'000);
        CHECK(discontinuity_base(start + 1000s) == discontinuity_base(start) + 1);
        CHECK(discontinuity_base(0s) == 0);
        Timeline timeline("p", tracks(1), 7);
        CHECK(timeline.next_discontinuity_sequence() == 8);
        timeline.add(0, 100, 200s, 202s, "a", 10);
        timeline.add(0, 101, 202s, 204s, "b", 10);
        CHECK(timeline.all().discontinuity_sequence == 7);
        CHECK(timeline.next_discontinuity_sequence() == 9);
        timeline.trim(204s);
        CHECK(timeline.next_discontinuity_sequence() == 9);
    }

    TEST_CASE_FIXTURE(Fixture, "a slot is visible once it is complete in every rendition") {
        CHECK(timeline.empty());
        CHECK_FALSE(add(0, kFirst, 11));
        CHECK(timeline.empty());
        const auto slot = add(1, kFirst, 22);
        REQUIRE(slot);
        CHECK(slot->number == kFirst);
        CHECK(slot->start == seconds(2 * kFirst));
        CHECK(slot->end == seconds(2 * kFirst + 2));
        CHECK(slot->run == "a");
        CHECK_FALSE(slot->gap);
        CHECK_FALSE(slot->discontinuity);
        CHECK(slot->size_bytes == std::vector<std::uint64_t>{11, 22});
        CHECK(numbers(timeline.all().slots) == Numbers{kFirst});
    }

    TEST_CASE_FIXTURE(Fixture, "slots become visible in the order of their numbers") {
        add(0, kFirst);
        add(0, kFirst + 1);
        add(0, kFirst + 2);
        CHECK(timeline.empty());
        CHECK(add(1, kFirst)->number == kFirst);
        CHECK(add(1, kFirst + 1)->number == kFirst + 1);
        CHECK(numbers(timeline.all().slots) == Numbers{kFirst, kFirst + 1});
    }

    TEST_CASE_FIXTURE(Fixture, "a slot that one rendition lacks is a gap for all") {
        add_all(kFirst);
        add(0, kFirst + 1, 100);
        const auto slot = add(1, kFirst + 1, std::nullopt);
        REQUIRE(slot);
        CHECK(slot->gap);
        SUBCASE("and the next one carries a discontinuity") {
            add_all(kFirst + 2);
            const auto slots = timeline.all().slots;
            CHECK(slots[2].discontinuity);
            CHECK_FALSE(slots[1].discontinuity);
        }
    }

    TEST_CASE_FIXTURE(Fixture, "a number that one rendition leaves out is a gap") {
        add_all(kFirst);
        add(0, kFirst + 1);
        add(0, kFirst + 2);
        const auto slot = add(1, kFirst + 2);
        REQUIRE(slot);
        CHECK(slot->number == kFirst + 2);
        const auto slots = timeline.all().slots;
        REQUIRE(numbers(slots) == Numbers{kFirst, kFirst + 1, kFirst + 2});
        CHECK(slots[1].gap);
        CHECK_FALSE(slots[2].gap);
    }

    TEST_CASE_FIXTURE(Fixture, "it does not matter which rendition leaves a number out first") {
        add_all(kFirst);
        add(1, kFirst + 2);
        add(0, kFirst + 1);  // the other one has already passed it
        CHECK(timeline.all().slots.back().gap);
        add(0, kFirst + 2);
        const auto slots = timeline.all().slots;
        REQUIRE(numbers(slots) == Numbers{kFirst, kFirst + 1, kFirst + 2});
        CHECK(slots[1].gap);
        CHECK_FALSE(slots[2].gap);
    }

    TEST_CASE_FIXTURE(Fixture,
                      "numbers that every rendition leaves out are gaps over the time between") {
        add_all(kFirst);
        add_all(kFirst + 4);
        const auto slots = timeline.all().slots;
        REQUIRE(slots.size() == 5);
        for (std::size_t i = 0; i < slots.size(); ++i) {
            CAPTURE(i);
            CHECK(slots[i].number == kFirst + static_cast<std::int64_t>(i));
            CHECK(slots[i].gap == (i > 0 && i < 4));
            CHECK(slots[i].start == seconds(2 * slots[i].number));
            CHECK(slots[i].end == seconds(2 * slots[i].number + 2));
            CHECK(slots[i].size_bytes.size() == 2);
        }
        CHECK(slots[4].discontinuity);
    }

    TEST_CASE_FIXTURE(Fixture, "a window knows whether it has a gap") {
        for (const std::int64_t number : {1, 2, 4, 5, 6}) {
            add(0, number);
            add(1, number);
        }
        const MediaTime begin = timeline.all().slots.front().start;
        const MediaTime third = timeline.all().slots[2].start;
        CHECK(timeline.all().has_gap);
        CHECK_FALSE(timeline.between(begin, third).has_gap);
        CHECK(timeline.between(begin, third + MediaTime(1)).has_gap);
        CHECK(timeline.between(third, third + MediaTime(1)).has_gap);
        CHECK_FALSE(timeline.between(timeline.all().slots[3].start, MediaTime::max()).has_gap);
        CHECK_FALSE(timeline.latest(std::chrono::hours(1)).has_gap);
    }

    TEST_CASE_FIXTURE(Fixture, "a segment's keyframe may be known") {
        timeline.add(0, 1, MediaTime(0), std::chrono::seconds(2), "a", 1'000, 300);
        timeline.add(1, 1, MediaTime(0), std::chrono::seconds(2), "a", 1'000);
        timeline.add(0, 2, std::chrono::seconds(2), std::chrono::seconds(4), "a", 1'000);
        timeline.add(1, 2, std::chrono::seconds(2), std::chrono::seconds(4), "a", 1'000);
        const auto all = timeline.all().slots;
        REQUIRE(all.size() == 2);
        CHECK(all[0].keyframe_bytes == std::vector<std::uint64_t>{300, 0});
        CHECK(all[1].keyframe_bytes.empty());
        timeline.finish();
        CHECK(timeline.measured_keyframes(0, std::chrono::seconds(2)).peak_bps == 1'200);
        CHECK(timeline.measured_keyframes(0, std::chrono::seconds(2)).average_bps == 600);
        CHECK(timeline.measured_keyframes(1, std::chrono::seconds(2)).peak_bps == 0);
    }

    TEST_CASE_FIXTURE(Fixture, "a programme never begins with a gap") {
        add(0, kFirst);
        CHECK_FALSE(add(1, kFirst, std::nullopt));
        add(0, kFirst + 1, std::nullopt);
        CHECK_FALSE(add(1, kFirst + 1));
        CHECK(timeline.empty());
        CHECK(timeline.version() == 0);
        add_all(kFirst + 2);
        const Window window = timeline.all();
        CHECK(numbers(window.slots) == Numbers{kFirst + 2});
        CHECK_FALSE(window.slots[0].discontinuity);
        CHECK(window.from_start);
        CHECK(window.discontinuity_sequence == kFirst);
    }

    TEST_CASE_FIXTURE(Fixture, "a rendition that begins later begins the programme later") {
        add(0, kFirst);
        add(0, kFirst + 1);
        add(1, kFirst + 1);
        CHECK(numbers(timeline.all().slots) == Numbers{kFirst + 1});
    }

    TEST_CASE_FIXTURE(Fixture, "a rendition that stops delivering costs gaps, not the programme") {
        add_all(kFirst);
        for (std::int64_t n = 1; n <= 8; ++n) add(0, kFirst + n);
        CHECK(timeline.all().slots.size() == 1);
        add(0, kFirst + 9);
        add(0, kFirst + 10);
        auto slots = timeline.all().slots;
        REQUIRE(numbers(slots) == Numbers{kFirst, kFirst + 1, kFirst + 2});
        CHECK(slots[1].gap);
        CHECK(slots[2].gap);
        SUBCASE("and what it brings too late is ignored") {
            CHECK_FALSE(add(1, kFirst + 1));
            CHECK(timeline.all().slots.size() == 3);
            const auto slot = add(1, kFirst + 3);
            REQUIRE(slot);
            CHECK_FALSE(slot->gap);
            CHECK(slot->discontinuity);
        }
    }

    TEST_CASE_FIXTURE(Fixture, "a number that came already is ignored") {
        add_all(kFirst);
        add_all(kFirst + 1);
        const auto version = timeline.version();
        CHECK_FALSE(add(0, kFirst + 1, 999));
        CHECK_FALSE(add(0, kFirst, std::nullopt));
        CHECK(timeline.version() == version);
        CHECK(timeline.all().slots.back().size_bytes[0] == 100);
    }

    TEST_CASE_FIXTURE(Fixture, "a discontinuity goes to the next slot with media") {
        add_all(kFirst);
        timeline.mark_discontinuity();
        add(0, kFirst + 1, std::nullopt);
        add(1, kFirst + 1);
        add_all(kFirst + 2);
        add_all(kFirst + 3);
        const auto slots = timeline.all().slots;
        CHECK_FALSE(slots[1].discontinuity);
        CHECK(slots[2].discontinuity);
        CHECK_FALSE(slots[3].discontinuity);
    }

    TEST_CASE_FIXTURE(Fixture, "another run is a discontinuity by itself") {
        add_all(kFirst, "a");
        add_all(kFirst + 1, "b");
        add_all(kFirst + 2, "b");
        const auto slots = timeline.all().slots;
        CHECK(slots[1].discontinuity);
        CHECK_FALSE(slots[2].discontinuity);
    }

    TEST_CASE_FIXTURE(Fixture, "the programme's first slot has nothing to be discontinuous with") {
        timeline.mark_discontinuity();
        add_range(kFirst, kFirst + 1);
        for (const Slot& slot : timeline.all().slots) CHECK_FALSE(slot.discontinuity);
    }

    TEST_CASE_FIXTURE(Fixture, "the discontinuity sequence counts what has left the window") {
        add_all(kFirst);
        timeline.mark_discontinuity();
        add_all(kFirst + 1);
        add_all(kFirst + 2);
        CHECK(timeline.all().discontinuity_sequence == kFirst);
        CHECK(timeline.latest(seconds(4)).discontinuity_sequence == kFirst);  // its tag is there
        CHECK(timeline.latest(seconds(2)).discontinuity_sequence == kFirst + 1);
        SUBCASE("also when it was trimmed") {
            timeline.trim(seconds(2 * kFirst + 2));
            CHECK(timeline.all().discontinuity_sequence == kFirst);
            timeline.trim(seconds(2 * kFirst + 4));
            CHECK(timeline.all().discontinuity_sequence == kFirst + 1);
        }
    }

    TEST_CASE_FIXTURE(Fixture, "a slot knows the first one since the last discontinuity") {
        const auto first_of = [this](std::size_t back) {
            const SlotList slots = timeline.all().slots;
            const Slot& slot = slots[slots.size() - 1 - back];
            CHECK(slot.unbroken_start == seconds(2 * slot.unbroken_number));
            return slot.unbroken_number;
        };
        add_range(7, 9);
        CHECK(first_of(0) == 7);
        CHECK(first_of(2) == 7);
        timeline.trim(seconds(18));
        add_all(10);
        CHECK(first_of(0) == 7);
        timeline.mark_discontinuity();
        add_range(11, 12);
        CHECK(first_of(0) == 11);
        add_range(15, 16);
        CHECK(first_of(0) == 15);
        CHECK(first_of(2) == 11);  // a gap
        add_range(17, 18);
        add_all(19, "b");
        CHECK(first_of(1) == 15);
        CHECK(first_of(0) == 19);
    }

    TEST_CASE_FIXTURE(Fixture, "the latest window is the fewest slots that last long enough") {
        add_range(kFirst, kFirst + 9);
        CHECK(numbers(timeline.latest(seconds(6)).slots) ==
              Numbers{kFirst + 7, kFirst + 8, kFirst + 9});
        CHECK(timeline.latest(milliseconds(6001)).slots.size() == 4);
        CHECK_FALSE(timeline.latest(seconds(6)).from_start);
        CHECK(timeline.latest(seconds(60)).slots.size() == 10);
        CHECK(timeline.latest(seconds(60)).from_start);
    }

    TEST_CASE_FIXTURE(Fixture, "the latest window begins after a gap and never contains one") {
        add_range(kFirst, kFirst + 2);
        add(0, kFirst + 3, std::nullopt);
        add(1, kFirst + 3);
        SUBCASE("it stays as it was while there is nothing behind the gap") {
            CHECK(numbers(timeline.latest(seconds(4)).slots) == Numbers{kFirst + 1, kFirst + 2});
        }
        SUBCASE("then it begins behind it") {
            add_range(kFirst + 4, kFirst + 5);
            const Window window = timeline.latest(seconds(60));
            CHECK(numbers(window.slots) == Numbers{kFirst + 4, kFirst + 5});
            CHECK(window.slots[0].discontinuity);
            CHECK(window.discontinuity_sequence == kFirst);
        }
    }

    TEST_CASE_FIXTURE(Fixture,
                      "media and discontinuity sequence of the live window never go back") {
        std::int64_t sequence = 0;
        std::int64_t discontinuity = 0;
        for (std::int64_t n = 0; n < 500; ++n) {
            if (n % 17 == 5) timeline.mark_discontinuity();
            const bool lacking = n % 23 == 7 || n % 23 == 8;
            if (n % 41 == 13) continue;  // nobody makes it
            add(0, kFirst + n);
            add(1, kFirst + n, lacking ? std::nullopt : std::optional<std::uint64_t>(1));
            if (n % 10 == 0) timeline.trim(seconds(2 * (kFirst + n) - 40));
            const Window window = timeline.latest(seconds(12));
            REQUIRE_FALSE(window.slots.empty());
            CHECK(window.slots.front().number >= sequence);
            CHECK(window.discontinuity_sequence >= discontinuity);
            CHECK_FALSE(timeline.all().slots.front().gap);
            sequence = window.slots.front().number;
            discontinuity = window.discontinuity_sequence;
            for (std::size_t i = 0; i < window.slots.size(); ++i) {
                CHECK_FALSE(window.slots[i].gap);
                CHECK(window.slots[i].number == sequence + static_cast<std::int64_t>(i));
            }
        }
        CHECK(discontinuity > kFirst);
        // A next programme begins above, so its live URL does not go back either.
        CHECK(discontinuity <= kFirst + 500);
    }

    TEST_CASE_FIXTURE(Fixture, "trim gives back the slots that it forgets") {
        add_range(kFirst, kFirst + 4);
        CHECK(timeline.trim(seconds(2 * kFirst + 1)).empty());
        const auto version = timeline.version();
        CHECK(numbers(timeline.trim(seconds(2 * kFirst + 4))) == Numbers{kFirst, kFirst + 1});
        CHECK(timeline.version() > version);
        CHECK(numbers(timeline.all().slots) == Numbers{kFirst + 2, kFirst + 3, kFirst + 4});
        CHECK_FALSE(timeline.all().from_start);
    }

    TEST_CASE_FIXTURE(Fixture, "trim does not leave a gap in front") {
        add_all(kFirst);
        add_all(kFirst + 3);
        CHECK(numbers(timeline.trim(seconds(2 * kFirst + 2))) ==
              Numbers{kFirst, kFirst + 1, kFirst + 2});
        CHECK(numbers(timeline.all().slots) == Numbers{kFirst + 3});
        SUBCASE("nor does a gap that comes when all is trimmed") {
            timeline.trim(seconds(2 * kFirst + 100));
            CHECK(timeline.empty());
            add(0, kFirst + 4, std::nullopt);
            add(1, kFirst + 4);
            CHECK(timeline.empty());
            add_all(kFirst + 6);
            CHECK(numbers(timeline.all().slots) == Numbers{kFirst + 6});
            CHECK(timeline.all().slots[0].discontinuity);
            CHECK_FALSE(timeline.all().from_start);
        }
    }

    TEST_CASE_FIXTURE(Fixture,
                      "finish drops the tail that lacks a rendition, and nothing follows") {
        add_all(kFirst);
        add(0, kFirst + 1);
        CHECK_FALSE(timeline.ended());
        timeline.finish();
        CHECK(timeline.ended());
        CHECK(timeline.all().ended);
        CHECK(timeline.latest(seconds(60)).ended);
        CHECK_FALSE(add(1, kFirst + 1));
        CHECK(numbers(timeline.all().slots) == Numbers{kFirst});
        const auto version = timeline.version();
        timeline.finish();
        CHECK(timeline.version() == version);
    }

    TEST_CASE_FIXTURE(Fixture,
                      "the version grows with every change that readers see, and only then") {
        auto version = timeline.version();
        const auto changed = [&] { return std::exchange(version, timeline.version()) < version; };
        add(0, kFirst);
        CHECK_FALSE(changed());
        add(1, kFirst);
        CHECK(changed());
        timeline.set_codecs(1, "avc1.64001f");
        CHECK(changed());
        CHECK(timeline.tracks()[1].codecs == "avc1.64001f");
        timeline.mark_discontinuity();
        CHECK_FALSE(changed());
        timeline.finish();
        CHECK(changed());
    }

    TEST_CASE("measured peaks are over half to one and a half target durations") {
        Timeline timeline("p", tracks(1));
        const auto add = [&](std::int64_t number, milliseconds start, milliseconds end,
                             std::optional<std::uint64_t> size) {
            timeline.add(0, number, start, end, "a", size);
        };
        SUBCASE("a short and heavy segment counts only together with its neighbours") {
            add(1, milliseconds(0), milliseconds(2000), 1000);
            add(2, milliseconds(2000), milliseconds(2400), 1000);  // 20 kbit/s on its own
            add(3, milliseconds(2400), milliseconds(4400), 500);
            const Bandwidth measured = timeline.measured(0, seconds(2));
            CHECK(measured.peak_bps == 6667);     // 16,000 bits in 2.4 s
            CHECK(measured.average_bps == 4546);  // 20,000 bits in 4.4 s, rounded up
        }
        SUBCASE("short segments are joined until they last long enough") {
            for (int i = 0; i < 10; ++i) {
                add(i, milliseconds(400 * i), milliseconds(400 * (i + 1)), i == 5 ? 1000 : 100);
            }
            // 1.2 s (three segments) is the shortest set: 1,200 bytes.
            CHECK(timeline.measured(0, seconds(2)).peak_bps == 8000);
        }
        SUBCASE("sets that last longer do not count") {
            add(1, milliseconds(0), milliseconds(900), 10'000);  // too short alone
            add(2, milliseconds(900), milliseconds(3200), 2'300);
            CHECK(timeline.measured(0, seconds(2)).peak_bps == 8000);  // 3.2 s would be 30,750
        }
        SUBCASE("gaps count for nothing and are not bridged") {
            add(1, milliseconds(0), milliseconds(900), 1000);
            add(2, milliseconds(900), milliseconds(2900), std::nullopt);
            add(3, milliseconds(2900), milliseconds(3800), 500);
            const Bandwidth measured = timeline.measured(0, seconds(2));
            CHECK(measured.peak_bps == 8889);  // no set is long enough: the largest segment
            CHECK(measured.average_bps == 6667);
        }
        SUBCASE("one short segment is measured by itself") {
            add(1, milliseconds(0), milliseconds(500), 1000);
            CHECK(timeline.measured(0, seconds(2)).peak_bps == 16000);
            CHECK(timeline.measured(0, seconds(2)).average_bps == 16000);
        }
        SUBCASE("nothing is nothing") {
            CHECK(timeline.measured(0, seconds(2)).peak_bps == 0);
            CHECK(timeline.measured(0, seconds(2)).average_bps == 0);
        }
        SUBCASE("a day of 100 Mbit/s does not overflow") {
            for (int i = 0; i < 43200; ++i) {
                add(i, seconds(2 * i), seconds(2 * i + 2), 25'000'000);
            }
            CHECK(timeline.measured(0, seconds(2)).peak_bps == 100'000'000);
            CHECK(timeline.measured(0, seconds(2)).average_bps == 100'000'000);
        }
    }

    TEST_CASE("segments are named after programme, rendition, slot and run") {
        Slot slot;
        slot.number = 897667200;
        slot.run = "3f9a";
        CHECK(segment_name("20261122T080000Z", "720p", slot) ==
              "20261122T080000Z/720p/897667200-3f9a.ts");
        CHECK(segment_name("p", "r", slot, "m4s") == "p/r/897667200-3f9a.m4s");
    }

    TEST_CASE_FIXTURE(Fixture, "one thread per rendition writes while others read") {
        constexpr std::int64_t kSlots = 2000;
        std::array<std::atomic<std::int64_t>, 2> written{};
        std::atomic<std::int64_t> completed = 0;
        const auto write = [&](std::size_t track) {
            constexpr auto kAhead = static_cast<std::int64_t>(Timeline::kMaxPending);
            for (std::int64_t n = 0; n < kSlots; ++n) {
                // Not further ahead than the other rendition is waited for.
                while (n >= written[1 - track] + kAhead) std::this_thread::yield();
                if (add(track, kFirst + n)) ++completed;
                ++written[track];
            }
        };
        std::thread first(write, 0);
        std::thread second(write, 1);
        std::uint64_t version = 0;
        int wrong = 0;
        while (written[0] < kSlots || written[1] < kSlots) {
            const auto next = timeline.version();
            wrong += next < version;
            version = next;
            const Window window = timeline.latest(seconds(10));
            for (const Slot& slot : window.slots) wrong += slot.gap;
        }
        first.join();
        second.join();
        CHECK(wrong == 0);
        CHECK(completed == kSlots);
        CHECK(timeline.all().slots.size() == kSlots);
    }
}

}  // namespace
}  // namespace weir::media
