// SPDX-License-Identifier: MIT
#include "media/grid.hpp"

#include <array>
#include <cstdint>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

namespace weir::media {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

__extension__ typedef __int128 Int128;

const std::array kRates{Rational{24000, 1001}, Rational{25, 1}, Rational{30000, 1001},
                        Rational{50, 1}, Rational{60000, 1001}};
const std::array<MediaTime, 3> kDurations{seconds(1), seconds(2), seconds(6)};

// 2026-11-22T08:00:00Z
constexpr seconds kMorning{1795334400};

// Calls check(grid) for every rate and segment duration.
template <class Check>
void for_each_grid(Check check) {
    for (const Rational rate : kRates) {
        for (const MediaTime duration : kDurations) {
            CAPTURE(rate.numerator);
            CAPTURE(duration.count());
            check(Grid(rate, duration));
        }
    }
}

TEST_SUITE("media/grid") {
    TEST_CASE("a segment begins with the first frame at or after n D, for 24 hours") {
        for_each_grid([](const Grid& grid) {
            const Int128 duration = grid.segment_duration().count();
            const Int128 numerator = grid.frame_rate().numerator;
            const Int128 unit = Int128(1'000'000'000) * grid.frame_rate().denominator;
            std::int64_t wrong = 0;
            const std::int64_t end = grid.slot_of(kMorning + hours(24));
            for (std::int64_t slot = grid.slot_of(kMorning); slot < end; ++slot) {
                const std::int64_t frame = grid.first_frame(slot);
                // frame / rate >= n D and (frame - 1) / rate < n D, without any division.
                wrong += frame * unit < slot * duration * numerator;
                wrong += (frame - 1) * unit >= slot * duration * numerator;
                wrong += grid.slot_of_frame(frame) != slot;
                wrong += grid.slot_of_frame(frame - 1) != slot - 1;
                wrong += grid.slot_of(grid.frame_time(frame)) != slot;
            }
            CHECK(wrong == 0);
        });
    }

    TEST_CASE("a frame's time leads back to the frame, for 24 hours") {
        for_each_grid([](const Grid& grid) {
            std::int64_t wrong = 0;
            const std::int64_t end = grid.frame_at_or_after(kMorning + hours(24));
            for (std::int64_t frame = grid.frame_at_or_after(kMorning); frame < end; frame += 7) {
                const MediaTime time = grid.frame_time(frame);
                wrong += grid.frame_at_or_after(time) != frame;
                wrong += grid.frame_at_or_after(time + nanoseconds(1)) != frame + 1;
                wrong += grid.nearest_frame(time) != frame;
                wrong += grid.nearest_frame(time + milliseconds(8)) != frame;
                wrong += grid.nearest_frame(time - milliseconds(8)) != frame;
                const MediaTime step = grid.frame_time(frame + 1) - time;
                wrong += step > grid.frame_duration();
                wrong += step < grid.frame_duration() - nanoseconds(1);
            }
            CHECK(wrong == 0);
        });
    }

    TEST_CASE("no segment is longer than the target duration once rounded") {
        // Also durations that no frame rate divides: there a segment has one frame more at times.
        for (const Rational rate : kRates) {
            for (int duration_ms = 1000; duration_ms <= 3000; duration_ms += 13) {
                const Grid grid(rate, milliseconds(duration_ms));
                CAPTURE(rate.numerator);
                CAPTURE(duration_ms);
                MediaTime longest{};
                const std::int64_t first = grid.slot_of(kMorning);
                for (std::int64_t slot = first; slot < first + 2000; ++slot) {
                    const MediaTime span = grid.frame_time(grid.first_frame(slot + 1)) -
                                           grid.frame_time(grid.first_frame(slot));
                    longest = std::max(longest, span);
                }
                CHECK(longest < grid.segment_duration() + grid.frame_duration());
                CHECK(std::chrono::round<seconds>(longest).count() <= grid.target_duration());
            }
        }
    }

    TEST_CASE("the target duration is a constant of the grid") {
        CHECK(Grid({30000, 1001}, seconds(1)).target_duration() == 1);
        CHECK(Grid({24000, 1001}, seconds(2)).target_duration() == 2);
        CHECK(Grid({25, 1}, seconds(6)).target_duration() == 6);
        CHECK(Grid({25, 1}, milliseconds(1460)).target_duration() == 2);
        CHECK(Grid({25, 1}, milliseconds(1459)).target_duration() == 1);
        CHECK(Grid({1, 1}, seconds(1)).target_duration() == 2);
    }

    TEST_CASE("times before the epoch are rounded down too") {
        const Grid grid({30000, 1001}, seconds(2));
        CHECK(grid.frame_time(1) == nanoseconds(33'366'666));
        CHECK(grid.frame_time(-1) == nanoseconds(-33'366'667));
        CHECK(grid.frame_at_or_after(nanoseconds(-1)) == 0);
        CHECK(grid.frame_at_or_after(nanoseconds(1)) == 1);
        CHECK(grid.nearest_frame(milliseconds(-30)) == -1);
        CHECK(grid.slot_of(nanoseconds(-1)) == -1);
        CHECK(grid.slot_of(seconds(-2)) == -1);
        CHECK(grid.slot_of_frame(-1) == -1);
        CHECK(grid.first_frame(-1) == -59);
        CHECK(sample_time(-1, 48000) == nanoseconds(-20834));
        CHECK(sample_at_or_after(nanoseconds(-1), 48000) == 0);
    }

    TEST_CASE("known places on the grid") {
        const Grid grid({30000, 1001}, seconds(2));
        CHECK(grid.frame_time(30000) == seconds(1001));
        CHECK(grid.first_frame(0) == 0);
        CHECK(grid.first_frame(1) == 60);  // 59.94 frames in two seconds
        CHECK(grid.slot_of(kMorning) == 897667200);
        CHECK(grid.frame_duration() == nanoseconds(33'366'667));
    }

    TEST_CASE("an audio sample's time leads back to the sample, for 24 hours of AAC frames") {
        for (const int rate : {44100, 48000}) {
            CAPTURE(rate);
            std::int64_t wrong = 0;
            std::int64_t sample = sample_at_or_after(kMorning, rate) / 1024 * 1024;
            const std::int64_t end = sample + 86400LL * rate;
            for (; sample < end; sample += kAacFrameSamples) {
                const MediaTime time = sample_time(sample, rate);
                wrong += sample_at_or_after(time, rate) != sample;
                // Exact to a nanosecond, however long it goes on.
                const Int128 error = Int128(sample) * 1'000'000'000 - Int128(time.count()) * rate;
                wrong += error < 0 || error >= rate;
            }
            CHECK(wrong == 0);
        }
    }

    TEST_CASE("audio and video cover the same time: after 24 hours they are within one AAC frame") {
        for_each_grid([](const Grid& grid) {
            for (const int rate : {44100, 48000}) {
                const MediaTime frame = sample_time(kAacFrameSamples, rate) + nanoseconds(1);
                for (int hour = 0; hour <= 24; ++hour) {
                    const std::int64_t slot = grid.slot_of(kMorning + hours(hour));
                    const MediaTime video = grid.frame_time(grid.first_frame(slot));
                    const std::int64_t sample =
                        (sample_at_or_after(video, rate) + kAacFrameSamples - 1) /
                        kAacFrameSamples * kAacFrameSamples;
                    CHECK(sample_time(sample, rate) >= video);
                    CHECK(sample_time(sample, rate) - video <= frame);
                }
            }
        });
    }

    TEST_CASE("33-bit timestamps of the frames go on evenly over their wrap") {
        constexpr std::int64_t kModulus = std::int64_t{1} << 33;
        const auto pts = [](MediaTime time) {
            const Int128 ticks = Int128((time + hours(1)).count()) * 90'000 / 1'000'000'000;
            return static_cast<std::int64_t>(ticks % kModulus);
        };
        for_each_grid([&](const Grid& grid) {
            const std::int64_t step = grid.frame_duration().count() * 9 / 100'000;
            std::int64_t wraps = 0;
            std::int64_t wrong = 0;
            // 26 h 30 min 43.7 s from one wrap to the next.
            std::int64_t frame = grid.frame_at_or_after(kMorning);
            const std::int64_t end = grid.frame_at_or_after(kMorning + hours(27));
            std::int64_t before = pts(grid.frame_time(frame));
            for (++frame; frame < end; ++frame) {
                const std::int64_t now = pts(grid.frame_time(frame));
                const std::int64_t forward = (now - before + kModulus) % kModulus;
                // Times are rounded down to nanoseconds and then to ticks: one tick either way.
                wrong += forward < step - 1 || forward > step + 1;
                wraps += now < before;
                before = now;
            }
            CHECK(wrong == 0);
            CHECK(wraps == 1);
        });
    }
}

}  // namespace
}  // namespace weir::media
