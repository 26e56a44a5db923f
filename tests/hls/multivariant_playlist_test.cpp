// SPDX-License-Identifier: MIT
#include "hls/multivariant_playlist.hpp"

#include <doctest/doctest.h>

#include "support/playlist_reader.hpp"

namespace weir::hls {
namespace {

media::Track track(const std::string& name, int width, int height, Rational rate) {
    return {.name = name,
            .width = width,
            .height = height,
            .frame_rate = rate,
            .codecs = "avc1.64001f,mp4a.40.2",
            .bandwidth = {.peak_bps = 3'300'000, .average_bps = 2'950'000}};
}

TEST_SUITE("hls/multivariant_playlist") {
    TEST_CASE("a ladder, word for word") {
        CHECK(to_text(make_multivariant_playlist(
                  {track("720p", 1280, 720, {30000, 1001}), track("360p", 640, 360, {15, 1})})) ==
              "#EXTM3U\n"
              "#EXT-X-VERSION:6\n"
              "#EXT-X-INDEPENDENT-SEGMENTS\n"
              "#EXT-X-STREAM-INF:BANDWIDTH=3300000,AVERAGE-BANDWIDTH=2950000,"
              "CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=1280x720,FRAME-RATE=29.970\n"
              "720p.m3u8\n"
              "#EXT-X-STREAM-INF:BANDWIDTH=3300000,AVERAGE-BANDWIDTH=2950000,"
              "CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=640x360,FRAME-RATE=15.000\n"
              "360p.m3u8\n");
    }

    TEST_CASE("frame rates are rounded to three places") {
        const auto rate = [](Rational value) {
            return test::read_multivariant_playlist(
                       to_text(make_multivariant_playlist({track("r", 16, 16, value)})))
                .variants.at(0)
                .frame_rate.numerator;
        };
        CHECK(rate({24000, 1001}) == 23'976);
        CHECK(rate({30000, 1001}) == 29'970);
        CHECK(rate({60000, 1001}) == 59'940);
        CHECK(rate({120000, 1001}) == 119'880);
        CHECK(rate({2, 3}) == 667);
    }

    TEST_CASE("a rendition of which no media came is not listed") {
        std::vector<media::Track> tracks{track("a", 1280, 720, {25, 1}),
                                         track("b", 640, 360, {25, 1})};
        tracks[0].codecs.clear();
        const auto playlist = make_multivariant_playlist(tracks);
        REQUIRE(playlist.variants.size() == 1);
        CHECK(playlist.variants[0].uri == "b.m3u8");
    }

    TEST_CASE("a rendition without video says nothing about pictures") {
        const std::string text =
            to_text(make_multivariant_playlist({track("audio", 0, 0, Rational{})}));
        CHECK(text.find("RESOLUTION") == std::string::npos);
        CHECK(text.find("FRAME-RATE") == std::string::npos);
    }

    TEST_CASE("what is written is read back as it was") {
        const auto playlist = make_multivariant_playlist(
            {track("720p", 1280, 720, {25, 1}), track("audio", 0, 0, Rational{})});
        CHECK(test::read_multivariant_playlist(to_text(playlist)) == playlist);
    }
}

}  // namespace
}  // namespace weir::hls
