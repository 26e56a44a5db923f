// SPDX-License-Identifier: MIT
#include "segment/passthrough_cutter.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <vector>

using namespace std::chrono_literals;
using weir::media::MediaTime;
using weir::media::UnitKind;
using weir::segment::PassthroughCutter;
using Span = PassthroughCutter::Span;

namespace {

constexpr MediaTime kBegin = 1'800'000'000s;

struct Cutting {
    explicit Cutting(MediaTime duration = 2s, MediaTime longest = 10s, std::int64_t first = 0)
        : cutter({.segment_duration = duration,
                  .max_segment_duration = longest,
                  .first_number = first}) {
        cutter.begin_stream(true);
    }

    // A picture at that time from the begin; its clock is as late as the picture, or as told.
    PassthroughCutter::Step picture(MediaTime time, bool keyframe,
                                    std::optional<MediaTime> clock = std::nullopt) {
        return place({UnitKind::video, keyframe, kBegin + time, kBegin + time},
                     kBegin + clock.value_or(time));
    }
    PassthroughCutter::Step sound(MediaTime time) {
        return place({UnitKind::audio, true, kBegin + time, kBegin + time}, kBegin + time);
    }
    PassthroughCutter::Step place(const PassthroughCutter::Unit& unit, MediaTime now) {
        auto step = cutter.place(unit, now);
        while (step.closed) {
            closed.push_back(*step.closed);
            no_keyframe += step.no_keyframe;
            if (!step.at_mark) break;
            ++looked_back;
            step = cutter.place(unit, now);
        }
        return step;
    }
    // 25 pictures a second from..to, of which these are keyframes.
    void play(MediaTime from, MediaTime to, const std::vector<MediaTime>& keyframes) {
        for (MediaTime time = from; time < to; time += 40ms) {
            picture(time, std::find(keyframes.begin(), keyframes.end(), time) != keyframes.end());
        }
    }
    std::vector<MediaTime> lengths() {
        std::vector<MediaTime> result;
        if (const auto last = cutter.end_segment()) closed.push_back(*last);
        for (const Span& span : closed) result.push_back(span.end - span.start);
        return result;
    }

    PassthroughCutter cutter;
    std::vector<Span> closed;
    int looked_back = 0;
    int no_keyframe = 0;
};

using Lengths = std::vector<MediaTime>;

}  // namespace

TEST_SUITE_BEGIN("segment/passthrough_cutter");

TEST_CASE("a segment ends at the first keyframe that is a segment duration from its start") {
    struct Case {
        const char* what;
        std::vector<MediaTime> keyframes;
        MediaTime end;
        Lengths lengths;
    };
    for (const Case& c : {
             Case{"at its multiples", {0s, 2s, 4s}, 5s, {2s, 2s, 1s}},
             Case{"not before", {0s, 1s, 2s, 3s, 4s}, 5s, {2s, 2s, 1s}},
             Case{"later, if there is none",
                  {0s, 1200ms, 2400ms, 3600ms, 4800ms},
                  5s,
                  {2400ms, 2400ms, 200ms}},
             Case{"much later", {0s, 8400ms}, 10s, {8400ms, 1600ms}},
             Case{"as long as is allowed", {0s, 10s}, 11s, {10s, 1s}},
         }) {
        CAPTURE(c.what);
        Cutting cutting;
        cutting.play(0s, c.end, c.keyframes);
        CHECK(cutting.lengths() == c.lengths);
        CHECK(cutting.no_keyframe == 0);
    }
}

TEST_CASE("when no keyframe comes in time the last one that there was ends the segment") {
    Cutting cutting;
    cutting.play(0s, 12s, {0s, 1200ms, 11s});
    CHECK(cutting.lengths() == Lengths{1200ms, 9800ms, 1s});
    CHECK(cutting.looked_back == 1);
    CHECK(cutting.no_keyframe == 0);
    for (std::size_t i = 1; i < cutting.closed.size(); ++i) {
        CHECK(cutting.closed[i].start == cutting.closed[i - 1].end);
        CHECK_FALSE(cutting.closed[i].discontinuity);
    }
}

TEST_CASE("without any keyframe a segment ends before it is too long") {
    Cutting cutting;
    cutting.play(0s, 24s, {0s, 23s});
    CHECK(cutting.lengths() == Lengths{10s, 10s, 3s, 1s});
    CHECK(cutting.no_keyframe == 2);
}

