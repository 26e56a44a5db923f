// SPDX-License-Identifier: MIT
#include "hls/media_playlist.hpp"

#include <algorithm>
#include <array>
#include <clocale>
#include <cstdlib>
#include <random>

#include <doctest/doctest.h>

#include "media/grid.hpp"
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
        window.slots = {slot(7, seconds(14), milliseconds(15'999)),
                        slot(8, milliseconds(15'999), milliseconds(18'000)),
                        slot(9, seconds(18), nanoseconds(18'500'000'499))};
        window.slots[1].gap = true;
        window.slots[2].discontinuity = true;
        window.slots[2].run = "77";
        window.ended = true;
        const MediaPlaylistOptions options{
            .target_duration = 2, .type = MediaPlaylistType::vod, .uri_prefix = "../"};
        CHECK(to_text(make_media_playlist(window, "sd", options)) ==
              "#EXTM3U\n"
              "#EXT-X-VERSION:6\n"
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
        window.slots = {slot(7, seconds(14), milliseconds(14'400)),
                        slot(8, milliseconds(14'400), milliseconds(17'200)),
                        slot(9, milliseconds(17'200), seconds(20)),
                        slot(10, seconds(20), seconds(22))};
        window.slots[1].gap = window.slots[2].gap = true;
        window.slots[3].discontinuity = true;
        const auto segments =
            make_media_playlist(window, "sd", {.target_duration = 2, .uri_prefix = ""}).segments;
        REQUIRE(segments.size() == 4);
        CHECK(segments[0].duration_us == 400'000);
        for (const std::size_t i : {1, 2}) {
            CHECK(segments[i].duration_us == 2'000'000);
            CHECK(segments[i].program_date_time + seconds(2) == window.slots[i].end);
        }
        CHECK(segments[3].duration_us == 2'000'000);
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
                playlist.segments.push_back({.uri = "../r/" + std::to_string(below(1LL << 40)),
                                             .duration_us = below(20'000'000),
                                             .program_date_time = milliseconds(below(1LL << 42)),
                                             .discontinuity = below(3) == 0,
                                             .gap = below(3) == 0});
            }
            CHECK(test::read_media_playlist(to_text(playlist)) == playlist);
        }
    }
}

}  // namespace
}  // namespace weir::hls
