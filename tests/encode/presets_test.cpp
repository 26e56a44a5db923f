// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <weir/config.hpp>

using weir::EncoderLadder;

TEST_SUITE("encode/presets") {
    TEST_CASE("the presets have four, three and two rungs and stereo sound") {
        CHECK(EncoderLadder::hd1080().video.size() == 4);
        CHECK(EncoderLadder::hd720().video.size() == 3);
        CHECK(EncoderLadder::sd().video.size() == 2);
        for (const auto& ladder :
             {EncoderLadder::hd1080(), EncoderLadder::hd720(), EncoderLadder::sd()}) {
            REQUIRE(ladder.audio.size() == 1);
            CHECK(ladder.audio[0].channels == 2);
            CHECK(ladder.gop == std::chrono::seconds(1));
        }
    }

    TEST_CASE("the highest rung of each preset is the one that names it") {
        CHECK(EncoderLadder::hd1080().video[0] ==
              weir::VideoRendition{
                  .name = "1080p", .width = 1920, .height = 1080, .bitrate_bps = 5'000'000});
        CHECK(EncoderLadder::hd720().video[0] ==
              weir::VideoRendition{
                  .name = "720p", .width = 1280, .height = 720, .bitrate_bps = 2'800'000});
        CHECK(EncoderLadder::sd().video[0] ==
              weir::VideoRendition{
                  .name = "480p", .width = 854, .height = 480, .bitrate_bps = 1'200'000});
    }

    TEST_CASE("rungs fall in size and bit rate") {
        const EncoderLadder ladder = EncoderLadder::hd1080();
        for (std::size_t i = 1; i < ladder.video.size(); ++i) {
            CHECK(ladder.video[i].height < ladder.video[i - 1].height);
            CHECK(ladder.video[i].bitrate_bps < ladder.video[i - 1].bitrate_bps);
        }
    }

    TEST_CASE("the presets are valid with the default output") {
        for (const auto& ladder :
             {EncoderLadder::hd1080(), EncoderLadder::hd720(), EncoderLadder::sd()}) {
            CHECK(validate(ladder).empty());
            CHECK(validate(weir::HlsSink{}, ladder).empty());
        }
    }
}
