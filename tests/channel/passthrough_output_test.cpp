// SPDX-License-Identifier: MIT
#include "channel/passthrough_output.hpp"

#include <doctest/doctest.h>

#include <condition_variable>
#include <fstream>

#include "origin/channel_endpoint.hpp"
#include "support/captured_answer.hpp"
#include "support/clip_units.hpp"
#include "support/clips.hpp"
#include "support/fake_clock.hpp"
#include "support/playlist_reader.hpp"
#include "support/temporary_folder.hpp"

using namespace std::chrono_literals;
using weir::channel::PassthroughOutput;
using weir::channel::PassthroughOutputEvents;
using weir::channel::PassthroughOutputOptions;
using weir::media::MediaTime;
using weir::media::Slot;
using weir::test::ClipUnits;

namespace {

constexpr const char* kProgramme = "20270115T080000000Z";

struct PassthroughFixture {
    std::shared_ptr<PassthroughOutput> make(bool alone = true, bool recorded = true) {
        PassthroughOutputOptions options{.sink = {.playlist_type = weir::PlaylistType::live,
                                                  .segment_duration = 2s,
                                                  .window = 6s},
                                         .passthrough = {.name = "source"},
                                         .alone = alone,
                                         .prefix = "news",
                                         .recorded = recorded};
        PassthroughOutputEvents events{
            .on_slot = [this](const Slot& slot) { note([&] { slots.push_back(slot); }); },
            .on_store = [](bool, const std::string&) {},
            .on_finished = [this] { note([&] { finished = true; }); },
            .on_alert = [this](const std::string& code, bool,
                               const std::string&) { note([&] { alerts.push_back(code); }); }};
        return PassthroughOutput::create(options, store, clock, std::move(events));
    }

    void serve(const PassthroughOutput& output) {
        views.push_back(output.view());
        endpoint.begin(views);
    }

    void play(PassthroughOutput& output, const ClipUnits& clip) {
        const auto sink = output.open();
        for (const auto& [kind, caps] : clip.caps) sink->configure(kind, caps);
        MediaTime last = clip.units.front().dts;
        for (const auto& unit : clip.units) {
            clock->advance(unit.dts - last);
            last = unit.dts;
            CHECK(sink->push(unit.kind, weir::base::borrow_mini(unit.buffer.get())));
        }
        sink->close();
    }

    template <class F>
    void note(F change) {
        const std::lock_guard lock(mutex);
        change();
        wake.notify_all();
    }
    bool wait(const std::function<bool()>& condition) {
        std::unique_lock lock(mutex);
        return wake.wait_for(lock, 20s, condition);
    }

    std::string get(const std::string& path, int status = 200) {
        const auto answer = std::make_shared<weir::test::CapturedAnswer>();
        endpoint.handle({.method = "GET", .path = '/' + path}, path,
                        weir::net::HttpResponder(answer));
        CAPTURE(path);
        REQUIRE(answer->response());
        CHECK(answer->response()->status == status);
        return answer->text();
    }
    weir::hls::MediaPlaylist playlist(const std::string& path) {
        return weir::test::read_media_playlist(get(path));
    }

    weir::test::TemporaryFolder folder;
    std::shared_ptr<weir::test::FakeClock> clock = std::make_shared<weir::test::FakeClock>();
    std::shared_ptr<weir::Store> store = weir::open_store(weir::MemoryStore{}).value();
    weir::origin::ChannelEndpoint endpoint{"news", store, weir::base::Executor::control()};
    std::vector<weir::origin::View> views;  // besides the output's
    std::mutex mutex;
    std::condition_variable wake;
    std::vector<Slot> slots;
    std::vector<std::string> alerts;
    bool finished = false;
};

ClipUnits make_clip(const PassthroughFixture& fixture, double seconds) {
    const auto file = fixture.folder.path("clip.mp4");
    const auto length = std::to_string(seconds);
    weir::test::make_clip(file, "-f lavfi -i testsrc2=s=192x108:r=25:d=" + length +
                                    " -f lavfi -i sine=r=48000:d=" + length +
                                    " -c:v libx264 -preset ultrafast -pix_fmt yuv420p -bf 2 -g 50"
                                    " -c:a aac");
    return weir::test::read_mp4_units(file);
}

}  // namespace

