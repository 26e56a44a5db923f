// SPDX-License-Identifier: MIT
#include "segment/ts_bandwidth.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "segment/segment_run.hpp"

using namespace weir;
using namespace std::chrono_literals;
using media::MediaTime;

namespace {

constexpr int kWidth = 160;
constexpr int kHeight = 90;

struct Case {
    RateControl control = RateControl::cbr;
    std::int64_t bitrate_bps = 300'000;
    MediaTime duration = 2s;
    std::chrono::milliseconds vbv = 1000ms;
    std::chrono::milliseconds gop = 1000ms;
    Rational rate{25, 1};
    const char* preset = "ultrafast";
    bool audio = false;
    MediaTime start{};  // behind a line of the grid
    test::Draw draw = test::noise(kWidth, kHeight, 220, 1'000'000);
};

EncoderLadder ladder_of(const Case& c) {
    EncoderLadder ladder{.video = {{.name = "v",
                                    .width = kWidth,
                                    .height = kHeight,
                                    .bitrate_bps = c.bitrate_bps,
                                    .rate_control = c.control}},
                         .gop = c.gop,
                         .vbv_duration = c.vbv,
                         .preset = c.preset};
    if (c.audio) ladder.audio.push_back({.bitrate_bps = 96'000});
    return ladder;
}

media::Bandwidth declared(const Case& c) {
    const auto ladder = ladder_of(c);
    return segment::ts_bandwidth(ladder.video.front(),
                                 ladder.audio.empty() ? nullptr : &ladder.audio.front(), ladder,
                                 c.rate, c.duration);
}

struct Measured {
    double peak_bps = 0;
    double average_bps = 0;
};

// RFC 8216bis 4.4.6.2: the largest bit rate of contiguous segments that last 0.5 to 1.5 target
// durations together.
Measured measure(const std::vector<media::Segment>& segments, double target) {
    Measured result;
    double all_bits = 0;
    double all_seconds = 0;
    for (std::size_t first = 0; first < segments.size(); ++first) {
        double bits = 0;
        double seconds = 0;
        for (std::size_t i = first; i < segments.size(); ++i) {
            bits += static_cast<double>(segments[i].bytes.size()) * 8;
            seconds += std::chrono::duration<double>(segments[i].end - segments[i].start).count();
            if (seconds > 1.5 * target) break;
            if (seconds >= 0.5 * target)
                result.peak_bps = std::max(result.peak_bps, bits / seconds);
        }
        all_bits += static_cast<double>(segments[first].bytes.size()) * 8;
        all_seconds +=
            std::chrono::duration<double>(segments[first].end - segments[first].start).count();
    }
    result.average_bps = all_bits / all_seconds;
    return result;
}

Measured measure(const Case& c) {
    const media::Grid grid(c.rate, c.duration);
    const auto seconds = std::chrono::duration<double>(c.duration).count();
    test::LadderRun::Options options{.ladder = ladder_of(c), .frame_rate = c.rate};
    options.width = kWidth;
    options.height = kHeight;
    options.first_frame = grid.frame_at_or_after(grid.segment_duration() * 500'000'000 + c.start);
    const auto end = grid.first_frame(grid.slot_of_frame(options.first_frame) + 7);
    options.frames = end - options.first_frame;
    CHECK(static_cast<double>(options.frames) > 6 * seconds);
    options.draw = c.draw;
    options.loud = true;
    const test::SegmentRun run(std::move(options), c.duration);
    REQUIRE(run.finished());
    CHECK(run.output().segments.size() == 7);
    return measure(run.output().segments, static_cast<double>(grid.target_duration()));
}

// Calm until frame `from`, then as wild as can be.
test::Draw burst(std::int64_t from) {
    return [from, wild = test::noise(kWidth, kHeight, 220, 1'000'000)](
               std::int64_t frame, std::vector<std::uint8_t>& picture) {
        if (frame >= from) return wild(frame, picture);
        std::fill(picture.begin(), picture.end(), std::uint8_t{128});
    };
}

void check_bound(const Case& c) {
    const auto bound = declared(c);
    const auto found = measure(c);
    CAPTURE(c.bitrate_bps);
    CAPTURE(c.duration.count());
    CAPTURE(c.vbv.count());
    CAPTURE(std::string(c.preset));
    CAPTURE(c.control == RateControl::cbr);
    CAPTURE(found.peak_bps);
    CAPTURE(bound.peak_bps);
    CHECK(found.peak_bps <= static_cast<double>(bound.peak_bps));
    // The encoder's reserve, once, weighs more in seconds than it does in hours.
    const auto reserve = std::chrono::duration<double>(c.vbv) / (6 * c.duration);
    CHECK(found.average_bps <= static_cast<double>(bound.average_bps) * (1.02 + reserve));
    // A bound that is twice too high is no bound: players would never choose the rendition.
    if (c.vbv <= c.duration) CHECK(static_cast<double>(bound.peak_bps) <= found.peak_bps * 2.2);
}

}  // namespace

TEST_SUITE("segment/ts_bandwidth") {
    TEST_CASE("noise without end stays below the bound") {
        for (const auto control : {RateControl::cbr, RateControl::capped_quality}) {
            for (const auto vbv : {500ms, 1000ms, 2000ms}) {
                for (const MediaTime duration : {1s, 2s, 3s}) {
                    check_bound({.control = control, .duration = duration, .vbv = vbv});
                }
            }
        }
    }

    TEST_CASE("a burst after calm, when the encoder has all its reserve, stays below the bound") {
        for (const auto control : {RateControl::cbr, RateControl::capped_quality}) {
            for (const std::int64_t from : {150, 175, 200, 201}) {
                check_bound({.control = control, .draw = burst(from)});
            }
        }
    }

    TEST_CASE("a short first segment stays below the bound") {
        for (const MediaTime start : {500ms, 1000ms, 1480ms}) {
            for (const auto control : {RateControl::cbr, RateControl::capped_quality}) {
                check_bound({.control = control, .start = start});
            }
        }
    }

    TEST_CASE("low and high rates, other presets, frame rates and sound stay below the bound") {
        check_bound({.bitrate_bps = 60'000, .audio = true});
        check_bound({.bitrate_bps = 1'500'000, .audio = true});
        check_bound({.control = RateControl::capped_quality, .preset = "veryfast", .audio = true});
        check_bound({.preset = "veryfast", .draw = test::noise(kWidth, kHeight, 220, 13)});
        check_bound({.gop = 500ms, .rate = {30'000, 1001}, .audio = true});
        check_bound({.gop = 2000ms, .rate = {50, 1}});
        check_bound({.duration = 1500ms, .gop = 500ms, .rate = {24'000, 1001}});
    }

    TEST_CASE("the average is below the peak, and grows with everything that is in it") {
        Case c;
        const auto plain = declared(c);
        CHECK(plain.average_bps < plain.peak_bps);
        CHECK(plain.average_bps > c.bitrate_bps);
        c.audio = true;
        const auto with_audio = declared(c);
        CHECK(with_audio.average_bps > plain.average_bps + 96'000);
        CHECK(with_audio.peak_bps > plain.peak_bps + 96'000);
        c.vbv = 2000ms;
        CHECK(declared(c).average_bps == with_audio.average_bps);
        CHECK(declared(c).peak_bps > with_audio.peak_bps + 140'000);
        c.rate = {50, 1};
        CHECK(declared(c).average_bps > with_audio.average_bps);
    }

    TEST_CASE("easy pictures need far less than the average that is declared for a quality") {
        Case c{.control = RateControl::capped_quality, .draw = burst(1'000'000)};
        CHECK(measure(c).average_bps < 0.5 * static_cast<double>(declared(c).average_bps));
    }
}
