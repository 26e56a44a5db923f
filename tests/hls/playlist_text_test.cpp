// SPDX-License-Identifier: MIT
#include "hls/playlist_text.hpp"

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "support/cmaf_feed.hpp"
#include "support/playlist_rules.hpp"

namespace weir::hls {
namespace {

using std::chrono::seconds;

constexpr std::int64_t kTarget = 2;

// One playlist of the feed's timeline as a client reads it again and again, in both ways.
class Reader {
public:
    Reader(test::CmafFeed& feed, std::string rendition, const std::string& other)
        : feed_(feed),
          rendition_(std::move(rendition)),
          options_(options(feed, rendition_, other)),
          text_(rendition_, options_),
          full_(expected(rendition_)),
          delta_(expected(rendition_)) {}

    static test::PlaylistRules::Expected expected(const std::string& rendition) {
        return {.fragmented = true, .parts = true, .audio = rendition == "audio"};
    }

    static MediaPlaylistOptions options(test::CmafFeed& feed, const std::string& rendition,
                                        const std::string& other) {
        media::Timeline& timeline = feed.timeline();
        const auto tracks = timeline.all_tracks();
        return {.target_duration = kTarget,
                .uri_prefix = "../p1/",
                .extension = "m4s",
                .tracks = tracks,
                .part_target = feed.schedule().part_target(tracks[timeline.index_of(rendition)]),
                .server_control = server_control(kTarget, feed.longest_part()),
                .rendition_reports = {other + ".m3u8"}};
    }

    // Both ways to the text give the same bytes and marks.
    media::MarkedText render(const media::Window& window, const PlaylistView& view) {
        MediaPlaylistOptions options = options_;
        options.type = view.type;
        options.delta = view.delta;
        options.start = view.start;
        const auto plain = to_marked_text(make_media_playlist(window, rendition_, options));
        const TextPieces pieces = text_.render(window, view);
        CHECK(size_of(pieces) == plain.text.size());
        const bool same = joined(pieces) == plain;
        CHECK(same);
        return plain;
    }

    // Reloads the whole playlist and, as another client, a delta update of it.
    void reload(const media::Window& window, const PlaylistView& view = {}) {
        full_.check(test::read_media_playlist(render(window, view).text));
        PlaylistView delta = view;
        // Who has nothing yet asks for all of it.
        delta.delta = delta_.playlists() > 0;
        delta_.check(test::read_media_playlist(render(window, delta).text));
    }

