// SPDX-License-Identifier: MIT
#include "hls/multivariant_playlist.hpp"

#include <doctest/doctest.h>

#include "support/cmaf_feed.hpp"
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

    TEST_CASE("a ladder with its sound apart, word for word") {
        const std::vector<media::Track> tracks{test::cmaf_video("720p", 720, 3'000'000),
                                               test::cmaf_video("360p", 360, 800'000),
                                               test::cmaf_audio("audio")};
        CHECK(to_text(make_multivariant_playlist(tracks, cmaf_names(true))) ==
              "#EXTM3U\n"
              "#EXT-X-VERSION:6\n"
              "#EXT-X-INDEPENDENT-SEGMENTS\n"
              "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"Audio\",DEFAULT=YES,"
              "AUTOSELECT=YES,CHANNELS=\"2\",URI=\"audio.m3u8\"\n"
              "#EXT-X-STREAM-INF:BANDWIDTH=3140000,AVERAGE-BANDWIDTH=2826000,"
              "CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=1280x720,VIDEO-RANGE=SDR,"
              "FRAME-RATE=30.000,AUDIO=\"audio\",CLOSED-CAPTIONS=NONE\n"
              "720p.m3u8\n"
              "#EXT-X-STREAM-INF:BANDWIDTH=940000,AVERAGE-BANDWIDTH=846000,"
              "CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=640x360,VIDEO-RANGE=SDR,"
              "FRAME-RATE=30.000,AUDIO=\"audio\",CLOSED-CAPTIONS=NONE\n"
              "360p.m3u8\n"
              "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=3000000,AVERAGE-BANDWIDTH=2700000,"
              "CODECS=\"avc1.64001f\",RESOLUTION=1280x720,VIDEO-RANGE=SDR,"
              "URI=\"720p.iframes.m3u8\"\n"
              "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=800000,AVERAGE-BANDWIDTH=720000,"
              "CODECS=\"avc1.64001f\",RESOLUTION=640x360,VIDEO-RANGE=SDR,"
              "URI=\"360p.iframes.m3u8\"\n");
    }

    TEST_CASE("each picture quality plays with each sound quality, in every language") {
        auto low = test::cmaf_audio("en-low", "en", 50'000);
        low.codecs = "mp4a.40.5";
        const auto playlist = make_multivariant_playlist(
            {test::cmaf_video("v", 720, 3'000'000), test::cmaf_audio("en", "en", 140'000), low,
             test::cmaf_audio("de", "de", 150'000)},
            cmaf_names());
        REQUIRE(playlist.audio.size() == 4);
        // Both groups have both languages, though there is one German track only.
        for (std::size_t i = 0; i < 4; ++i) {
            CAPTURE(i);
            CHECK(playlist.audio[i].group == (i < 2 ? "audio" : "audio2"));
            CHECK(playlist.audio[i].name == (i % 2 == 0 ? "en" : "de"));
            CHECK(playlist.audio[i].language == playlist.audio[i].name);
            CHECK(playlist.audio[i].is_default == (i % 2 == 0));
        }
        CHECK(playlist.audio[2].uri == "en-low.m3u8");
        CHECK(playlist.audio[3].uri == "de.m3u8");
        REQUIRE(playlist.variants.size() == 2);
        CHECK(playlist.variants[0].bandwidth == 3'150'000);
        CHECK(playlist.variants[0].codecs == "avc1.64001f,mp4a.40.2");
        CHECK(playlist.variants[1].bandwidth == 3'150'000);
        CHECK(playlist.variants[1].audio == "audio2");
        CHECK(playlist.variants[1].codecs == "avc1.64001f,mp4a.40.5,mp4a.40.2");
    }

    TEST_CASE("sound alone is a ladder of its own, with groups for its languages") {
        const auto one = make_multivariant_playlist(
            {test::cmaf_audio("high", "en", 200'000), test::cmaf_audio("low", "en", 50'000)},
            cmaf_names());
        CHECK(one.audio.empty());
        CHECK(!one.plain_pictures);
        REQUIRE(one.variants.size() == 2);
        CHECK(one.variants[0].uri == "high.m3u8");
        CHECK(one.variants[0].audio.empty());
        CHECK(one.variants[1].bandwidth == 50'000);
        const auto two = make_multivariant_playlist(
            {test::cmaf_audio("en", "en", 100'000), test::cmaf_audio("de", "de", 120'000)},
            cmaf_names());
        REQUIRE(two.audio.size() == 2);
        REQUIRE(two.variants.size() == 1);
        CHECK(two.variants[0].uri == "en.m3u8");
        CHECK(two.variants[0].audio == "audio");
        CHECK(two.variants[0].bandwidth == 120'000);
        CHECK(two.variants[0].codecs == "mp4a.40.2");
    }

    TEST_CASE("variants stand in the order that is asked for") {
        const std::vector<media::Track> tracks{test::cmaf_video("b", 360, 800'000),
                                               test::cmaf_video("c", 720, 3'000'000),
                                               test::cmaf_video("a", 240, 400'000)};
        const auto order = [&](VariantOrder wanted) {
            std::string names;
            for (const auto& variant :
                 make_multivariant_playlist(tracks, cmaf_names(), {.order = wanted}).variants) {
                names += variant.uri.substr(0, 1);
            }
            return names;
        };
        CHECK(order(VariantOrder::as_given) == "bca");
        CHECK(order(VariantOrder::ascending) == "abc");
        CHECK(order(VariantOrder::descending) == "cba");
    }

    TEST_CASE("I-frames of which nothing is known are not listed") {
        const std::vector<media::Track> tracks{test::cmaf_video("a", 360, 800'000),
                                               test::cmaf_video("b", 720, 3'000'000)};
        const auto playlist = make_multivariant_playlist(
            tracks, cmaf_names(true),
            {.i_frame_bandwidth = {{}, {.peak_bps = 7, .average_bps = 6}}});
        REQUIRE(playlist.i_frames.size() == 1);
        CHECK(playlist.i_frames[0].uri == "b.iframes.m3u8");
        CHECK(playlist.i_frames[0].bandwidth == 7);
    }

    TEST_CASE("every URI is marked as one of a playlist") {
        const auto marked = to_marked_text(make_multivariant_playlist(
            {test::cmaf_video("a", 360, 800'000), test::cmaf_audio("s")}, cmaf_names(true)));
        const auto playlist = test::read_multivariant_playlist(
            media::with_queries(marked, {.playlist = "t=1", .media = "wrong"}));
        CHECK(playlist.audio.at(0).uri == "s.m3u8?t=1");
        CHECK(playlist.variants.at(0).uri == "a.m3u8?t=1");
        CHECK(playlist.i_frames.at(0).uri == "a.iframes.m3u8?t=1");
        CHECK(marked.marks.size() == 3);
    }

    TEST_CASE("what is written of CMAF is read back as it was") {
        auto playlist = make_multivariant_playlist(
            {test::cmaf_video("a", 360, 800'000), test::cmaf_audio("s", "fr"),
             test::cmaf_audio("t")},
            cmaf_names(true), {.start = StartPoint{.offset_us = 1'250'000}});
        for (auto& variant : playlist.variants) variant.frame_rate = {30'000, 1000};
        CHECK(test::read_multivariant_playlist(to_text(playlist)) == playlist);
    }

    TEST_CASE("what is written is read back as it was") {
        const auto playlist = make_multivariant_playlist(
            {track("720p", 1280, 720, {25, 1}), track("audio", 0, 0, Rational{})});
        CHECK(test::read_multivariant_playlist(to_text(playlist)) == playlist);
    }
}

}  // namespace
}  // namespace weir::hls
