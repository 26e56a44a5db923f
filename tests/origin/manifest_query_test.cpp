// SPDX-License-Identifier: MIT
#include "origin/manifest_query.hpp"

#include <doctest/doctest.h>

namespace weir::origin {
namespace {

using namespace std::chrono_literals;

ManifestQuery parsed(std::string_view text) {
    const auto query = parse_manifest_query(text);
    REQUIRE_MESSAGE(query, text);
    return *query;
}

std::string refused(std::string_view text) {
    const auto query = parse_manifest_query(text);
    REQUIRE_FALSE_MESSAGE(query, text);
    CHECK(query.error().code == ErrorCode::invalid_argument);
    return query.error().message;
}

media::Track video(const char* name, int height, std::int64_t bandwidth,
                   const char* codecs = "avc1.64001f") {
    return {.name = name,
            .kind = media::TrackKind::video,
            .height = height,
            .codecs = codecs,
            .bandwidth = {.peak_bps = bandwidth, .average_bps = bandwidth}};
}

media::Track audio(const char* name, const char* language, const char* codecs = "mp4a.40.2") {
    return {.name = name,
            .kind = media::TrackKind::audio,
            .channels = 2,
            .language = language,
            .codecs = codecs,
            .bandwidth = {.peak_bps = 128'000, .average_bps = 128'000}};
}

std::string names(const std::vector<media::Track>& tracks) {
    std::string all;
    for (const auto& track : tracks) all += track.name + ' ';
    return all;
}

TEST_SUITE("origin/manifest_query") {
    TEST_CASE("what is not ours is passed over") {
        CHECK(parsed("") == ManifestQuery{});
        CHECK(parsed("CMCD=ot%3Dm&x=%zz&&=&a") == ManifestQuery{});
    }

    TEST_CASE("blocking reload and delta update") {
        const auto query = parsed("_HLS_msn=897666666&_HLS_part=3&_HLS_skip=YES");
        CHECK(query.msn == 897'666'666);
        CHECK(query.part == 3);
        CHECK(query.skip);
        CHECK(parsed("_HLS_skip=v2").skip);
        CHECK(refused("_HLS_part=1") == "_HLS_part: must come with _HLS_msn");
        for (const char* text :
             {"_HLS_msn=", "_HLS_msn=-1", "_HLS_msn=1x", "_HLS_msn=99999999999999999999",
              "_HLS_msn=1&_HLS_part=a", "_HLS_skip=NO", "_HLS_msn=1&_HLS_msn=2"}) {
            CHECK_FALSE(refused(text).empty());
        }
    }

    TEST_CASE("times are dates or seconds, exactly") {
        CHECK(parsed("start=1795339888").start == 1'795'339'888s);
        CHECK(parsed("start=1795339888.25").start == 1'795'339'888'250ms);
        CHECK(parsed("start=2026-11-22T08:51:28Z").start == 1'795'337'488s);
        CHECK(parsed("start=2026-11-22T09:51:28%2B01:00").start == 1'795'337'488s);
        CHECK(parsed("start=2026-11-22T08:51:28").start == 1'795'337'488s);
        CHECK(parsed("start=2026-11-22T08:51:28.5Z").start == 1'795'337'488'500ms);
        CHECK(parsed("start=10&end=20").end == 20s);
        CHECK(parsed("time_delay=90&window=600").time_delay == 90s);
        CHECK(parsed("window=600").window == 600s);
        CHECK(refused("start=20&end=10") == "end: must be after start");
        CHECK(refused("end=10") == "end: must come with start");
        CHECK(refused("start=10&window=5") == "window: cannot come with start");
        for (const char* text : {"start=", "start=yesterday", "start=-5", "start=1.", "start=1.-5",
                                 "start=1e9", "start=99999999999999", "start=2026-13-01T00:00:00Z",
                                 "time_delay=-1", "window=1s", "start=1.0000000001", "start=%zz"}) {
            CHECK_FALSE(refused(text).empty());
        }
    }

    TEST_CASE("filters leave what passes all of them") {
        const std::vector<media::Track> all = {video("v1080", 1080, 5'000'000),
                                               video("v720", 720, 2'800'000),
                                               video("h720", 720, 2'000'000, "hvc1.1.6.L93.B0"),
                                               video("v360", 360, 700'000),
                                               audio("en", "en"),
                                               audio("fr", "fr"),
                                               audio("opus", "en", "opus")};
        const auto left = [&](std::string_view text) {
            return names(filtered(all, parsed(text).filter));
        };
        CHECK(left("") == "v1080 v720 h720 v360 en fr opus ");
        CHECK(left("video_height=0-720") == "v720 h720 v360 en fr opus ");
        CHECK(left("video_height=360,1080") == "v1080 v360 en fr opus ");
        CHECK(left("video_bitrate=0-2500000") == "h720 v360 en fr opus ");
        CHECK(left("video_codec=h265") == "h720 en fr opus ");
        CHECK(left("video_codec=h264,av1&audio_codec=aac") == "v1080 v720 v360 en fr ");
        CHECK(left("audio_language=fr&video_height=360") == "v360 fr ");
        CHECK(left("audio_channels=1") == "v1080 v720 h720 v360 ");
        for (const char* text : {"video_height=", "video_height=720-360", "video_height=a",
                                 "video_height=1,,2", "video_codec=vp8", "audio_language=e%20n",
                                 "audio_codec=", "order=up", "video_bitrate=-5"}) {
            CHECK_FALSE(refused(text).empty());
        }
        CHECK(refused("video_codec=vp8").find("h264") != std::string::npos);
    }

    TEST_CASE("what goes on into URIs is what media playlists need, and the token") {
        const auto query =
            parsed("video_height=720&token=abc.DEF-1_2~&end=20.5&start=10&order=descending&x=1");
        CHECK(query.for_playlists() == "start=10&end=20.5&token=abc.DEF-1_2~");
        CHECK(query.for_media() == "token=abc.DEF-1_2~");
        CHECK(query.key() == "start=10&end=20.5&video_height=720&order=descending");
        CHECK(parsed("start=10.500&end=20").for_playlists() == "start=10.5&end=20");
        CHECK_FALSE(refused("token=a%26b").empty());
        CHECK_FALSE(refused("token=").empty());
        CHECK(parsed("start_offset=-12.5").start_offset_ms == -12'500);
    }

    TEST_CASE("a query is bounded") {
        CHECK_FALSE(refused(std::string(3000, 'x')).empty());
        std::string many = "video_height=1";
        for (int i = 0; i < 100; ++i) many += ",1";
        CHECK_FALSE(refused(many).empty());
    }
}

}  // namespace
}  // namespace weir::origin