    PlaylistText& text() { return text_; }
    [[nodiscard]] std::int64_t hints_kept() const { return full_.hints_kept(); }

private:
    test::CmafFeed& feed_;
    const std::string rendition_;
    const MediaPlaylistOptions options_;
    PlaylistText text_;
    test::PlaylistRules full_;
    test::PlaylistRules delta_;
};

TEST_SUITE("hls/playlist_text") {
    TEST_CASE("whatever happens, both texts are the same and keep every rule of a live playlist") {
        std::mt19937 random(20261122);
        const auto one_in = [&](int n) { return std::uniform_int_distribution(1, n)(random) == 1; };
        for (const Rational rate : {Rational{30, 1}, Rational{25, 1}, Rational{30000, 1001}}) {
            CAPTURE(rate.as_double());
            test::CmafFeed feed({.frame_rate = rate});
            Reader video(feed, "720p", "audio");
            Reader audio(feed, "audio", "720p");
            int run = 0;
            for (int slot = 0; slot < 700; ++slot) {
                if (slot > 0 && one_in(40)) feed.lose_segment();
                if (slot > 0 && one_in(60)) {
                    feed.change_run("r" + std::to_string(++run), feed.timeline().tracks());
                }
                if (one_in(50)) feed.timeline().trim(feed.now() - seconds(900));
                for (bool whole = false; !whole;) {
                    whole = feed.step();
                    const bool look = slot < 20 || whole || one_in(10);
                    if (!look) continue;
                    const auto window = feed.timeline().latest(seconds(700));
                    // While the newest slots are lost the playlist stays as it was.
                    if (window.slots.empty() && window.partial.empty()) continue;
                    video.reload(window);
                    audio.reload(window);
                }
            }
            CHECK(video.hints_kept() > 500);
            feed.timeline().finish();
            const auto window = feed.timeline().latest(seconds(700));
            video.reload(window);
            audio.reload(window);
        }
    }

    TEST_CASE("an event playlist keeps every rule up to its end") {
        test::CmafFeed feed;
        Reader video(feed, "720p", "audio");
        for (int slot = 0; slot < 300; ++slot) {
            while (!feed.step()) {
                video.reload(feed.timeline().all(), {.type = MediaPlaylistType::event});
            }
        }
        feed.timeline().finish();
        const auto text =
            video.render(feed.timeline().all(), {.type = MediaPlaylistType::vod, .delta = true});
        const auto playlist = test::read_media_playlist(text.text);
        CHECK(playlist.segments.size() == 300);
        CHECK(playlist.end_list);
    }

    TEST_CASE("any window shows the same entries") {
        test::CmafFeed feed({.parts = false});
        Reader video(feed, "720p", "audio");
        const auto begin = feed.now();
        for (int slot = 0; slot < 1200; ++slot) {
            if (slot % 250 == 249)
                feed.change_run("b" + std::to_string(slot), feed.timeline().tracks());
            if (slot % 111 == 110) feed.lose_segment();
            feed.step_slot();
        }
        std::mt19937 random(7);
        std::uniform_int_distribution<int> any(0, 2400);
        for (int i = 0; i < 100; ++i) {
            const int from = any(random);
            auto window =
                feed.timeline().between(begin + seconds(from), begin + seconds(any(random)));
            window.ended = i % 2 == 0;
            const auto text = video.render(
                window, {.type = window.ended ? MediaPlaylistType::vod : MediaPlaylistType::event,
                         .start = StartPoint{.offset_us = -i}});
            CHECK(test::read_media_playlist(text.text).segments.size() == window.slots.size());
        }
        // 1200 slots are four whole blocks, whatever was shown of them, and the newest slots.
        (void)video.text().render(feed.timeline().all());
        CHECK(video.text().kept() == 4);
    }

    TEST_CASE("whole blocks are written once and go with their slots") {
        test::CmafFeed feed({.parts = false});
        Reader video(feed, "720p", "audio");
        for (int slot = 0; slot < 1000; ++slot) feed.step_slot();
        const TextPieces before = video.text().render(feed.timeline().all());
        feed.step_slot();
        const TextPieces after = video.text().render(feed.timeline().all());
        REQUIRE(before.size() == after.size());
        for (std::size_t i = 1; i + 1 < after.size(); ++i) CHECK(before[i] == after[i]);
        CHECK(before.back() != after.back());
        CHECK(hash_of(before) != hash_of(after));
        CHECK(hash_of(after) == hash_of(video.text().render(feed.timeline().all())));
        CHECK(video.text().kept() == 3);
        feed.timeline().trim(feed.now() - seconds(600));
        for (int slot = 0; slot < 300; ++slot) feed.step_slot();
        (void)video.text().render(feed.timeline().all());
        // 1301 slots are five whole blocks, of which two are gone.
        CHECK(video.text().kept() == 3);
    }

    TEST_CASE("a change of the init segment shows at the border of a block as anywhere else") {
        // Slots as no programme makes them: init segments come and go without a discontinuity.
        std::mt19937 random(3);
        const auto inits = [](const std::string& file) {
            return std::make_shared<const std::map<std::string, std::string>>(
                std::map<std::string, std::string>{{"v", file}});
        };
        const std::vector<media::Names> choices{nullptr, inits("v/init-1.mp4"),
                                                inits("v/init-2.mp4")};
        for (int round = 0; round < 50; ++round) {
            media::Window window;
            std::size_t choice = 1;
            for (int i = 0; i < 1030; ++i) {
                media::Slot slot;
                slot.number = i;
                slot.start = seconds(2 * i);
                slot.end = seconds(2 * i + 2);
                slot.run = "a";
                const bool border = i % 256 < 2 || i % 256 > 253;
                if (random() % (border ? 2 : 60) == 0) choice = random() % 3;
                slot.inits = choices[choice];
                slot.discontinuity = random() % (border ? 3 : 200) == 0;
                window.slots.push_back(slot);
            }
            window.slots.drop_front(random() % 300);
            const MediaPlaylistOptions options{.target_duration = 2, .extension = "m4s"};
            PlaylistText text("v", options);
            const bool same = joined(text.render(window)) ==
                              to_marked_text(make_media_playlist(window, "v", options));
            CHECK(same);
        }
    }

    TEST_CASE("every URI is marked") {
        test::CmafFeed feed;
        Reader video(feed, "720p", "audio");
        for (int slot = 0; slot < 300; ++slot) feed.step_slot();
        feed.step();
        const auto marked = video.render(feed.timeline().all(), {});
        const std::string query = media::with_queries(marked, {.playlist = "p=1", .media = "m=1"});
        auto playlist = test::read_media_playlist(query);
        const auto plain = test::read_media_playlist(marked.text);
        const auto unmarked = [](std::string& uri, const std::string& end) {
            CHECK(uri.ends_with(end));
            uri.resize(uri.size() - std::min(uri.size(), end.size()));
        };
        for (auto& segment : playlist.segments) {
            if (!segment.map.empty()) unmarked(segment.map, "?m=1");
            if (!segment.uri.empty()) unmarked(segment.uri, "?m=1");
            for (auto& part : segment.parts) unmarked(part.uri, "?m=1");
        }
        unmarked(playlist.preload_hint, "?m=1");
        for (auto& report : playlist.rendition_reports) unmarked(report.uri, "?p=1");
        const bool same = playlist == plain;
        CHECK(same);
    }
}

}  // namespace
}  // namespace weir::hls
