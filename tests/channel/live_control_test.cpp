// SPDX-License-Identifier: MIT
// What a host does to a channel that runs.
#include <doctest/doctest.h>

#include <atomic>

#include <gst/gst.h>

#include "channel_rig.hpp"
#include "support/clips.hpp"

using namespace weir::test::channel_rig;  // NOLINT: the whole file is about it

namespace {

ChannelConfig recorded(const weir::test::TemporaryFolder& folder) {
    auto config = small_config();
    config.outputs = {weir::HlsSink{
        .playlist_type = weir::PlaylistType::event, .segment_duration = 1000ms, .window = 4000ms}};
    config.store = weir::DirectoryStore{folder.path()};
    return config;
}

weir::hls::MediaPlaylist playlist_of(weir::Store& store, const Channel& channel,
                                     const std::string& rendition) {
    return weir::test::read_media_playlist(
        read(store, "news/" + channel.programme() + "/hls/" + rendition + ".m3u8"));
}

// Every segment that a playlist names is in the store.
void check_whole(weir::Store& store, const Channel& channel, const std::string& rendition) {
    const auto playlist = playlist_of(store, channel, rendition);
    CHECK(playlist.end_list);
    for (const auto& segment : playlist.segments) {
        if (segment.gap) continue;
        const auto key = "news/" + channel.programme() + "/" + segment.uri.substr(3);
        CHECK_MESSAGE(store.describe(key).has_value(), key);
    }
}

template <class Match>
int count(const weir::hls::MediaPlaylist& playlist, Match match) {
    return static_cast<int>(
        std::count_if(playlist.segments.begin(), playlist.segments.end(), match));
}

}  // namespace