TEST_SUITE_BEGIN("channel/passthrough_output");

TEST_CASE("a source is served as it is, live and at the programme's address, and ends as VOD") {
    PassthroughFixture fixture;
    const auto output = fixture.make();
    output->begin(kProgramme, 28);
    fixture.serve(*output);
    fixture.get("hls/source.m3u8", 503);
    fixture.play(*output, make_clip(fixture, 13));
    REQUIRE(fixture.wait([&] { return fixture.slots.size() == 7; }));

    const auto index = weir::test::read_multivariant_playlist(fixture.get("hls/source.m3u8"));
    REQUIRE(index.variants.size() == 1);
    CHECK_FALSE(index.independent_segments);
    CHECK(index.variants[0].uri == "source.media.m3u8");
    CHECK(index.variants[0].width == 192);
    CHECK(index.variants[0].height == 108);
    CHECK(index.variants[0].codecs.ends_with(",mp4a.40.2"));
    CHECK(fixture.get("hls/index.m3u8") == fixture.get("hls/source.m3u8"));

    const auto live = fixture.playlist("hls/source.media.m3u8");
    CHECK(live.type == weir::hls::MediaPlaylistType::none);
    CHECK(live.target_duration == 10);
    CHECK(live.media_sequence == fixture.clock->utc() / 2s - 6 + 3);
    CHECK_FALSE(live.end_list);
    const std::string own = std::string(kProgramme) + "/hls/";
    CHECK(fixture.playlist(own + "source.media.m3u8").segments.size() == 7);

    output->finish();
    REQUIRE(fixture.wait([&] { return fixture.finished; }));
    CHECK(fixture.playlist("hls/source.media.m3u8").end_list);
    const auto vod = fixture.playlist(own + "source.media.m3u8");
    CHECK(vod.type == weir::hls::MediaPlaylistType::vod);
    std::int64_t sum = 0;
    std::string joined;
    for (const auto& segment : vod.segments) {
        sum += segment.duration_us;
        CHECK_FALSE(segment.discontinuity);
        CHECK(segment.uri.starts_with("../source/"));
        joined += fixture.get(std::string(kProgramme) + "/" + segment.uri.substr(3));
    }
    CHECK(sum == 13'000'000);
    const auto path = fixture.folder.path("joined.ts");
    weir::test::write_text(path, joined);
    CHECK(weir::test::decode_errors(path) == "");
    for (const std::string name : {"index", "source", "source.media"}) {
        CHECK(fixture.store->get("news/" + own + name + ".m3u8").value().read().value() ==
              fixture.get(own + name + ".m3u8"));
    }
    CHECK(fixture.alerts.empty());
    output->close();
}

TEST_CASE("a source that comes again goes on with a discontinuity and no gap") {
    PassthroughFixture fixture;
    const auto output = fixture.make();
    output->begin(kProgramme, 28);
    fixture.serve(*output);
    const auto clip = make_clip(fixture, 4);
    fixture.play(*output, clip);
    fixture.clock->advance(30s);
    fixture.play(*output, clip);
    REQUIRE(fixture.wait([&] { return fixture.slots.size() == 4; }));
    const auto all = fixture.playlist(std::string(kProgramme) + "/hls/source.media.m3u8");
    std::vector<bool> marks;
    for (const auto& segment : all.segments) {
        marks.push_back(segment.discontinuity);
        CHECK_FALSE(segment.gap);
        CHECK(segment.duration_us == 2'000'000);
    }
    CHECK(marks == std::vector<bool>{false, false, true, false});
    CHECK(all.segments[2].program_date_time - all.segments[1].program_date_time > 30s);
    CHECK(fixture.playlist("hls/source.media.m3u8").segments.size() == 3);
    CHECK(output->next_number() == fixture.slots.back().number + 1);
}