TEST_CASE("among reordered pictures it ends between those that can be parted") {
    Cutting cutting(2s, 3s);
    std::vector<MediaTime> first_pts;
    for (int group = 0; group < 60; ++group) {
        const auto decoded = [&](int number, int shown, bool keyframe) {
            const MediaTime dts = kBegin + number * 40ms;
            const auto step =
                cutting.place({UnitKind::video, keyframe, kBegin + shown * 40ms + 80ms, dts}, dts);
            if (step.begins) first_pts.push_back(kBegin + shown * 40ms + 80ms);
        };
        decoded(3 * group, 3 * group + 2, group == 0);
        decoded(3 * group + 1, 3 * group, false);
        decoded(3 * group + 2, 3 * group + 1, false);
    }
    for (std::size_t i = 0; i < cutting.closed.size(); ++i) {
        const auto& span = cutting.closed[i];
        CHECK(span.end - span.start <= 3s);
        CHECK(span.end - span.start > 2800ms);
        if (i > 0) CHECK(span.start == cutting.closed[i - 1].end);
        // The next begins with two pictures that are shown before its first, none is shown earlier.
        CHECK(first_pts.at(i + 1) == span.end + 80ms);
    }
    CHECK(cutting.closed.size() == 2);
}

TEST_CASE("numbers begin with the clock's slot, or the first that is free, and go up by one") {
    struct Case {
        std::int64_t first_free;
        std::int64_t number;
    };
    for (const Case& c : {Case{0, 900'000'000}, Case{900'000'001, 900'000'001}}) {
        Cutting cutting(2s, 10s, c.first_free);
        cutting.play(0s, 6s, {0s, 2s, 4s});
        cutting.lengths();
        REQUIRE(cutting.closed.size() == 3);
        for (std::size_t i = 0; i < 3; ++i) {
            CHECK(cutting.closed[i].number == c.number + static_cast<std::int64_t>(i));
        }
        CHECK(cutting.cutter.next_number() == c.number + 3);
    }
}

TEST_CASE("a number far ahead of the clock is waited for") {
    Cutting cutting(2s, 10s, 900'000'005);
    CHECK_FALSE(cutting.picture(0s, true).taken);
    CHECK_FALSE(cutting.picture(6s, true).taken);
    CHECK(cutting.picture(8s, true).begins);
    CHECK(cutting.cutter.next_number() == 900'000'006);
}

TEST_CASE("a source whose clock is too fast gets a longer segment now and then") {
    Cutting cutting;
    // A second of it lasts 0.99 s: far worse than any.
    for (int i = 0; i < 25 * 1000; ++i) {
        cutting.picture(i * 40ms, i % 50 == 0, i * 39'600us);
        const auto slot = (kBegin + i * 39'600us) / 2s;
        CHECK(cutting.cutter.next_number() - 1 <= slot + 1);
    }
    for (const auto length : cutting.lengths()) CHECK(length <= 4s);
}

TEST_CASE("a new stream begins at a keyframe and says that it does not continue") {
    Cutting cutting;
    CHECK_FALSE(cutting.picture(0s, false).taken);
    CHECK_FALSE(cutting.sound(0s).taken);
    CHECK(cutting.picture(40ms, true).begins);
    CHECK(cutting.sound(40ms).taken);
    const auto last = cutting.cutter.begin_stream(true);
    REQUIRE(last);
    CHECK_FALSE(last->discontinuity);
    CHECK(last->end - last->start == 40ms);
    CHECK_FALSE(cutting.picture(5s, false).taken);
    CHECK(cutting.picture(5040ms, true).begins);
    cutting.picture(7040ms, true);
    cutting.lengths();
    REQUIRE(cutting.closed.size() == 2);
    CHECK(cutting.closed[0].number == last->number + 1);
    CHECK(cutting.closed[0].discontinuity);
    CHECK_FALSE(cutting.closed[1].discontinuity);
}

TEST_CASE("audio alone is cut at any frame") {
    Cutting cutting;
    cutting.cutter.begin_stream(false);
    for (int i = 0; i < 300; ++i) cutting.sound(i * 20ms);
    CHECK(cutting.lengths() == Lengths{2s, 2s, 2s});
}

TEST_CASE("while the video stands still the audio cuts") {
    Cutting cutting(2s, 4s);
    cutting.picture(0s, true);
    for (int i = 0; i < 500; ++i) cutting.sound(i * 20ms);
    for (const auto length : cutting.lengths()) CHECK(length <= 4s);
    CHECK(cutting.closed.size() == 3);
    CHECK(cutting.closed[1].start == cutting.closed[0].end);
}

TEST_CASE("a hole in the times is in no segment") {
    Cutting cutting(2s, 4s);
    cutting.play(0s, 1s, {0s});
    cutting.picture(7s, true);
    cutting.play(7040ms, 8s, {});
    CHECK(cutting.lengths() == Lengths{1s, 1s});
    CHECK(cutting.closed[1].discontinuity);
    CHECK(cutting.closed[1].start == kBegin + 7s);
}

TEST_SUITE_END();
