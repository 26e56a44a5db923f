// SPDX-License-Identifier: MIT
#include "hls/programme_playlists.hpp"

#include <doctest/doctest.h>

#include "support/cmaf_feed.hpp"
#include "support/playlist_reader.hpp"
#include "support/playlist_rules.hpp"

namespace weir::hls {
namespace {

using std::chrono::seconds;

struct Fixture {
    media::Timeline timeline{"p1",
                             {{.name = "hi",
                               .width = 1280,
                               .height = 720,
                               .frame_rate = {25, 1},
                               .codecs = "avc1.64001f",
                               .bandwidth = {.peak_bps = 9'999'999, .average_bps = 9'999'998}},
                              {.name = "mute"}}};

    void add(std::int64_t number, std::uint64_t size) {
        for (std::size_t track = 0; track < 2; ++track) {
            timeline.add(track, number, seconds(2 * number), seconds(2 * number + 2), "a", size);
        }
    }
};

TEST_SUITE("hls/programme_playlists") {
    TEST_CASE_FIXTURE(Fixture, "a recording is a folder with all playlists as VOD") {
        add(10, 1'000);
        add(11, 3'000);
        timeline.finish();
        const auto files = recorded_playlists("news", timeline, 2);
        REQUIRE(files.size() == 2);                             // "mute" has no codec string
        CHECK(files.back().first == "news/p1/hls/index.m3u8");  // it names the others
        const auto index = test::read_multivariant_playlist(files.back().second);
        REQUIRE(index.variants.size() == 1);
        CHECK(index.variants[0].uri == "hi.m3u8");
        CHECK(index.variants[0].bandwidth == 12'000);  // measured, not the live bound
        CHECK(index.variants[0].average_bandwidth == 8'000);

        CHECK(files[0].first == "news/p1/hls/hi.m3u8");
        const auto playlist = test::read_media_playlist(files[0].second);
        CHECK(playlist.type == MediaPlaylistType::vod);
        CHECK(playlist.end_list);
        CHECK(playlist.target_duration == 2);
        REQUIRE(playlist.segments.size() == 2);
        CHECK(playlist.segments[0].uri == "../hi/10-a.ts");
    }

    TEST_CASE("a recording of CMAF has its own folder, its sound apart, and its I-frames") {
        test::CmafFeed feed;
        for (int slot = 0; slot < 5; ++slot) feed.step_slot();
        feed.step();
        feed.timeline().finish();
        const auto files = recorded_playlists("news", feed.timeline(), 2, cmaf_names(true));
        REQUIRE(files.size() == 4);
        CHECK(files[0].first == "news/p1/cmaf/720p.m3u8");
        CHECK(files[1].first == "news/p1/cmaf/720p.iframes.m3u8");
        CHECK(files[2].first == "news/p1/cmaf/audio.m3u8");
        CHECK(files[3].first == "news/p1/cmaf/index.m3u8");
        const auto index = test::read_multivariant_playlist(files[3].second);
        REQUIRE(index.audio.size() == 1);
        REQUIRE(index.variants.size() == 1);
        CHECK(index.variants[0].bandwidth == 4'000'000);  // 500 kB in 2 s, twice
        REQUIRE(index.i_frames.size() == 1);
        CHECK(index.i_frames[0].bandwidth == 160'000);
        for (std::size_t i = 0; i < 3; ++i) {
            const auto playlist = test::read_media_playlist(files[i].second);
            CHECK(playlist.type == MediaPlaylistType::vod);
            REQUIRE(playlist.segments.size() == 5);
            CHECK(playlist.segments[0].map.starts_with(i < 2 ? "../720p/init-" : "../audio/init-"));
            test::PlaylistRules({.fragmented = true}).check(playlist);
        }
    }

    TEST_CASE_FIXTURE(Fixture, "a programme in which nothing came leaves no playlist") {
        timeline.finish();
        CHECK(recorded_playlists("news", timeline, 2).empty());
    }

    TEST_CASE_FIXTURE(Fixture, "the bandwidth is the live bound until the end") {
        add(10, 1'000);
        CHECK(playlist_tracks(timeline, 2)[0].bandwidth.peak_bps == 9'999'999);
        timeline.finish();
        CHECK(playlist_tracks(timeline, 2)[0].bandwidth.peak_bps == 4'000);
    }
}

}  // namespace
}  // namespace weir::hls
