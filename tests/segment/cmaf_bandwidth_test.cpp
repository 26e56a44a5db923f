// SPDX-License-Identifier: MIT
#include "segment/cmaf_bandwidth.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "segment/cmaf_run.hpp"

using namespace weir;
using namespace std::chrono_literals;
using media::MediaTime;
using media::TrackKind;

namespace {

struct Case {
    RateControl control = RateControl::cbr;
    std::int64_t bitrate_bps = 300'000;
    std::int64_t audio_bps = 96'000;
    bool parts = true;
    std::chrono::milliseconds vbv = 1000ms;
};

// RFC 8216bis 4.4.6.2, of segments that last 0.5 to 1.5 target durations together.
std::pair<double, double> measure(const std::vector<media::Segment>& segments, double target) {
    double peak = 0;
    double all_bits = 0;
    double all_seconds = 0;
    for (std::size_t first = 0; first < segments.size(); ++first) {
        double bits = 0;
        double seconds = 0;
        for (std::size_t i = first; i < segments.size(); ++i) {
            bits += static_cast<double>(segments[i].bytes.size()) * 8;
            seconds += std::chrono::duration<double>(segments[i].end - segments[i].start).count();
            if (seconds > 1.5 * target) break;
            if (seconds >= 0.5 * target) peak = std::max(peak, bits / seconds);
            if (i == first) all_bits += bits, all_seconds += seconds;
        }
    }
    return {peak, all_bits / all_seconds};
}

void check(const Case& c) {
    CAPTURE(c.bitrate_bps);
    CAPTURE(c.audio_bps);
    CAPTURE(c.parts);
    const media::Grid grid({25, 1}, 2s);
    const std::int64_t first = grid.first_frame(895'000'000);
    const std::optional<media::PartSchedule> parts =
        c.parts ? std::optional(media::PartSchedule(grid, 1s, 334ms)) : std::nullopt;
    EncoderLadder ladder{.video = {{.name = "v",
                                    .width = 160,
                                    .height = 90,
                                    .bitrate_bps = c.bitrate_bps,
                                    .rate_control = c.control}},
                         .audio = {{.bitrate_bps = c.audio_bps}},
                         .vbv_duration = c.vbv,
                         .preset = "ultrafast"};
    test::LadderRun::Options options{.ladder = ladder, .width = 160, .height = 90};
    options.first_frame = first;
    options.frames = 350;
    options.draw = test::noise(160, 90, 220, 1'000'000);
    options.loud = true;
    test::LadderRun run(std::move(options));
    test::CmafOutput outputs[2];
    for (const bool video : {true, false}) {
        run.connect_track(
            video ? "video_v" : "audio_aac",
            segment::make_cmaf_segmenter({.grid = grid,
                                          .first_frame = first,
                                          .parts = parts,
                                          .kind = video ? TrackKind::video : TrackKind::audio,
                                          .capture_delay = MediaTime{}},
                                         test::record_into(outputs[video ? 0 : 1]))
                .value());
    }
    REQUIRE(run.run());
    const MediaTime fragment = c.parts ? 240ms : 1000ms;
    const auto video = segment::cmaf_bandwidth(ladder.video.front(), ladder, {25, 1}, 2s, fragment);
    const auto audio = segment::cmaf_bandwidth(ladder.audio.front(), c.parts ? fragment : 2s);
    for (int i = 0; i < 2; ++i) {
        CAPTURE(i);
        const auto bound = i == 0 ? video : audio;
        // The AAC encoder's last frame lies behind the video's end.
        REQUIRE(outputs[i].segments.size() >= 7);
        outputs[i].segments.resize(7);
        const auto [peak, average] =
            measure(outputs[i].segments, static_cast<double>(grid.target_duration()));
        CHECK(peak <= static_cast<double>(bound.peak_bps));
        CHECK(static_cast<double>(bound.peak_bps) <= peak * 2.2);
        CHECK(average <= static_cast<double>(bound.average_bps) * 1.1);
    }
}

}  // namespace

TEST_SUITE("segment/cmaf_bandwidth") {
    TEST_CASE("noise without end stays below the bound, with parts and without") {
        for (const bool parts : {true, false}) {
            for (const auto control : {RateControl::cbr, RateControl::capped_quality}) {
                check({.control = control, .parts = parts});
            }
            check({.bitrate_bps = 60'000, .audio_bps = 64'000, .parts = parts});
            check({.bitrate_bps = 1'500'000, .audio_bps = 192'000, .parts = parts});
        }
    }

    TEST_CASE("shorter fragments cost more, and no more than one for each frame") {
        const EncoderLadder ladder;
        const VideoRendition video{.name = "v", .width = 160, .height = 90, .bitrate_bps = 100'000};
        const auto bound = [&](MediaTime fragment) {
            return segment::cmaf_bandwidth(video, ladder, {25, 1}, 2s, fragment);
        };
        CHECK(bound(2s).average_bps < bound(334ms).average_bps);
        CHECK(bound(334ms).peak_bps < bound(100ms).peak_bps);
        CHECK(bound(1ms).peak_bps == bound(40ms).peak_bps);
        CHECK(bound(2s).average_bps > 100'000);
    }
}