TEST_CASE("a store that holds a window keeps what the playlist has shown over a long loss") {
    PassthroughFixture fixture;
    const auto output = fixture.make(true, false);
    output->begin(kProgramme, 28);
    fixture.serve(*output);
    const auto clip = make_clip(fixture, 4);
    fixture.play(*output, clip);
    fixture.clock->advance(600s);
    fixture.play(*output, clip);
    REQUIRE(fixture.wait([&] { return fixture.slots.size() == 4; }));
    const auto live = fixture.playlist("hls/source.media.m3u8");
    CHECK(live.segments.size() == 3);
    for (const auto& segment : live.segments) fixture.get(segment.uri.substr(3));
}

TEST_CASE("what comes before the programme begins is its beginning") {
    PassthroughFixture fixture;
    const auto output = fixture.make();
    fixture.play(*output, make_clip(fixture, 4));
    CHECK(output->timeline() == nullptr);
    output->begin(kProgramme, 28);
    REQUIRE(fixture.wait([&] { return fixture.slots.size() == 2; }));
    CHECK(output->timeline()->tracks()[0].width == 192);
    CHECK_FALSE(output->timeline()->tracks()[0].codecs.empty());
}

TEST_CASE("beside encoded renditions it leaves index.m3u8 to them") {
    PassthroughFixture fixture;
    const auto output = fixture.make(false);
    output->begin(kProgramme, 28);
    const auto encoded = std::make_shared<weir::media::Timeline>(
        kProgramme, std::vector{weir::media::Track{.name = "720p", .codecs = "avc1.64001f"}}, 28);
    fixture.views = {{.timeline = encoded,
                      .segment_duration = output->options().sink.segment_duration,
                      .target_duration = 2,
                      .window = output->options().sink.window}};
    fixture.serve(*output);
    encoded->add(0, 1, 2s, 4s, "run", 1000);
    fixture.play(*output, make_clip(fixture, 4));
    REQUIRE(fixture.wait([&] { return fixture.slots.size() == 2; }));
    const auto uri = [&](const std::string& path) {
        return weir::test::read_multivariant_playlist(fixture.get(path)).variants.at(0).uri;
    };
    CHECK(uri("hls/index.m3u8") == "720p.m3u8");
    CHECK(uri("hls/source.m3u8") == "source.media.m3u8");
    fixture.playlist("hls/720p.m3u8");
    fixture.playlist("hls/source.media.m3u8");
    fixture.get("hls/720p.media.m3u8", 404);
    output->finish();
    REQUIRE(fixture.wait([&] { return fixture.finished; }));
    CHECK_FALSE(fixture.store->get("news/" + std::string(kProgramme) + "/hls/index.m3u8"));

    const auto next =
        std::make_shared<weir::media::Timeline>("20270115T090000000Z", encoded->tracks(), 40);
    fixture.endpoint.begin({{.timeline = next,
                             .segment_duration = output->options().sink.segment_duration,
                             .target_duration = 2,
                             .window = output->options().sink.window}});
    fixture.get("hls/source.m3u8", 404);
    fixture.playlist(std::string(kProgramme) + "/hls/source.media.m3u8");
}

TEST_CASE("after close() nothing comes") {
    PassthroughFixture fixture;
    auto output = fixture.make();
    const auto sink = output->open();
    output->begin(kProgramme, 28);
    output->close();
    output->close();
    const auto clip = make_clip(fixture, 1);
    CHECK_FALSE(
        sink->push(clip.units[0].kind, weir::base::borrow_mini(clip.units[0].buffer.get())));
    output.reset();
    CHECK_FALSE(
        sink->push(clip.units[0].kind, weir::base::borrow_mini(clip.units[0].buffer.get())));
    CHECK(fixture.slots.empty());
}

TEST_SUITE_END();
