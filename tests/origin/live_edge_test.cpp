// SPDX-License-Identifier: MIT
// Requests at the live edge of a low-latency CMAF view: blocking reloads, hinted parts, the segment
// that is being made.
#include <doctest/doctest.h>

#include "origin/channel_endpoint.hpp"
#include "support/captured_answer.hpp"
#include "support/playlist_reader.hpp"

namespace weir::origin {
namespace {

using namespace std::chrono_literals;
using test::CapturedAnswer;

constexpr std::int64_t kFirst = 1000;
constexpr std::size_t kParts = 4;

std::string field(const net::HttpResponse& response, std::string_view name) {
    for (const auto& [key, value] : response.fields) {
        if (key == name) return value;
    }
    return "";
}

struct Fixture {
    std::shared_ptr<Store> store = open_store(MemoryStore{}).value();
    ChannelEndpoint endpoint{"news", store, base::Executor::control()};
    std::shared_ptr<media::Timeline> timeline;

    Fixture() {
        const media::Track video{.name = "v",
                                 .kind = media::TrackKind::video,
                                 .width = 640,
                                 .height = 360,
                                 .frame_rate = {30, 1},
                                 .codecs = "avc1.64001f",
                                 .bandwidth = {.peak_bps = 900'000, .average_bps = 800'000}};
        const media::Track audio{.name = "a",
                                 .kind = media::TrackKind::audio,
                                 .sample_rate = 48'000,
                                 .channels = 2,
                                 .frame_samples = 1024,
                                 .codecs = "mp4a.40.2",
                                 .bandwidth = {.peak_bps = 130'000, .average_bps = 128'000}};
        timeline = std::make_shared<media::Timeline>("p", std::vector{video, audio}, 5);
        timeline->announce_run("r");
        const media::Grid grid({30, 1}, 2s);
        endpoint.begin({{.timeline = timeline,
                         .container = Container::cmaf,
                         .frame_rate = {30, 1},
                         .segment_duration = 2s,
                         .target_duration = 2,
                         .window = 60s,
                         .names = hls::cmaf_names(),
                         .dash = true,
                         .parts = media::PartSchedule(grid, 1s, 500ms)}});
        for (const std::size_t track : {0UL, 1UL}) {
            const std::string file = timeline->all_tracks()[track].name + "/init-1.mp4";
            timeline->set_init(track, "r", file, Bytes::from_string("init"));
        }
    }

    void part(std::int64_t number, std::size_t index) {
        const media::MediaTime start = 2s * number;
        for (const std::size_t track : {0UL, 1UL}) {
            timeline->add_part(track,
                               {.number = number,
                                .index = index,
                                .count = kParts,
                                .slot_start = start,
                                .start = start + 500ms * std::int64_t(index),
                                .end = start + 500ms * std::int64_t(index + 1),
                                .independent = true,
                                .bytes = Bytes::from_string("part" + std::to_string(index) + ' ')});
        }
    }
    void whole(std::int64_t number) {
        for (const std::size_t track : {0UL, 1UL}) {
            const auto name = timeline->all_tracks()[track].name;
            store
                ->put("news/p/" + name + '/' + std::to_string(number) + "-r.m4s",
                      Bytes::from_string("part0 part1 part2 part3 "))
                .value();
            timeline->add(track, number, 2s * number, 2s * number + 2s, "r", 24);
        }
    }
    void slot(std::int64_t number) {
        for (std::size_t i = 0; i < kParts; ++i) part(number, i);
        whole(number);
    }

