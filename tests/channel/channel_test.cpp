// SPDX-License-Identifier: MIT
// A channel as its host sees it: states, events, playlists in the store. Pipelines run in real time
// here, so each case is as short as it can be.
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <map>

#include "channel_rig.hpp"

using namespace weir::test::channel_rig;  // NOLINT: the whole file is about it

TEST_SUITE("channel/channel") {
    TEST_CASE("start, publish, finish: states and events in order, and a VOD in the store") {
        const weir::test::TemporaryFolder folder;
        auto config = small_config();
        config.outputs = {weir::HlsSink{.playlist_type = weir::PlaylistType::event,
                                        .segment_duration = 1000ms,
                                        .window = 4000ms}};
        config.store = weir::DirectoryStore{folder.path()};
        auto channel = Channel::create(config).value();
        Events events(channel);
        CHECK(channel.state() == ChannelState::idle);
        REQUIRE(channel.start());
        CHECK(channel.start().error().code == ErrorCode::already_exists);
        REQUIRE(events.wait_count<weir::SegmentPublished>(3));
        CHECK(channel.state() == ChannelState::running);
        CHECK(channel.stats().segments >= 3);
        REQUIRE(channel.finish());
        CHECK(channel.state() == ChannelState::idle);
        REQUIRE(channel.finish());  // harmless
        REQUIRE(events.wait_for<StateChanged>(
            [](const auto& e) { return e.state == ChannelState::idle; }));

        std::vector<ChannelState> states;
        std::size_t published_after_end = 0;
        bool ended = false;
        for (const auto& event : events.all()) {
            if (const auto* e = std::get_if<StateChanged>(&event.detail))
                states.push_back(e->state);
            if (std::holds_alternative<weir::ProgrammeFinished>(event.detail)) ended = true;
            if (ended && std::holds_alternative<weir::SegmentPublished>(event.detail)) {
                ++published_after_end;
            }
        }
        CHECK(states == std::vector{ChannelState::starting, ChannelState::running,
                                    ChannelState::stopping, ChannelState::idle});
        CHECK(ended);
        CHECK(published_after_end == 0);

        auto store = weir::open_store(config.store).value();
        const auto base = "news/" + channel.programme() + "/";
        const auto index = read(*store, base + "hls/index.m3u8");
        CHECK(index.find("high.m3u8") != index.npos);
        CHECK(index.find("CODECS=\"avc1.") != index.npos);
        std::map<std::string, weir::hls::MediaPlaylist> playlists;
        for (const std::string name : {"high", "low"}) {
            const auto playlist =
                weir::test::read_media_playlist(read(*store, base + "hls/" + name + ".m3u8"));
            CHECK(playlist.end_list);
            CHECK(playlist.type == weir::hls::MediaPlaylistType::vod);
            CHECK(playlist.segments.size() == events.count<weir::SegmentPublished>());
            for (const auto& segment : playlist.segments) {
                CHECK(segment.duration_us <= playlist.target_duration * 1'000'000 + 499'999);
                CHECK(store->describe(base + segment.uri.substr(3)));
            }
            playlists[name] = playlist;
        }
        CHECK(playlists["high"].media_sequence == playlists["low"].media_sequence);
    }

    TEST_CASE("a second programme never uses a slot of the first again") {
        auto channel = Channel::create(small_config()).value();
        Events events(channel);
        std::int64_t last = 0;
        for (int programme = 0; programme < 2; ++programme) {
            const auto before = events.count<weir::SegmentPublished>();
            REQUIRE(channel.start());
            REQUIRE(events.wait_count<weir::SegmentPublished>(before + 1));
            REQUIRE(channel.finish());
        }
        REQUIRE(events.wait_count<weir::ProgrammeFinished>(2));
        std::string first;
        for (const auto& event : events.all()) {
            const auto* e = std::get_if<weir::SegmentPublished>(&event.detail);
            if (!e) continue;
            CHECK(e->number > last);
            last = e->number;
            if (first.empty()) first = e->programme;
        }
        CHECK(first != channel.programme());
    }

    TEST_CASE("stop() leaves the programme unfinished, and the channel can start again") {
        auto channel = Channel::create(small_config()).value();
        Events events(channel);
        REQUIRE(channel.stop());  // harmless when idle
        REQUIRE(channel.start());
        REQUIRE(events.wait_count<weir::SegmentPublished>(1));
        REQUIRE(channel.stop());
        CHECK(channel.state() == ChannelState::idle);
        CHECK(events.count<weir::ProgrammeFinished>() == 0);
        REQUIRE(channel.start());
        REQUIRE(channel.stop());  // before anything was published
    }

    TEST_CASE("finish() before anything was published ends without a playlist") {
        auto channel = Channel::create(small_config()).value();
        REQUIRE(channel.start());
        REQUIRE(channel.finish());
        CHECK(channel.state() == ChannelState::idle);
    }

    TEST_CASE("a destroyed channel sends no event any more") {
        std::atomic<int> late = 0;
        std::atomic<bool> gone = false;
        for (int i = 0; i < 3; ++i) {
            gone = false;
            auto channel = std::make_unique<Channel>(Channel::create(small_config()).value());
            const auto subscription = channel->on_event([&](const Event&) {
                if (gone) ++late;
            });
            REQUIRE(channel->start());
            channel.reset();
            gone = true;
        }
        CHECK(late == 0);
    }

    TEST_CASE("stop() and finish() may be called by an event handler") {
        auto channel = Channel::create(small_config()).value();
        std::promise<weir::Result<void>> finished;
        std::atomic<bool> once = false;
        const auto subscription = channel.on_event([&](const Event& event) {
            if (std::holds_alternative<weir::SegmentPublished>(event.detail) &&
                !once.exchange(true)) {
                finished.set_value(channel.finish());
            }
        });
        REQUIRE(channel.start());
        auto result = finished.get_future();
        REQUIRE(result.wait_for(30s) == std::future_status::ready);
        CHECK(result.get().has_value());
        CHECK(channel.state() == ChannelState::idle);
    }

    TEST_CASE("starting and stopping again and again leaves nothing open") {
        const auto open_files = [] {
            const std::filesystem::directory_iterator all("/proc/self/fd");
            return std::distance(begin(all), end(all));
        };
        auto channel = Channel::create(small_config()).value();
        std::ptrdiff_t before = 0;
        for (int i = 0; i < 6; ++i) {
            Events events(channel);
            REQUIRE(channel.start());
            REQUIRE(events.wait_for<weir::ProgrammeStarted>([](const auto&) { return true; }));
            REQUIRE(channel.stop());
            if (i == 1) before = open_files();  // what libraries open once is open
        }
        CHECK(open_files() == before);
    }

    TEST_CASE("wrong configuration and wrong files are told with field and cause") {
        auto config = small_config();
        config.ladder.video[0].width = 321;
        config.inputs = {};
        const auto invalid = Channel::create(config);
        REQUIRE_FALSE(invalid);
        CHECK(invalid.error().code == ErrorCode::invalid_argument);
        CHECK(invalid.error().message.find("ladder.video[0].width") != std::string::npos);
        CHECK(invalid.error().message.find("inputs") != std::string::npos);

        config = small_config();
        config.inputs = {weir::FileInput{.path = "no-such-file.mp4"}};
        auto channel = Channel::create(config).value();
        const auto missing = channel.start();
        REQUIRE_FALSE(missing);
        CHECK(missing.error().code == ErrorCode::not_found);
        CHECK(missing.error().message ==
              "channel \"news\": inputs[0].path: no-such-file.mp4: No such file or directory");
        CHECK(channel.state() == ChannelState::idle);

        const weir::test::TemporaryFolder folder;
        std::ofstream(folder.path() + "/text.mp4") << "this is no film";
        config.inputs = {weir::FileInput{.path = folder.path() + "/text.mp4"}};
        auto text = Channel::create(config).value();
        Events events(text);
        REQUIRE(text.start());
        CHECK(events.wait_for<weir::InputLost>([&](const auto& e) {
            return e.field == "inputs[0].path" && e.cause.find("text.mp4: ") != std::string::npos;
        }));
        // The programme goes on without it, in black.
        CHECK(events.wait_count<weir::SegmentPublished>(1));
        REQUIRE(text.finish());
    }

    TEST_CASE("a missing track is an alert that names the field") {
        auto config = small_config();
        config.inputs = {
            weir::TestPattern{.width = 320, .height = 180, .clock = false, .beep = false}};
        auto channel = Channel::create(config).value();
        Events events(channel);
        REQUIRE(channel.start());
        CHECK(events.wait_for<Alert>([](const auto& e) {
            return e.code == "no_audio" && e.set && e.text.starts_with("inputs[0]: ");
        }));
        REQUIRE(channel.stop());
    }
}
