// SPDX-License-Identifier: MIT
#include "origin/channel_endpoint.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "hls/programme_playlists.hpp"
#include "origin/content.hpp"
#include "support/captured_answer.hpp"
#include "support/playlist_reader.hpp"

namespace weir::origin {
namespace {

using hls::MediaPlaylistType;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::string field(const net::HttpResponse& response, std::string_view name) {
    for (const auto& [key, value] : response.fields) {
        if (key == name) return value;
    }
    return "";
}

std::string body(const net::HttpResponse& response) {
    return response.body.read().value();
}

// Counts what the endpoint asks of the store.
class CountingStore final : public Store {
public:
    Result<void> put(std::string_view key, const Bytes& bytes) override {
        return store_->put(key, bytes);
    }
    Result<Bytes> get(std::string_view key) override {
        ++gets;
        if (broken) return Error{*broken, "/secret/path: cause"};
        return store_->get(key);
    }
    Result<ObjectInfo> describe(std::string_view key) override {
        if (broken) return Error{*broken, "/secret/path: cause"};
        return store_->describe(key);
    }
    Result<void> remove(std::string_view key) override { return store_->remove(key); }
    Result<std::vector<ObjectInfo>> list(std::string_view prefix) override {
        return store_->list(prefix);
    }

    int gets = 0;
    std::optional<ErrorCode> broken;

private:
    const std::shared_ptr<Store> store_ = open_store(MemoryStore{}).value();
};

struct Fixture {
    std::shared_ptr<CountingStore> store = std::make_shared<CountingStore>();
    ChannelEndpoint endpoint{"news", store, base::Executor::control()};
    std::shared_ptr<media::Timeline> timeline;
    std::string query;  // of the next requests

