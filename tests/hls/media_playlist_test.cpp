// SPDX-License-Identifier: MIT
#include "hls/media_playlist.hpp"

#include <algorithm>
#include <array>
#include <clocale>
#include <cstdlib>
#include <random>

#include <doctest/doctest.h>

#include "media/grid.hpp"
#include "support/cmaf_feed.hpp"
#include "support/playlist_reader.hpp"

namespace weir::hls {
namespace {

using media::MediaTime;
using media::Slot;
using media::Window;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

// 2026-11-22T08:00:00Z
constexpr seconds kMorning{1795334400};

Slot slot(std::int64_t number, MediaTime start, MediaTime end) {
    Slot value;
    value.number = number;
    value.start = start;
    value.end = end;
    value.run = "3f9a";
    return value;
}

// Slots of the grid from a time on.
Window window_of(const media::Grid& grid, MediaTime from, MediaTime duration) {
    Window window;
    const std::int64_t end = grid.slot_of(from + duration);
    for (std::int64_t n = grid.slot_of(from); n < end; ++n) {
        window.slots.push_back(slot(n, grid.frame_time(grid.first_frame(n)),
                                    grid.frame_time(grid.first_frame(n + 1))));
    }
    return window;
}

// Of one of the feed's renditions.
MediaPlaylistOptions low_latency(test::CmafFeed& feed, const std::string& rendition) {
    media::Timeline& timeline = feed.timeline();
    const auto tracks = timeline.all_tracks();
    return {.target_duration = 2,
            .uri_prefix = "../p1/",
            .extension = "m4s",
            .tracks = tracks,
            .part_target = feed.schedule().part_target(tracks[timeline.index_of(rendition)]),
            .server_control = server_control(2, feed.longest_part()),
            .rendition_reports = {"other.m3u8"}};
}

TEST_SUITE("hls/media_playlist") {
    TEST_CASE("a live playlist, word for word") {
        Window window = window_of(media::Grid({30000, 1001}, seconds(2)), kMorning, seconds(6));
        window.discontinuity_sequence = 897667190;
        const MediaPlaylistOptions options{.target_duration = 2, .uri_prefix = "../p/"};
        CHECK(to_text(make_media_playlist(window, "720p", options)) ==
              "#EXTM3U\n"
              "#EXT-X-VERSION:6\n"
              "#EXT-X-TARGETDURATION:2\n"
              "#EXT-X-MEDIA-SEQUENCE:897667200\n"
              "#EXT-X-DISCONTINUITY-SEQUENCE:897667190\n"
              "#EXT-X-INDEPENDENT-SEGMENTS\n"
              "#EXT-X-PROGRAM-DATE-TIME:2026-11-22T08:00:00.025Z\n"
              "#EXTINF:2.002000,\n"
              "../p/720p/897667200-3f9a.ts\n"
              "#EXT-X-PROGRAM-DATE-TIME:2026-11-22T08:00:02.027Z\n"
              "#EXTINF:2.002000,\n"
              "../p/720p/897667201-3f9a.ts\n"
              "#EXT-X-PROGRAM-DATE-TIME:2026-11-22T08:00:04.029Z\n"
              "#EXTINF:2.002000,\n"
              "../p/720p/897667202-3f9a.ts\n");
    }

    TEST_CASE("a finished programme with a gap, word for word") {
        Window window;
        Slot gap = slot(8, milliseconds(15'999), milliseconds(18'000));
        gap.gap = true;
        Slot last = slot(9, seconds(18), nanoseconds(18'500'000'499));
        last.discontinuity = true;
        last.run = "77";
        window.slots = {slot(7, seconds(14), milliseconds(15'999)), gap, last};
        window.ended = true;
        window.has_gap = true;
        const MediaPlaylistOptions options{
            .target_duration = 2, .type = MediaPlaylistType::vod, .uri_prefix = "../"};
        CHECK(to_text(make_media_playlist(window, "sd", options)) ==
              "#EXTM3U\n"
              "#EXT-X-VERSION:8\n"
              "#EXT-X-TARGETDURATION:2\n"
              "#EXT-X-MEDIA-SEQUENCE:7\n"
              "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
              "#EXT-X-PLAYLIST-TYPE:VOD\n"
              "#EXT-X-INDEPENDENT-SEGMENTS\n"
              "#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:14.000Z\n"
              "#EXTINF:1.999000,\n"
              "../sd/7-3f9a.ts\n"
              "#EXT-X-GAP\n"
              "#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:15.999Z\n"
              "#EXTINF:2.001000,\n"
              "../sd/8-3f9a.ts\n"
              "#EXT-X-DISCONTINUITY\n"
              "#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:18.000Z\n"
              "#EXTINF:0.500000,\n"
              "../sd/9-77.ts\n"
              "#EXT-X-ENDLIST\n");
    }

    TEST_CASE("a gap is no longer than the target duration, and ends where what follows begins") {
        // Paused 0.4 s into slot 7, resumed with slot 10.
        Window window;
        Slot gap = slot(8, milliseconds(14'400), milliseconds(17'200));
        Slot other = slot(9, milliseconds(17'200), seconds(20));
        gap.gap = other.gap = true;
        window.slots = {slot(7, seconds(14), milliseconds(14'400)), gap, other,
                        slot(10, seconds(20), seconds(22))};
        const auto segments =
            make_media_playlist(window, "sd", {.target_duration = 2, .uri_prefix = ""}).segments;
        REQUIRE(segments.size() == 4);
        CHECK(segments[0].duration_us == 400'000);
        for (const std::size_t i : {1UL, 2UL}) {
            CHECK(segments[i].duration_us == 2'000'000);
            CHECK(segments[i].program_date_time + seconds(2) == window.slots[i].end);
        }
        CHECK(segments[3].duration_us == 2'000'000);
    }

    TEST_CASE("a low-latency playlist, word for word") {
        test::CmafFeed feed({.part = milliseconds(1000), .start = kMorning});
        for (int slot = 0; slot < 5; ++slot) feed.step_slot();
        feed.step();
        CHECK(
            to_text(make_media_playlist(feed.timeline().latest(seconds(10)), "720p",
                                        low_latency(feed, "720p"))) ==
            "#EXTM3U\n"
            "#EXT-X-VERSION:9\n"
            "#EXT-X-TARGETDURATION:2\n"
            "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12.0,HOLD-BACK=6.0,"
            "PART-HOLD-BACK=3.008001\n"
            "#EXT-X-PART-INF:PART-TARGET=1.0\n"
            "#EXT-X-MEDIA-SEQUENCE:897667200\n"
            "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
            "#EXT-X-INDEPENDENT-SEGMENTS\n"
            "#EXT-X-MAP:URI=\"../p1/720p/init-720pa1.mp4\"\n"
            "#EXT-X-PROGRAM-DATE-TIME:2026-11-22T08:00:00.000Z\n"
            "#EXTINF:2.000000,\n"
            "../p1/720p/897667200-a1.m4s\n"
            "#EXT-X-PROGRAM-DATE-TIME:2026-11-22T08:00:02.000Z\n"
            "#EXTINF:2.000000,\n"
            "../p1/720p/897667201-a1.m4s\n"
            "#EXT-X-PROGRAM-DATE-TIME:2026-11-22T08:00:04.000Z\n"
            "#EXTINF:2.000000,\n"
            "../p1/720p/897667202-a1.m4s\n"
            "#EXT-X-PROGRAM-DATE-TIME:2026-11-22T08:00:06.000Z\n"
            "#EXT-X-PART:DURATION=1.000000,URI=\"../p1/720p/897667203-a1.0.m4s\",INDEPENDENT=YES\n"
            "#EXT-X-PART:DURATION=1.000000,URI=\"../p1/720p/897667203-a1.1.m4s\",INDEPENDENT=YES\n"
            "#EXTINF:2.000000,\n"
            "../p1/720p/897667203-a1.m4s\n"
            "#EXT-X-PROGRAM-DATE-TIME:2026-11-22T08:00:08.000Z\n"
            "#EXT-X-PART:DURATION=1.000000,URI=\"../p1/720p/897667204-a1.0.m4s\",INDEPENDENT=YES\n"
            "#EXT-X-PART:DURATION=1.000000,URI=\"../p1/720p/897667204-a1.1.m4s\",INDEPENDENT=YES\n"
            "#EXTINF:2.000000,\n"
            "../p1/720p/897667204-a1.m4s\n"
            "#EXT-X-PROGRAM-DATE-TIME:2026-11-22T08:00:10.000Z\n"
            "#EXT-X-PART:DURATION=1.000000,URI=\"../p1/720p/897667205-a1.0.m4s\",INDEPENDENT=YES\n"
            "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"../p1/720p/897667205-a1.1.m4s\"\n"
            "#EXT-X-RENDITION-REPORT:URI=\"other.m3u8\",LAST-MSN=897667205,LAST-PART=0\n");
    }

    TEST_CASE("before the first segment is whole there are its parts, word for word") {
        test::CmafFeed feed({.start = kMorning});
        feed.step();
        feed.step();
        CHECK(
            to_text(make_media_playlist(feed.timeline().latest(seconds(10)), "audio",
                                        low_latency(feed, "audio"))) ==
            "#EXTM3U\n"
            "#EXT-X-VERSION:9\n"
            "#EXT-X-TARGETDURATION:2\n"
            "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12.0,HOLD-BACK=6.0,"
            "PART-HOLD-BACK=1.024002\n"
            "#EXT-X-PART-INF:PART-TARGET=0.341334\n"
            "#EXT-X-MEDIA-SEQUENCE:897667200\n"
            "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
            "#EXT-X-INDEPENDENT-SEGMENTS\n"
            "#EXT-X-MAP:URI=\"../p1/audio/init-audioa1.mp4\"\n"
            "#EXT-X-PROGRAM-DATE-TIME:2026-11-22T08:00:00.000Z\n"
            "#EXT-X-PART:DURATION=0.341333,URI=\"../p1/audio/897667200-a1.0.m4s\",INDEPENDENT=YES\n"
            "#EXT-X-PART:DURATION=0.341334,URI=\"../p1/audio/897667200-a1.1.m4s\",INDEPENDENT=YES\n"
            "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"../p1/audio/897667200-a1.2.m4s\"\n"
            "#EXT-X-RENDITION-REPORT:URI=\"other.m3u8\",LAST-MSN=897667200,LAST-PART=1\n");
    }

    TEST_CASE("a delta update leaves out what lies behind the skip boundary") {
        test::CmafFeed feed({.start = kMorning});
        for (int slot = 0; slot < 10; ++slot) feed.step_slot();
        feed.step();
        auto options = low_latency(feed, "720p");
        const auto full = make_media_playlist(feed.timeline().all(), "720p", options);
        options.delta = true;
        const auto delta = make_media_playlist(feed.timeline().all(), "720p", options);
        // The seventh last begins 14 s before the last one's end, and ends 12 s before it.
        CHECK(delta.skipped_segments == 3);
        CHECK(delta.media_sequence == full.media_sequence);
        REQUIRE(delta.segments.size() + 3 == full.segments.size());
        CHECK(delta.segments.front().map == full.segments.front().map);
        CHECK(delta.segments.front().uri == full.segments[3].uri);
        CHECK(delta.segments.back() == full.segments.back());
        CHECK(to_text(delta).find("#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
                                  "#EXT-X-INDEPENDENT-SEGMENTS\n"
                                  "#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n"
                                  "#EXT-X-MAP:") != std::string::npos);
    }

    TEST_CASE("with nothing to skip, or nobody who may, a delta update is the whole playlist") {
        test::CmafFeed feed({.start = kMorning});
        for (int slot = 0; slot < 7; ++slot) feed.step_slot();
        auto options = low_latency(feed, "720p");
        const auto same = [&] {
            options.delta = false;
            const auto full = to_text(make_media_playlist(feed.timeline().all(), "720p", options));
            options.delta = true;
            return to_text(make_media_playlist(feed.timeline().all(), "720p", options)) == full;
        };
        CHECK(same());
        for (int slot = 0; slot < 7; ++slot) feed.step_slot();
        CHECK(!same());
        options.server_control->can_skip_until_us = 0;
        CHECK(same());
        options = low_latency(feed, "720p");
        feed.timeline().finish();
        CHECK(same());
    }

    TEST_CASE("a playlist that has ended asks nobody to wait") {
        test::CmafFeed feed({.start = kMorning});
        feed.step_slot();
        feed.step();
        feed.timeline().finish();
        CHECK(to_text(
                  make_media_playlist(feed.timeline().all(), "720p", low_latency(feed, "720p"))) ==
              "#EXTM3U\n"
              "#EXT-X-VERSION:6\n"
              "#EXT-X-TARGETDURATION:2\n"
              "#EXT-X-MEDIA-SEQUENCE:897667200\n"
              "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
              "#EXT-X-INDEPENDENT-SEGMENTS\n"
              "#EXT-X-MAP:URI=\"../p1/720p/init-720pa1.mp4\"\n"
              "#EXT-X-PROGRAM-DATE-TIME:2026-11-22T08:00:00.000Z\n"
              "#EXTINF:2.000000,\n"
              "../p1/720p/897667200-a1.m4s\n"
              "#EXT-X-ENDLIST\n");
    }

    TEST_CASE("another run brings a discontinuity and its own init segment, also for parts") {
        test::CmafFeed feed({.start = kMorning});
        feed.step();
        feed.change_run("b2", feed.timeline().tracks());
        while (!feed.step()) {
        }
        feed.step();
        const auto playlist =
            make_media_playlist(feed.timeline().all(), "720p", low_latency(feed, "720p"));
        REQUIRE(playlist.segments.size() == 2);
        CHECK(playlist.segments[1].discontinuity);
        CHECK(playlist.segments[1].map == "../p1/720p/init-720pb2.mp4");
        CHECK(playlist.segments[1].uri.empty());
        CHECK(playlist.segments[1].parts.at(0).uri == "../p1/720p/897667201-b2.0.m4s");
        CHECK(to_text(playlist).find("#EXT-X-DISCONTINUITY\n"
                                     "#EXT-X-MAP:URI=\"../p1/720p/init-720pb2.mp4\"\n"
                                     "#EXT-X-PROGRAM-DATE-TIME:2026-11-22T08:00:02.000Z\n"
                                     "#EXT-X-PART:") != std::string::npos);
    }

    TEST_CASE("parts of a rendition that another one stands in for are the other's") {
        test::CmafFeed feed({.tracks = {test::cmaf_video("720p", 720, 3'000'000),
                                        test::cmaf_video("360p", 360, 800'000)},
                             .start = kMorning});
        feed.step();
        feed.change_run("b2", {test::cmaf_video("360p", 360, 800'000)});
        while (!feed.step()) {
        }
        feed.step();
        feed.step();
        const auto playlist =
            make_media_playlist(feed.timeline().all(), "720p", low_latency(feed, "720p"));
        REQUIRE(playlist.segments.size() == 2);
        CHECK(playlist.segments[1].map == "../p1/360p/init-360pb2.mp4");
        REQUIRE(playlist.segments[1].parts.size() == 2);
        CHECK(playlist.segments[1].parts[0].uri == "../p1/360p/897667201-b2.0.m4s");
        CHECK(playlist.segments[1].parts[0].independent);
        CHECK(!playlist.segments[1].parts[1].independent);
        CHECK(playlist.preload_hint == "../p1/360p/897667201-b2.2.m4s");
    }

    TEST_CASE("sound is stood in for by sound, though a picture is nearer in bandwidth") {
        const auto video = test::cmaf_video("tiny", 120, 150'000);
        test::CmafFeed feed({.tracks = {video, test::cmaf_audio("low", "", 60'000),
                                        test::cmaf_audio("high", "", 140'000)},
                             .start = kMorning});
        feed.step();
        feed.change_run("b2", {video, test::cmaf_audio("low", "", 60'000)});
        while (!feed.step()) {
        }
        feed.step_slot();
        const auto playlist =
            make_media_playlist(feed.timeline().all(), "high", low_latency(feed, "high"));
        REQUIRE(playlist.segments.size() == 2);
        CHECK(playlist.segments[1].uri == "../p1/low/897667201-b2.m4s");
        CHECK(playlist.segments[1].map == "../p1/low/init-lowb2.mp4");
    }

    TEST_CASE("a playlist of I-frames, word for word") {
        test::CmafFeed feed({.parts = false, .start = kMorning});
        feed.step_slot();
        feed.lose_segment();
        feed.step_slot();
        feed.step_slot();
        feed.timeline().finish();
        auto options = low_latency(feed, "720p");
        options.i_frames_only = true;
        options.start = StartPoint{.offset_us = -4'500'000, .precise = true};
        CHECK(to_text(make_media_playlist(feed.timeline().all(), "720p", options)) ==
              "#EXTM3U\n"
              "#EXT-X-VERSION:8\n"
              "#EXT-X-TARGETDURATION:2\n"
              "#EXT-X-MEDIA-SEQUENCE:897667200\n"
              "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
              "#EXT-X-INDEPENDENT-SEGMENTS\n"
              "#EXT-X-I-FRAMES-ONLY\n"
              "#EXT-X-START:TIME-OFFSET=-4.5,PRECISE=YES\n"
              "#EXT-X-MAP:URI=\"../p1/720p/init-720pa1.mp4\"\n"
              "#EXT-X-PROGRAM-DATE-TIME:2026-11-22T08:00:00.000Z\n"
              "#EXTINF:2.000000,\n"
              "#EXT-X-BYTERANGE:40000@0\n"
              "../p1/720p/897667200-a1.m4s\n"
              "#EXT-X-GAP\n"
              "#EXT-X-PROGRAM-DATE-TIME:2026-11-22T08:00:02.000Z\n"
              "#EXTINF:2.000000,\n"
              "../p1/720p/897667201-a1.m4s\n"
              "#EXT-X-DISCONTINUITY\n"
              "#EXT-X-MAP:URI=\"../p1/720p/init-720pa1.mp4\"\n"
              "#EXT-X-PROGRAM-DATE-TIME:2026-11-22T08:00:04.000Z\n"
              "#EXTINF:2.000000,\n"
              "#EXT-X-BYTERANGE:40000@0\n"
              "../p1/720p/897667202-a1.m4s\n"
              "#EXT-X-ENDLIST\n");
    }

    TEST_CASE("a playlist of I-frames that goes on promises what the others promise") {
        test::CmafFeed feed({.start = kMorning});
        for (int slot = 0; slot < 3; ++slot) feed.step_slot();
        feed.step();
        auto options = low_latency(feed, "720p");
        const auto all = make_media_playlist(feed.timeline().all(), "720p", options);
        options.i_frames_only = true;
        const auto frames = make_media_playlist(feed.timeline().all(), "720p", options);
        CHECK(frames.server_control == all.server_control);
        CHECK(frames.part_target_us == 0);
        CHECK(frames.preload_hint.empty());
        CHECK(frames.segments.size() == 3);
        CHECK(frames.segments.back().parts.empty());
    }

    TEST_CASE("an event playlist says so") {
        MediaPlaylist playlist;
        playlist.type = MediaPlaylistType::event;
        CHECK(to_text(playlist).find("#EXT-X-PLAYLIST-TYPE:EVENT\n") != std::string::npos);
    }

    TEST_CASE("dates are those of the calendar, rounded down to milliseconds") {
        const auto date = [](MediaTime time) {
            MediaPlaylist playlist;
            playlist.segments.push_back({.uri = "a", .program_date_time = time});
            const std::string text = to_text(playlist);
            const auto begin = text.find("TIME:") + 5;
            return text.substr(begin, text.find('\n', begin) - begin);
        };
        CHECK(date(nanoseconds(0)) == "1970-01-01T00:00:00.000Z");
        CHECK(date(nanoseconds(1'999'999)) == "1970-01-01T00:00:00.001Z");
        CHECK(date(seconds(951'868'799)) == "2000-02-29T23:59:59.000Z");
        CHECK(date(seconds(2'147'483'648) + milliseconds(7)) == "2038-01-19T03:14:08.007Z");
        CHECK(date(seconds(4'107'542'400)) == "2100-03-01T00:00:00.000Z");
    }

    TEST_CASE("numbers do not depend on the process's locale") {
        const std::string former = std::setlocale(LC_ALL, nullptr);
        MediaPlaylist playlist;
        playlist.media_sequence = 1234567;
        playlist.segments.push_back({.uri = "a", .duration_us = 1'234'567'000'001});
        const std::string expected = to_text(playlist);
        std::setlocale(LC_ALL, "");
        CHECK(to_text(playlist) == expected);
        std::setlocale(LC_ALL, former.c_str());
        CHECK(expected.find("#EXTINF:1234567.000001,\n") != std::string::npos);
    }

    TEST_CASE(
        "the sum of EXTINF is the media span within a microsecond at every point of 24 hours") {
        for (const Rational rate : {Rational{24000, 1001}, Rational{25, 1}, Rational{30000, 1001},
                                    Rational{50, 1}, Rational{60000, 1001}}) {
            for (const MediaTime duration : {seconds(1), seconds(2), seconds(6)}) {
                CAPTURE(rate.numerator);
                CAPTURE(duration.count());
                const media::Grid grid(rate, duration);
                // Not at a full second, so that rounding has something to do.
                const Window window = window_of(grid, kMorning + seconds(77), hours(24));
                const MediaPlaylist playlist = make_media_playlist(
                    window, "r", {.target_duration = grid.target_duration(), .uri_prefix = ""});
                REQUIRE(playlist.segments.size() == window.slots.size());
                std::int64_t sum_us = 0;
                std::int64_t wrong = 0;
                for (std::size_t i = 0; i < window.slots.size(); ++i) {
                    const std::int64_t extinf = playlist.segments[i].duration_us;
                    sum_us += extinf;
                    const MediaTime span = window.slots[i].end - window.slots[0].start;
                    wrong += std::abs(sum_us * 1000 - span.count()) > 1000;
                    wrong += (extinf + 500'000) / 1'000'000 > playlist.target_duration;
                    wrong += playlist.segments[i].program_date_time != window.slots[i].start;
                }
                CHECK(wrong == 0);
            }
        }
    }

    TEST_CASE("whatever is written is read back as it was") {
        std::mt19937 random(20261122);
        const auto below = [&](std::int64_t limit) {
            return std::uniform_int_distribution<std::int64_t>(0, limit - 1)(random);
        };
        for (int round = 0; round < 200; ++round) {
            MediaPlaylist playlist;
            playlist.target_duration = 1 + below(10);
            playlist.media_sequence = below(1LL << 40);
            playlist.discontinuity_sequence = below(1LL << 40);
            playlist.type = std::array{MediaPlaylistType::none, MediaPlaylistType::event,
                                       MediaPlaylistType::vod}[static_cast<std::size_t>(below(3))];
            playlist.independent_segments = below(2) == 0;
            playlist.end_list = below(2) == 0;
            for (std::int64_t i = below(20); i > 0; --i) {
                playlist.segments.push_back(
                    {.uri = "../r/" + std::to_string(below(1LL << 40)),
                     .duration_us = below(20'000'000),
                     .program_date_time = milliseconds(below(1LL << 42)),
                     .discontinuity = below(3) == 0,
                     .gap = below(3) == 0,
                     .map = below(3) == 0 ? "i.mp4" : "",
                     .leading_bytes = static_cast<std::uint64_t>(below(3))});
                for (std::int64_t part = below(4); part > 0; --part) {
                    playlist.segments.back().parts.push_back(
                        {"p" + std::to_string(part), below(1'000'000), below(2) == 0});
                }
            }
            if (below(2) == 0) {
                playlist.server_control = ServerControl{.can_block_reload = true,
                                                        .can_skip_until_us = below(1'000'000'000),
                                                        .hold_back_us = below(20'000'000),
                                                        .part_hold_back_us = below(3'000'000)};
                playlist.part_target_us = below(1'000'000);
                playlist.preload_hint = below(2) == 0 ? "hint" : "";
                playlist.skipped_segments = below(3);
                playlist.rendition_reports = {{"a", below(9), below(9)}, {"b", below(9), {}}};
            }
            playlist.i_frames_only = below(4) == 0;
            if (below(2) == 0) {
                playlist.start = StartPoint{below(2'000'000) - 1'000'000, below(2) == 0};
            }
            CHECK(test::read_media_playlist(to_text(playlist)) == playlist);
        }
    }
}

}  // namespace
}  // namespace weir::hls