TEST_SUITE("channel/live_control") {
    TEST_CASE("the ladder changes while it runs: one discontinuity, no gap, whole playlists") {
        const weir::test::TemporaryFolder folder;
        auto config = recorded(folder);
        auto channel = Channel::create(config).value();
        Events events(channel);
        REQUIRE(channel.start());
        REQUIRE(events.wait_count<weir::SegmentPublished>(2));
        config.ladder.video[0].bitrate_bps = 200'000;
        config.ladder.video[1] = {
            .name = "mid", .width = 240, .height = 136, .bitrate_bps = 250'000};
        REQUIRE(channel.update(config));
        CHECK(channel.config() == config);
        REQUIRE(events.wait_count<weir::SegmentPublished>(6));
        REQUIRE(channel.finish());
        auto store = weir::open_store(config.store).value();
        const auto index = read(*store, "news/" + channel.programme() + "/hls/index.m3u8");
        CHECK(index.find("high.m3u8") != index.npos);
        CHECK(index.find("mid.m3u8") != index.npos);
        CHECK(index.find("low.m3u8") == index.npos);  // not encoded at the end
        const auto high = playlist_of(*store, channel, "high");
        const auto mid = playlist_of(*store, channel, "mid");
        CHECK(high.segments.size() == mid.segments.size());
        for (const auto* playlist : {&high, &mid}) {
            CHECK(count(*playlist, [](const auto& s) { return s.gap; }) == 0);
            CHECK(count(*playlist, [](const auto& s) { return s.discontinuity; }) == 1);
        }
        // Before the change the nearest one stands in.
        CHECK(mid.segments.front().uri.find("/mid/") == std::string::npos);
        CHECK(mid.segments.back().uri.find("/mid/") != std::string::npos);
        check_whole(*store, channel, "high");
        check_whole(*store, channel, "mid");
    }

    TEST_CASE("what cannot change while it runs is named, and nothing has changed") {
        auto config = small_config();
        auto channel = Channel::create(config).value();
        REQUIRE(channel.start());
        auto other = config;
        other.name = "olds";
        other.frame_rate = weir::Rational{25, 1};
        other.ladder.audio.clear();
        other.ladder.video[0].width = 640;
        const auto refused = channel.update(other);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::invalid_argument);
        for (const char* field : {"name:", "frame_rate:", "ladder.audio:", "ladder.video[0]:"}) {
            CHECK_MESSAGE(refused.error().message.find(field) != std::string::npos, field);
        }
        CHECK(channel.config() == config);
        auto wrong = config;
        wrong.inputs.clear();
        CHECK(channel.update(wrong).error().message.find("inputs:") != std::string::npos);
        CHECK(channel.stop());
        other = config;
        other.frame_rate = weir::Rational{25, 1};
        CHECK(channel.update(other));
        CHECK(channel.config() == other);
    }

    TEST_CASE("a pause is a gap in the numbers, and the programme goes on behind it") {
        const weir::test::TemporaryFolder folder;
        const auto config = recorded(folder);
        auto channel = Channel::create(config).value();
        CHECK(channel.pause().error().code == ErrorCode::unavailable);
        Events events(channel);
        REQUIRE(channel.start());
        REQUIRE(events.wait_count<weir::SegmentPublished>(2));
        REQUIRE(channel.pause());
        REQUIRE(channel.pause());
        REQUIRE(events.wait_for<weir::Paused>([](const auto& e) { return e.paused; }));
        CHECK(channel.stats().paused);
        REQUIRE(channel.resume());
        REQUIRE(events.wait_for<weir::Paused>([](const auto& e) { return !e.paused; }));
        const auto before = events.all().size();
        CHECK(before > 0);
        REQUIRE(events.wait_count<weir::SegmentPublished>(6));
        REQUIRE(channel.finish());
        auto store = weir::open_store(config.store).value();
        const auto high = playlist_of(*store, channel, "high");
        CHECK(count(high, [](const auto& s) { return s.discontinuity; }) >= 1);
        check_whole(*store, channel, "high");
        check_whole(*store, channel, "low");
    }

    TEST_CASE("finish() ends a paused programme") {
        const weir::test::TemporaryFolder folder;
        const auto config = recorded(folder);
        auto channel = Channel::create(config).value();
        Events events(channel);
        REQUIRE(channel.start());
        REQUIRE(events.wait_count<weir::SegmentPublished>(2));
        REQUIRE(channel.pause());
        REQUIRE(channel.finish());
        auto store = weir::open_store(config.store).value();
        check_whole(*store, channel, "high");
    }

    TEST_CASE("taps see every frame and sample, and may replace them; thumbnails are pictures") {
        auto config = small_config();
        config.thumbnail_interval = 200ms;
        auto channel = Channel::create(config).value();
        std::atomic<int> frames = 0;
        std::atomic<int> samples = 0;
        Events events(channel);
        const auto video = channel.on_frame([&](GstSample* sample) -> GstSample* {
            ++frames;
            auto* black = gst_buffer_copy_deep(gst_sample_get_buffer(sample));
            gst_buffer_memset(black, 0, 16, gst_buffer_get_size(black));
            auto* replaced = gst_sample_new(black, gst_sample_get_caps(sample), nullptr, nullptr);
            gst_buffer_unref(black);
            return replaced;
        });
        {
            const auto audio =
                channel.on_samples([&](std::chrono::nanoseconds, std::span<float> block, int) {
                    samples += static_cast<int>(block.size());
                    std::fill(block.begin(), block.end(), 0.0F);
                });
            REQUIRE(channel.start());
            REQUIRE(events.wait_count<weir::SegmentPublished>(2));
        }
        const int heard = samples;
        CHECK(frames >= 30);
        CHECK(heard >= 48'000);
        REQUIRE(events.wait_count<weir::SegmentPublished>(3));
        CHECK(samples == heard);
        const auto thumbnail = channel.latest_thumbnail();
        REQUIRE(thumbnail);
        const auto text = thumbnail->read().value();
        CHECK(text.substr(0, 2) == "\xFF\xD8");
        CHECK(text.size() > 200);
        CHECK(channel.stop());
    }

    TEST_CASE("inputs are switched, added and removed while it runs") {
        auto config = small_config();
        config.inputs.push_back(weir::TestPattern{.width = 64, .height = 36, .clock = false});
        auto channel = Channel::create(config).value();
        Events events(channel);
        CHECK(channel.switch_input(1).error().code == ErrorCode::unavailable);
        CHECK(channel.switch_input(2).error().code == ErrorCode::invalid_argument);
        REQUIRE(channel.start());
        REQUIRE(events.wait_count<weir::SegmentPublished>(1));
        REQUIRE(channel.switch_input(1));
        REQUIRE(events.wait_for<weir::InputSwitched>(
            [](const auto& e) { return e.from == 0 && e.to == 1; }));
        CHECK(channel.stats().input == 1);
        config.inputs.erase(config.inputs.begin());
        REQUIRE(channel.update(config));
        REQUIRE(events.wait_count<weir::SegmentPublished>(3));
        CHECK(channel.stats().input == 0);
        CHECK(channel.stats().inputs.size() == 1);
        config.inputs.push_back(weir::FileInput{.path = "/nowhere/a.mp4"});
        const auto refused = channel.update(config);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().message.find("inputs[1].path: /nowhere/a.mp4: No such file") !=
              std::string::npos);
        REQUIRE(events.wait_count<weir::SegmentPublished>(5));
        CHECK(channel.stop());
    }

    TEST_CASE("passthrough alone switches at a time, with a keyframe") {
        const auto encoded = [](const std::string& pattern) {
            return weir::GstInput{
                .launch = "videotestsrc is-live=true pattern=" + pattern +
                          " ! video/x-raw,width=64,height=36,framerate=30/1"
                          " ! x264enc speed-preset=ultrafast tune=zerolatency key-int-max=15"};
        };
        ChannelConfig config = small_config();
        config.inputs = {encoded("red"), encoded("blue")};
        config.ladder = {.passthrough = weir::Passthrough{.max_segment_duration = 4000ms}};
        config.outputs = {weir::HlsSink{.segment_duration = 1000ms, .window = 10'000ms}};
        config.failover.automatic = false;
        auto channel = Channel::create(config).value();
        Events events(channel);
        REQUIRE(channel.start());
        REQUIRE(events.wait_count<weir::SegmentPublished>(1));
        const auto at = std::chrono::system_clock::now() + 700ms;
        REQUIRE(channel.switch_input(1, at));
        weir::InputSwitched found{};
        REQUIRE(events.wait_for<weir::InputSwitched>([&](const auto& e) {
            found = e;
            return true;
        }));
        CHECK(found.from == 0);
        CHECK(found.to == 1);
        CHECK(found.reason == "chosen by the host");
        CHECK(found.time >= at);
        const auto published = channel.stats().segments;
        REQUIRE(events.wait_count<weir::SegmentPublished>(published + 2));
        CHECK(channel.stats().input == 1);
        CHECK(channel.finish());
    }

    TEST_CASE("an input is told with its sound, though that comes later than its pictures") {
        auto config = small_config();
        config.inputs = {weir::GstInput{
            .launch = "videotestsrc is-live=true ! "
                      "capsfilter caps=video/x-raw,width=64,height=36,framerate=25/1 "
                      "audiotestsrc is-live=true ! queue min-threshold-time=500000000"}};
        auto channel = Channel::create(config).value();
        Events events(channel);
        REQUIRE(channel.start());
        std::string told;
        CHECK(events.wait_for<weir::InputConnected>([&](const auto& e) {
            told = e.description;
            return true;
        }));
        CHECK_MESSAGE(told.find("Hz") != std::string::npos, told);
        CHECK(channel.stop());
    }

    TEST_CASE("an update that is refused is not seen: no switch, no other run of the encoders") {
        const weir::test::TemporaryFolder folder;
        auto config = recorded(folder);
        auto channel = Channel::create(config).value();
        Events events(channel);
        REQUIRE(channel.start());
        REQUIRE(events.wait_count<weir::SegmentPublished>(1));
        // The input that is on would go, and the ladder would change.
        auto wrong = config;
        wrong.inputs = {weir::TestPattern{.width = 64, .height = 36, .clock = false},
                        weir::FileInput{.path = "/nowhere/a.mp4"}};
        wrong.ladder.video[0].bitrate_bps = 200'000;
        REQUIRE_FALSE(channel.update(wrong));
        wrong.inputs = config.inputs;
        wrong.overlays = {{.path = "/nowhere/logo.png"}};
        REQUIRE_FALSE(channel.update(wrong));
        REQUIRE(events.wait_count<weir::SegmentPublished>(4));
        CHECK(events.count<weir::InputSwitched>() == 0);
        CHECK(events.count<weir::InputConnected>() == 1);
        CHECK(channel.stats().inputs.size() == 1);
        REQUIRE(channel.finish());
        auto store = weir::open_store(config.store).value();
        CHECK(count(playlist_of(*store, channel, "high"),
                    [](const auto& segment) { return segment.discontinuity; }) == 0);
    }

    TEST_CASE("the host's choice is of an input, wherever that stands in the list by then") {
        auto config = small_config();
        config.inputs.push_back(weir::TestPattern{.width = 64, .height = 36, .clock = false});
        auto channel = Channel::create(config).value();
        Events events(channel);
        REQUIRE(channel.start());
        REQUIRE(events.wait_count<weir::SegmentPublished>(1));
        REQUIRE(channel.switch_input(1));
        REQUIRE(events.wait_count<weir::InputSwitched>(1));
        config.inputs.insert(config.inputs.begin(),
                             weir::TestPattern{.width = 32, .height = 18, .clock = false});
        REQUIRE(channel.update(config));
        REQUIRE(events.wait_count<weir::SegmentPublished>(3));
        CHECK(channel.stats().input == 2);
        CHECK(events.count<weir::InputSwitched>() == 1);
        CHECK(channel.stop());
    }

    TEST_CASE("an input that passthrough cannot take is named") {
        auto config = small_config();
        config.ladder = {.video = {}, .audio = {}, .passthrough = weir::Passthrough{}};
        auto channel = Channel::create(config).value();
        CHECK(channel.start().error().message.find("inputs[0]: its media is not encoded") !=
              std::string::npos);
    }

    TEST_CASE("while another input delivers nothing is recovering") {
        auto config = small_config();
        config.inputs = {
            weir::GstInput{.launch = "videotestsrc is-live=true num-buffers=100 ! "
                                     "video/x-raw,width=64,height=36,framerate=30/1 ! identity"},
            weir::TestPattern{.width = 64, .height = 36, .clock = false}};
        auto channel = Channel::create(config).value();
        Events events(channel);
        REQUIRE(channel.start());
        REQUIRE(events.wait_for<weir::InputLost>([](const auto& e) { return e.input == 0; }));
        CHECK(channel.state() == ChannelState::running);
        CHECK(channel.stop());
    }

    TEST_CASE("an overlay that is not there is named, at the start and later") {
        auto config = small_config();
        config.overlays = {{.path = "/nowhere/logo.png"}};
        auto channel = Channel::create(config).value();
        const auto refused = channel.start();
        REQUIRE_FALSE(refused);
        CHECK(refused.error().message.find("overlays[0].path: /nowhere/logo.png: No such file") !=
              std::string::npos);
        config.overlays.clear();
        CHECK(channel.update(config));
        REQUIRE(channel.start());
        config.overlays = {{.path = "/nowhere/logo.png"}};
        CHECK_FALSE(channel.update(config));
        CHECK(channel.stop());
    }

    TEST_CASE("without an input it pauses, and goes on with the next one") {
        const weir::test::TemporaryFolder folder;
        const auto clip = folder.path("short.mp4");
        weir::test::make_clip(clip,
                              "-f lavfi -i testsrc2=size=64x36:rate=30 -t 1 -c:v libx264 "
                              "-preset ultrafast -pix_fmt yuv420p ");
        auto config = small_config();
        config.inputs = {weir::FileInput{.path = clip}};
        config.idle = weir::Idle::pause;
        config.idle_after = 1000ms;
        auto channel = Channel::create(config).value();
        Events events(channel);
        REQUIRE(channel.start());
        REQUIRE(events.wait_for<weir::Paused>([](const auto& e) { return e.paused; }));
        config.inputs = {weir::TestPattern{.width = 64, .height = 36, .clock = false}};
        REQUIRE(channel.update(config));
        REQUIRE(events.wait_for<weir::Paused>([](const auto& e) { return !e.paused; }));
        const auto published = channel.stats().segments;
        REQUIRE(events.wait_count<weir::SegmentPublished>(published + 2));
        CHECK(channel.finish());
    }
}