    void begin(const std::string& programme, PlaylistType type = PlaylistType::live,
               bool recorded = false) {
        media::Track hi{.name = "hi",
                        .width = 1280,
                        .height = 720,
                        .frame_rate = {25, 1},
                        .codecs = "avc1.64001f,mp4a.40.2",
                        .bandwidth = {.peak_bps = 3'000'000, .average_bps = 2'000'000}};
        media::Track lo = hi;
        lo.name = "lo";
        timeline = std::make_shared<media::Timeline>(programme, std::vector{hi, lo}, 28);
        endpoint.begin({{.timeline = timeline,
                         .playlist_type = type,
                         .segment_duration = milliseconds(6000),
                         .target_duration = 6,
                         .window = milliseconds(18'000),
                         .recorded = recorded}});
    }

    // Publishes slots as the channel does: bytes first.
    void publish(std::int64_t first, std::int64_t last) {
        for (std::int64_t n = first; n <= last; ++n) {
            media::Slot slot;
            slot.number = n;
            slot.run = "a";
            for (std::size_t track = 0; track < 2; ++track) {
                const std::string name =
                    segment_name(timeline->programme(), timeline->tracks()[track].name, slot);
                const std::string content = "bytes of " + name;
                store->put("news/" + name, Bytes::from_string(content)).value();
                timeline->add(track, n, seconds(6 * n), seconds(6 * n + 6), "a", content.size());
            }
        }
    }

    net::HttpResponse get(std::string_view path, net::HttpFields fields = {},
                          std::string method = "GET") {
        const auto answer = std::make_shared<test::CapturedAnswer>();
        endpoint.handle({.method = std::move(method),
                         .path = "/news/" + std::string(path),
                         .query = query,
                         .fields = std::move(fields)},
                        path, net::HttpResponder(answer));
        REQUIRE(answer->response());
        return *answer->response();
    }

    hls::MediaPlaylist playlist(std::string_view path) {
        const auto response = get(path);
        REQUIRE(response.status == 200);
        return test::read_media_playlist(body(response));
    }
};

// Where a relative URI in the playlist at `path` leads.
std::string resolve(std::string path, std::string uri) {
    path.resize(path.rfind('/') + 1);
    while (uri.starts_with("../")) {
        uri.erase(0, 3);
        path.pop_back();
        path.resize(path.rfind('/') == path.npos ? 0 : path.rfind('/') + 1);
    }
    return path + uri;
}

TEST_SUITE("origin/channel_endpoint") {
    TEST_CASE_FIXTURE(Fixture, "before the first segment the answer is: try again in a second") {
        const auto expect_not_now = [&](std::string_view path) {
            CAPTURE(path);
            const auto response = get(path);
            CHECK(response.status == 503);
            CHECK(field(response, "Retry-After") == "1");
            CHECK(field(response, "Cache-Control") == "max-age=1");
            CHECK(field(response, "Access-Control-Allow-Origin") == "*");
        };
        expect_not_now("hls/index.m3u8");
        expect_not_now("hls/hi.m3u8");
        begin("p1");
        expect_not_now("hls/index.m3u8");
        expect_not_now("hls/hi.m3u8");
        expect_not_now("p1/hls/hi.m3u8");
        CHECK(get("hls/other.m3u8").status == 404);
        publish(100, 100);
        CHECK(get("hls/index.m3u8").status == 200);
    }

    TEST_CASE_FIXTURE(Fixture,
                      "a live playlist slides, keeps its window at the end and gains ENDLIST") {
        begin("p1");
        publish(100, 109);
        auto live = playlist("hls/hi.m3u8");
        CHECK(live.media_sequence == 107);
        CHECK(live.segments.size() == 3);
        CHECK(live.type == MediaPlaylistType::none);
        CHECK_FALSE(live.end_list);
        CHECK(live.target_duration == 6);
        CHECK(playlist("p1/hls/hi.m3u8").segments.size() == 3);

        timeline->finish();
        live.end_list = true;
        CHECK(playlist("hls/hi.m3u8") == live);
        CHECK(playlist("p1/hls/hi.m3u8").end_list);
        CHECK(playlist("p1/hls/hi.m3u8").type == MediaPlaylistType::none);
    }

    TEST_CASE_FIXTURE(Fixture, "an event playlist keeps everything and becomes VOD") {
        begin("p1", PlaylistType::event);
        publish(100, 109);
        for (const char* path : {"hls/hi.m3u8", "p1/hls/hi.m3u8"}) {
            const auto event = playlist(path);
            CHECK(event.type == MediaPlaylistType::event);
            CHECK(event.media_sequence == 100);
            CHECK(event.segments.size() == 10);
            CHECK_FALSE(event.end_list);
        }
        timeline->finish();
        for (const char* path : {"hls/hi.m3u8", "p1/hls/hi.m3u8"}) {
            const auto vod = playlist(path);
            CHECK(vod.type == MediaPlaylistType::vod);
            CHECK(vod.segments.size() == 10);
            CHECK(vod.end_list);
        }
    }

    TEST_CASE_FIXTURE(Fixture, "a recorded programme has all of itself at its own address") {
        begin("p1", PlaylistType::live, true);
        publish(100, 109);
        CHECK(playlist("hls/hi.m3u8").segments.size() == 3);
        CHECK(playlist("p1/hls/hi.m3u8").segments.size() == 10);
        CHECK(playlist("p1/hls/hi.m3u8").type == MediaPlaylistType::event);
        timeline->finish();
        CHECK(playlist("hls/hi.m3u8").type == MediaPlaylistType::none);
        CHECK(playlist("p1/hls/hi.m3u8").type == MediaPlaylistType::vod);
    }

    TEST_CASE_FIXTURE(Fixture, "every URI in a playlist leads to its segment") {
        begin("p1", PlaylistType::live, true);
        publish(100, 104);
        for (const std::string path : {"hls/lo.m3u8", "p1/hls/lo.m3u8"}) {
            for (const auto& segment : playlist(path).segments) {
                const auto response = get(resolve(path, segment.uri));
                CAPTURE(segment.uri);
                CHECK(response.status == 200);
                CHECK(field(response, "Content-Type") == "video/mp2t");
                CHECK(body(response).starts_with("bytes of p1/lo/10"));
            }
        }
        for (const std::string path : {"hls/index.m3u8", "p1/hls/index.m3u8"}) {
            const auto index = test::read_multivariant_playlist(body(get(path)));
            REQUIRE(index.variants.size() == 2);
            for (const auto& variant : index.variants) {
                CHECK(get(resolve(path, variant.uri)).status == 200);
            }
        }
    }

    TEST_CASE_FIXTURE(Fixture,
                      "the multivariant playlist says the bound while live, then what it was") {
        begin("p1");
        publish(100, 104);
        const auto bandwidth = [&] {
            return test::read_multivariant_playlist(body(get("hls/index.m3u8")))
                .variants.at(0)
                .bandwidth;
        };
        CHECK(bandwidth() == 3'000'000);
        timeline->finish();
        CHECK(bandwidth() == 31);  // 23 bytes in 6 s, rounded up
    }

    TEST_CASE_FIXTURE(Fixture,
                      "caches keep live playlists for half a segment, also after the end") {
        begin("p1", PlaylistType::event);
        publish(100, 101);
        for (const char* path : {"hls/index.m3u8", "hls/hi.m3u8"}) {
            CHECK(field(get(path), "Cache-Control") == "max-age=3");
            CHECK(field(get("p1/" + std::string(path)), "Cache-Control") == "max-age=3");
            CHECK(field(get(path), "Content-Type") == kPlaylistType);
        }
        timeline->finish();
        for (const char* path : {"hls/index.m3u8", "hls/hi.m3u8"}) {
            CHECK(field(get(path), "Cache-Control") == "max-age=3");
            CHECK(field(get("p1/" + std::string(path)), "Cache-Control") == kImmutable);
        }
        CHECK(field(get("p1/hi/100-a.ts"), "Cache-Control") == kImmutable);
    }

    TEST_CASE_FIXTURE(Fixture, "half of a short segment is at least a second") {
        begin("p1");
        publish(100, 100);
        endpoint.begin({{.timeline = timeline,
                         .segment_duration = milliseconds(1500),
                         .target_duration = 2,
                         .window = milliseconds(18'000)}});
        CHECK(field(get("hls/hi.m3u8"), "Cache-Control") == "max-age=1");
    }

    TEST_CASE_FIXTURE(Fixture, "an unchanged playlist is not sent twice") {
        begin("p1");
        publish(100, 101);
        const std::string etag = field(get("hls/hi.m3u8"), "ETag");
        REQUIRE(etag.size() > 2);
        CHECK(etag.front() == '"');
        const auto again = get("hls/hi.m3u8", {{"If-None-Match", etag}});
        CHECK(again.status == 304);
        CHECK(again.body.size() == 0);
        CHECK(field(again, "Cache-Control") == "max-age=3");
        publish(102, 102);
        CHECK(get("hls/hi.m3u8", {{"If-None-Match", etag}}).status == 200);
        CHECK(field(get("hls/hi.m3u8"), "ETag") != etag);
        CHECK(field(get("hls/lo.m3u8"), "ETag") != field(get("hls/hi.m3u8"), "ETag"));
    }

    TEST_CASE_FIXTURE(Fixture, "a poll finds what was rendered for another") {
        begin("p1");
        publish(100, 101);
        const net::Body first = get("hls/hi.m3u8").body;
        CHECK(get("hls/hi.m3u8").body.pieces().front().memory().data() ==
              first.pieces().front().memory().data());
        publish(102, 102);
        CHECK(get("hls/hi.m3u8").body.pieces().front().memory().data() !=
              first.pieces().front().memory().data());
    }

    TEST_CASE_FIXTURE(Fixture, "playlists are compressed for whoever takes it, segments never") {
        begin("p1", PlaylistType::event);
        publish(100, 120);
        const net::HttpFields gzip{{"Accept-Encoding", "gzip"}};
        const auto packed = get("hls/hi.m3u8", gzip);
        CHECK(field(packed, "Content-Encoding") == "gzip");
        CHECK(packed.body.size() < get("hls/hi.m3u8").body.size() / 2);
        CHECK(packed.body.pieces().front().memory().data() ==
              get("hls/hi.m3u8", gzip).body.pieces().front().memory().data());
        CHECK(field(get("p1/hi/100-a.ts", gzip), "Content-Encoding").empty());
    }

    TEST_CASE_FIXTURE(Fixture, "segments know ranges, HEAD and conditions") {
        begin("p1");
        publish(100, 100);
        const auto part = get("p1/hi/100-a.ts", {{"Range", "bytes=6-7"}});
        CHECK(part.status == 206);
        CHECK(body(part) == "of");
        CHECK(get("p1/hi/100-a.ts", {}, "HEAD").status == 200);
        const std::string etag = field(part, "ETag");
        CHECK(get("p1/hi/100-a.ts", {{"If-None-Match", etag}}).status == 304);
        CHECK(get("p1/hi/100-a.ts").body.pieces().front().file() >= 0);  // sent without a copy
    }

    TEST_CASE_FIXTURE(Fixture,
                      "a next programme takes over the live address, the former stays at its own") {
        begin("p1", PlaylistType::event, true);
        publish(100, 109);
        timeline->finish();
        for (const auto& [key, text] : hls::recorded_playlists("news", *timeline, 6)) {
            store->put(key, Bytes::from_string(text)).value();
        }
        const auto before = get("p1/hls/hi.m3u8");
        const auto index = get("p1/hls/index.m3u8");

        begin("p2", PlaylistType::event, true);
        CHECK(get("hls/hi.m3u8").status == 503);
        publish(200, 200);
        CHECK(playlist("hls/hi.m3u8").media_sequence == 200);
        CHECK(playlist("hls/hi.m3u8").discontinuity_sequence == 28);
        const auto after = get("p1/hls/hi.m3u8");
        CHECK(after.status == 200);
        CHECK(body(after) == body(before));  // it was immutable
        CHECK(field(after, "ETag") == field(before, "ETag"));
        CHECK(field(after, "Cache-Control") == kImmutable);
        CHECK(field(after, "Content-Type") == kPlaylistType);
        CHECK(body(get("p1/hls/index.m3u8")) == body(index));
        CHECK(get("p1/hi/100-a.ts").status == 200);

        SUBCASE("its playlists are not read again for every poll") {
            const int gets = store->gets;
            get("p1/hls/hi.m3u8");
            CHECK(store->gets == gets);
        }
        SUBCASE("until it is removed from the store") {
            store->remove("news/p1/hls/hi.m3u8").value();
            CHECK(get("p1/hls/hi.m3u8").status == 404);
        }
    }

    TEST_CASE_FIXTURE(Fixture, "recordings of an earlier process are served") {
        store->put("news/p0/hls/hi.m3u8", Bytes::from_string("#EXTM3U\n")).value();
        CHECK(body(get("p0/hls/hi.m3u8")) == "#EXTM3U\n");
        CHECK(field(get("p0/hls/hi.m3u8"), "Cache-Control") == kImmutable);
    }

    TEST_CASE_FIXTURE(Fixture, "a programme that ended without a segment is nothing") {
        begin("p1");
        timeline->finish();
        CHECK(get("p1/hls/hi.m3u8").status == 404);
        CHECK(get("hls/hi.m3u8").status == 503);  // the next programme will be there
    }

    TEST_CASE_FIXTURE(Fixture, "what is not there is 404 and tells players of other sites so") {
        begin("p1");
        publish(100, 100);
        store->put("news/p1/journal", Bytes::from_string("private")).value();
        store->put("news/p1/hls/notes.txt", Bytes::from_string("private")).value();
        store->put("sport/p1/hi/100-a.ts", Bytes::from_string("another channel's")).value();
        for (const char* path : {"",
                                 "/",
                                 "hls",
                                 "hls/",
                                 "index.m3u8",
                                 "hls/index.m3u8/",
                                 "hls/.m3u8",
                                 "hls/index.mpd",
                                 "hls/other.m3u8",
                                 "hls/hi",
                                 "p1",
                                 "p1/hls",
                                 "p1/hls/other.m3u8",
                                 "p1/hi/101-a.ts",
                                 "p1/hi/100-b.ts",
                                 "p1/hi/.ts",
                                 "p1/other/100-a.ts",
                                 "p2/hls/index.m3u8",
                                 "p1/journal",
                                 "p1/hls/notes.txt",
                                 "p1/hi/100-a.ts/x.ts",
                                 "../sport/p1/hi/100-a.ts",
                                 "p1/../p1/hi/100-a.ts",
                                 "./hls/hi.m3u8",
                                 "hls//hi.m3u8",
                                 "p1/hi/100 a.ts",
                                 "..//hls/hi.m3u8",
                                 "../hls/x.m3u8"}) {
            CAPTURE(path);
            const auto response = get(path);
            CHECK(response.status == 404);
            CHECK(field(response, "Access-Control-Allow-Origin") == "*");
            CHECK(field(response, "Cache-Control") == "max-age=1");
            CHECK(response.body.size() > 0);
        }
    }

    TEST_CASE_FIXTURE(Fixture, "a path that is no key never reaches the host's store") {
        for (const char* path : {"p1/hi/100 a.ts", "../hi/1-a.ts", "p1/../1-a.ts", "p1//1-a.ts"}) {
            CAPTURE(path);
            CHECK(get(path).status == 404);
        }
        CHECK(store->gets == 0);
    }

    TEST_CASE_FIXTURE(Fixture, "a store that fails is an answer without its secrets") {
        begin("p1");
        publish(100, 100);
        const auto expect = [&](ErrorCode code, int status) {
            store->broken = code;
            for (const char* path : {"p1/hi/100-a.ts", "p0/hls/index.m3u8"}) {
                const auto response = get(path);
                CHECK(response.status == status);
                CHECK(body(response).find("secret") == std::string::npos);
                CHECK(field(response, "Access-Control-Allow-Origin") == "*");
                CHECK(field(response, "Cache-Control") == "max-age=1");
                CHECK((field(response, "Retry-After") == "1") == (status == 503));
            }
        };
        expect(ErrorCode::unavailable, 503);
        expect(ErrorCode::timed_out, 503);
        expect(ErrorCode::io, 500);
        expect(ErrorCode::not_found, 404);
        CHECK(get("hls/hi.m3u8").status == 200);  // live goes on from memory
    }

    TEST_CASE_FIXTURE(Fixture, "other methods are told what works here, on any path") {
        begin("p1");
        for (const char* path : {"hls/hi.m3u8", "nothing"}) {
            CHECK(get(path, {}, "POST").status == 405);
            CHECK_FALSE(field(get(path, {}, "DELETE"), "Allow").empty());
            CHECK(get(path, {}, "OPTIONS").status == 204);
        }
    }

    TEST_CASE_FIXTURE(Fixture, "handle gives the answer to the responder") {
        struct Exchange final : net::HttpResponder::Exchange {
            void answer(net::HttpResponse response) override { given = std::move(response); }
            std::optional<net::HttpResponse> given;
        };
        const auto exchange = std::make_shared<Exchange>();
        endpoint.handle({.method = "GET", .path = "/news/x", .query = "", .fields = {}}, "x",
                        net::HttpResponder(exchange));
        REQUIRE(exchange->given);
        CHECK(exchange->given->status == 404);
    }

    TEST_CASE_FIXTURE(Fixture, "players poll while segments are published and the programme ends") {
        begin("p1");
        publish(100, 100);
        std::vector<std::thread> players;
        std::atomic<int> wrong = 0;
        for (int i = 0; i < 3; ++i) {
            players.emplace_back([&] {
                std::int64_t sequence = 0;
                for (bool ended = false; !ended;) {
                    const auto response = get("hls/hi.m3u8");
                    const auto live = test::read_media_playlist(body(response));
                    wrong += live.media_sequence < sequence;
                    wrong += live.segments.empty();
                    sequence = live.media_sequence;
                    ended = live.end_list;
                }
            });
        }
        publish(101, 300);
        timeline->finish();
        for (std::thread& player : players) player.join();
        CHECK(wrong == 0);
        CHECK(playlist("hls/hi.m3u8").media_sequence == 298);
    }
}

}  // namespace
}  // namespace weir::origin