    std::shared_ptr<CapturedAnswer> ask(const std::string& path, const std::string& query = "") {
        const auto answer = std::make_shared<CapturedAnswer>();
        endpoint.handle({.method = "GET", .path = "/news/" + path, .query = query, .fields = {}},
                        path, net::HttpResponder(answer));
        return answer;
    }
    int status(const std::string& path, const std::string& query = "") {
        const auto answer = ask(path, query);
        return answer->response() ? answer->response()->status : 0;
    }
};

bool ends_with_part(const std::string& text, std::int64_t number, std::size_t index) {
    const std::string uri = std::to_string(number) + "-r." + std::to_string(index) + ".m4s";
    const std::string next = std::to_string(number) + "-r." + std::to_string(index + 1) + ".m4s";
    return text.find("#EXT-X-PART:") != std::string::npos && text.find(uri) != std::string::npos &&
           text.find("PRELOAD-HINT:TYPE=PART,URI=\"../p/v/" + next) != std::string::npos;
}

TEST_SUITE("origin/live_edge") {
    TEST_CASE_FIXTURE(Fixture, "a blocking reload is answered by the very part it waits for") {
        slot(kFirst);
        part(kFirst + 1, 0);
        const auto reload = ask("cmaf/v.m3u8", "_HLS_msn=1001&_HLS_part=1");
        CHECK_FALSE(reload->response());
        part(kFirst + 1, 1);
        REQUIRE(reload->response());
        CHECK(reload->response()->status == 200);
        CHECK(ends_with_part(reload->text(), kFirst + 1, 1));
        CHECK(field(*reload->response(), "Cache-Control") == "max-age=1");
        // What is there already is answered at once.
        CHECK(status("cmaf/v.m3u8", "_HLS_msn=1001&_HLS_part=1") == 200);
        CHECK(status("cmaf/v.m3u8", "_HLS_msn=1000") == 200);
    }

    TEST_CASE_FIXTURE(Fixture, "without a part it waits for the whole segment") {
        slot(kFirst);
        for (std::size_t i = 0; i < kParts; ++i) {
            const auto reload = ask("cmaf/a.m3u8", "_HLS_msn=1001");
            CHECK_FALSE(reload->response());
            part(kFirst + 1, i);
            CHECK_FALSE(reload->response());
        }
        const auto reload = ask("cmaf/a.m3u8", "_HLS_msn=1001");
        whole(kFirst + 1);
        REQUIRE(reload->response());
        CHECK(reload->text().find("/1001-r.m4s") != std::string::npos);
    }

    TEST_CASE_FIXTURE(Fixture, "what is too far ahead is refused") {
        slot(kFirst);
        part(kFirst + 1, 0);
        CHECK(status("cmaf/v.m3u8", "_HLS_msn=1003") == 400);
        CHECK(status("cmaf/v.m3u8", "_HLS_msn=1002") == 0);  // held
        CHECK(status("cmaf/v.m3u8", "_HLS_msn=1001&_HLS_part=20") == 400);
        CHECK(status("cmaf/v.m3u8", "_HLS_part=1") == 400);
        CHECK(status("cmaf/v.m3u8", "_HLS_msn=x") == 400);
    }

    TEST_CASE_FIXTURE(Fixture, "the end releases who waits, with ENDLIST") {
        slot(kFirst);
        part(kFirst + 1, 0);
        const auto reload = ask("cmaf/v.m3u8", "_HLS_msn=1001&_HLS_part=3");
        const auto hinted = ask("p/v/1001-r.1.m4s");
        CHECK_FALSE(hinted->response());
        timeline->finish();
        REQUIRE(reload->response());
        CHECK(reload->text().ends_with("#EXT-X-ENDLIST\n"));
        REQUIRE(hinted->response());
        CHECK(hinted->response()->status == 404);
        CHECK(field(*hinted->response(), "Cache-Control") == "no-store");
        CHECK(status("cmaf/v.m3u8", "_HLS_msn=2000") == 200);
    }

    TEST_CASE_FIXTURE(Fixture, "a hinted part is held until it is there; others are not") {
        slot(kFirst);
        part(kFirst + 1, 0);
        const auto hinted = ask("p/v/1001-r.1.m4s");
        CHECK_FALSE(hinted->response());
        part(kFirst + 1, 1);
        REQUIRE(hinted->response());
        CHECK(hinted->text() == "part1 ");
        CHECK(field(*hinted->response(), "Content-Type") == "video/mp4");
        CHECK(field(*hinted->response(), "Cache-Control").find("immutable") != std::string::npos);
        CHECK(status("p/v/1001-x.2.m4s") == 404);
        CHECK(status("p/v/1002-r.2.m4s") == 404);
        CHECK(status("p/v/900-r.0.m4s") == 404);
        CHECK(status("p/nobody/1001-r.2.m4s") == 404);
        CHECK(status("q/v/1001-r.2.m4s") == 404);
        CHECK(status("p/v/1000-r.3.m4s") == 200);
    }

    TEST_CASE_FIXTURE(Fixture, "a hint that does not come true, as a run ends, is let go") {
        slot(kFirst);
        part(kFirst + 1, 0);
        const auto hinted = ask("p/v/1001-r.1.m4s");
        CHECK_FALSE(hinted->response());
        timeline->end_parts();
        REQUIRE(hinted->response());
        CHECK(hinted->response()->status == 404);
    }

    TEST_CASE_FIXTURE(Fixture, "a segment is sent while it grows") {
        slot(kFirst);
        const auto early = ask("p/v/1001-r.m4s");  // nothing of it is there
        CHECK_FALSE(early->response());
        part(kFirst + 1, 0);
        REQUIRE(early->response());
        CHECK(early->response()->status == 200);
        CHECK(early->text() == "part0 ");
        part(kFirst + 1, 1);
        CHECK(early->text() == "part0 part1 ");
        const auto later = ask("p/v/1001-r.m4s");
        CHECK(later->text() == "part0 part1 ");
        part(kFirst + 1, 2);
        CHECK_FALSE(later->ended());
        part(kFirst + 1, 3);
        for (const auto& answer : {early, later}) {
            CHECK(answer->text() == "part0 part1 part2 part3 ");
            CHECK(answer->ended());
        }
        whole(kFirst + 1);
        CHECK(ask("p/v/1001-r.m4s")->text() == "part0 part1 part2 part3 ");
    }

    TEST_CASE_FIXTURE(Fixture, "a segment that never becomes whole is broken off") {
        slot(kFirst);
        part(kFirst + 1, 0);
        const auto growing = ask("p/v/1001-r.m4s");
        REQUIRE(growing->response());
        timeline->finish();
        CHECK(growing->aborted());
        CHECK_FALSE(growing->ended());
    }

    TEST_CASE_FIXTURE(Fixture, "who leaves is not answered") {
        slot(kFirst);
        part(kFirst + 1, 0);
        const auto reload = ask("cmaf/v.m3u8", "_HLS_msn=1001&_HLS_part=1");
        reload->leave();
        part(kFirst + 1, 1);
        // Nobody read what the server says of a request that was dropped.
        CHECK((!reload->response() || reload->response()->status == 500));
        CHECK(reload->text().find("EXTM3U") == std::string::npos);
    }

    TEST_CASE_FIXTURE(Fixture, "init segments and the MPD are there, in every form of address") {
        slot(kFirst);
        slot(kFirst + 1);
        CHECK(ask("p/v/init-1.mp4")->text() == "init");
        CHECK(status("p/v/init-2.mp4") == 404);
        for (const char* path : {"dash/manifest.mpd", "p/dash/manifest.mpd"}) {
            const auto answer = ask(path);
            REQUIRE(answer->response());
            CHECK(answer->response()->status == 200);
            CHECK(field(*answer->response(), "Content-Type") == "application/dash+xml");
            CHECK(answer->text().find("$Number$-r.m4s") != std::string::npos);
        }
        CHECK(status("hls/index.m3u8") == 404);
        CHECK(status("cmaf/index.m3u8") == 200);
    }

    TEST_CASE_FIXTURE(Fixture,
                      "a token goes on into every URI, and the answer is the viewer's own") {
        slot(kFirst);
        part(kFirst + 1, 0);
        for (const char* path : {"cmaf/index.m3u8", "cmaf/v.m3u8", "dash/manifest.mpd"}) {
            CAPTURE(path);
            const auto answer = ask(path, "token=abc");
            REQUIRE(answer->response());
            CHECK(field(*answer->response(), "Cache-Control").starts_with("private"));
            const std::string text = answer->text();
            for (const char* suffix : {".m4s", ".mp4", ".m3u8"}) {
                for (std::size_t at = text.find(suffix); at != text.npos;
                     at = text.find(suffix, at + 1)) {
                    CHECK(text.substr(at + std::string_view(suffix).size(), 10) == "?token=abc");
                }
            }
            CHECK(ask(path)->text().find("token") == std::string::npos);
        }
    }

    TEST_CASE_FIXTURE(Fixture, "time shift reaches playlists, never segments") {
        for (std::int64_t n = kFirst; n < kFirst + 20; ++n) slot(n);
        const auto index = ask("cmaf/index.m3u8", "start=2010&end=2020")->text();
        CHECK(index.find("v.m3u8?start=2010&end=2020") != std::string::npos);
        const auto media = ask("cmaf/v.m3u8", "start=2010&end=2020")->text();
        CHECK(media.find("/1005-r.m4s\n") != std::string::npos);
        CHECK(media.find("/1010-r.m4s") == std::string::npos);
        CHECK(media.ends_with("#EXT-X-ENDLIST\n"));
        CHECK(media.find("EXT-X-PART") == std::string::npos);
        CHECK(status("cmaf/v.m3u8", "start=5000") == 404);
        CHECK(status("cmaf/v.m3u8", "start=now") == 400);
    }
}

}  // namespace
}  // namespace weir::origin
