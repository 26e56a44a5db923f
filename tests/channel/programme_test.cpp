// SPDX-License-Identifier: MIT
// A programme on a clock that the test owns: the pipelines run as fast as they can, and the clock
// is set and suspended under them.
#include "channel/programme.hpp"
#include "media/grid.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "support/fake_clock.hpp"
#include "support/watched.hpp"

using namespace std::chrono_literals;
using weir::ChannelConfig;
using weir::EventDetail;
using weir::base::Executor;
using weir::channel::Programme;
using weir::channel::ProgrammeEvents;
using weir::media::MediaTime;
using weir::test::FakeClock;

namespace {

ChannelConfig tiny_config(weir::Rational rate) {
    return {
        .name = "news",
        .inputs = {weir::TestPattern{.width = 64, .height = 36, .clock = false}},
        .ladder = {.video = {{.name = "high", .width = 64, .height = 36, .bitrate_bps = 100'000},
                             {.name = "low", .width = 32, .height = 18, .bitrate_bps = 50'000}},
                   .audio = {{}},
                   .gop = 500ms,
                   .preset = "ultrafast"},
        .outputs = {weir::HlsSink{.playlist_type = weir::PlaylistType::event,
                                  .segment_duration = 1000ms,
                                  .window = 4000ms}},
        .frame_rate = rate};
}

struct ProgrammeFixture {
    explicit ProgrammeFixture(weir::Rational rate = {25, 1}, std::int64_t first_free_slot = 0,
                              MediaTime utc = std::chrono::seconds(1'800'000'000))
        : clock(std::make_shared<FakeClock>(utc)),
          programme(weir::channel::make_programme(
              tiny_config(rate),
              {.store = weir::open_store(weir::MemoryStore{}).value(),
               .clock = clock,
               .executor = executor,
               .continuation = {.slot = first_free_slot},
               .taps = std::make_shared<weir::channel::FrameTaps>(),
               .thumbnailer = nullptr},
              ProgrammeEvents{.event = [this](EventDetail detail) { add(std::move(detail)); },
                              .begun =
                                  [this](const std::vector<weir::origin::View>& views) {
                                      timeline = views.front().timeline;
                                  },
                              .first_slot = [] {},
                              .failed =
                                  [this](const std::string& cause) {
                                      add(weir::Alert{"failed", true, cause});
                                  },
                              .over =
                                  [this](const std::string&) {
                                      add(weir::Alert{"suspended", true, ""});
                                  }})) {}

    ~ProgrammeFixture() { programme->stop(); }

    // The clock runs a few segments ahead of what is published: encoders that nothing paces get
    // further apart than any that work in real time.
    void pace(std::int64_t segments) { clock->allow(begin + (segments + 6) * 1s); }

    void add(EventDetail detail) {
        const std::lock_guard lock(mutex);
        if (std::holds_alternative<weir::SegmentPublished>(detail)) pace(++published);
        events.push_back(std::move(detail));
        wake.notify_all();
    }
    void start() {
        pace(0);
        weir::Result<void> started;
        executor->run([&] { started = programme->start(); });
        REQUIRE(started);
    }
    bool wait_alert(const std::string& code, bool set) {
        return wait([&](const EventDetail& detail) {
            const auto* alert = std::get_if<weir::Alert>(&detail);
            return alert && alert->code == code && alert->set == set;
        });
    }
    bool wait_segments(std::size_t wanted) {
        return wait([wanted, seen = std::size_t{0}](const EventDetail& detail) mutable {
            if (std::holds_alternative<weir::SegmentPublished>(detail)) ++seen;
            return seen >= wanted;
        });
    }
    // Whether one of the events, in their order, makes `match` true; a fresh copy for each look.
    template <class Match>
    bool wait(const Match& match) {
        std::unique_lock lock(mutex);
        return wake.wait_for(lock, 30s, [&] {
            auto look = match;
            for (const auto& event : events) {
                if (look(event)) return true;
            }
            return false;
        });
    }

    std::shared_ptr<FakeClock> clock;
    MediaTime begin = std::chrono::hours(1);  // the fake clock's first monotonic time
    std::int64_t published = 0;
    std::shared_ptr<Executor> executor = Executor::control();
    std::mutex mutex;
    std::condition_variable wake;
    std::vector<EventDetail> events;
    std::shared_ptr<const weir::media::Timeline> timeline;
    std::shared_ptr<Programme> programme;
};

// Invariants 1 to 3 and 7 over what really was encoded.
void check_timeline(const ProgrammeFixture& f, weir::Rational rate) {
    const auto window = f.timeline->all();
    REQUIRE(window.ended);
    const weir::media::Grid grid(rate, 1s);
    for (std::size_t i = 0; i < window.slots.size(); ++i) {
        const auto& slot = window.slots[i];
        CHECK_FALSE(slot.gap);
        CHECK_FALSE(slot.discontinuity);
        CHECK(slot.number == window.slots[0].number + static_cast<std::int64_t>(i));
        if (i > 0) {
            CHECK(slot.start == window.slots[i - 1].end);
            CHECK(slot.start == grid.frame_time(grid.first_frame(slot.number)));
        }
        CHECK(slot.end <= grid.frame_time(grid.first_frame(slot.number + 1)));
    }
}

}  // namespace

TEST_SUITE("channel/programme") {
    TEST_CASE("every slot is there, on the grid, at every frame rate") {
        for (const weir::Rational rate :
             {weir::Rational{24'000, 1001}, {25, 1}, {30'000, 1001}, {50, 1}, {60'000, 1001}}) {
            CAPTURE(to_string(rate));
            ProgrammeFixture f(rate);
            f.start();
            REQUIRE(f.wait_segments(20));
            REQUIRE(f.programme->finish());
            check_timeline(f, rate);
        }
    }

    TEST_CASE("the machine's clock is set: an alert, and the grid does not move") {
        for (const MediaTime step :
             {MediaTime(1s), MediaTime(-1s), MediaTime(-1h), MediaTime(24h * 365)}) {
            CAPTURE(step.count());
            ProgrammeFixture f;
            f.start();
            REQUIRE(f.wait_segments(3));
            f.clock->step_utc(step);
            REQUIRE(f.wait_alert("clock_step", true));
            f.clock->step_utc(-step);
            REQUIRE(f.wait_alert("clock_step", false));
            REQUIRE(f.programme->finish());
            check_timeline(f, {25, 1});
        }
    }

    TEST_CASE("a small step is slewed without a word") {
        for (const MediaTime step : {MediaTime(50ms), MediaTime(-50ms)}) {
            ProgrammeFixture f;
            f.start();
            REQUIRE(f.wait_segments(3));
            f.clock->step_utc(step);
            REQUIRE(f.wait_segments(30));
            REQUIRE(f.programme->finish());
            check_timeline(f, {25, 1});
            CHECK(std::none_of(f.events.begin(), f.events.end(), [](const auto& event) {
                const auto* alert = std::get_if<weir::Alert>(&event);
                return alert && alert->code == "clock_step";
            }));
        }
    }

    TEST_CASE("a suspended machine ends the run") {
        ProgrammeFixture f;
        f.start();
        REQUIRE(f.wait_segments(2));
        f.clock->suspend(1h);
        CHECK(f.wait_alert("suspended", true));
        REQUIRE(f.programme->finish());
        check_timeline(f, {25, 1});
    }

    TEST_CASE("the next programme has the inputs as they are, and who sends does not notice") {
        auto config = tiny_config({25, 1});
        config.inputs = {weir::GstInput{
            .launch = "videotestsrc is-live=true ! "
                      "capsfilter caps=video/x-raw,width=64,height=36,framerate=25/1"}};
        const auto executor = Executor::control();
        weir::test::Watched watched;
        int connected = 0;
        std::vector<std::string> losses;
        std::size_t segments = 0;
        weir::channel::ProgrammeContext context{
            .store = weir::open_store(weir::MemoryStore{}).value(),
            .clock = weir::base::system_clock(),
            .executor = executor,
            .taps = std::make_shared<weir::channel::FrameTaps>(),
            .thumbnailer = nullptr};
        const auto make = [&] {
            return weir::channel::make_programme(
                config, context,
                ProgrammeEvents{
                    .event =
                        [&](const EventDetail& detail) {
                            watched.note([&] {
                                connected += std::holds_alternative<weir::InputConnected>(detail);
                                if (const auto* loss = std::get_if<weir::InputLost>(&detail)) {
                                    losses.push_back(loss->cause);
                                }
                                segments += std::holds_alternative<weir::SegmentPublished>(detail);
                            });
                        },
                    .begun = [](const auto&) {},
                    .first_slot = [] {},
                    .failed = [](const std::string&) {},
                    .over = [](const std::string&) {}});
        };
        const auto start = [&](Programme& programme) {
            weir::Result<void> started;
            executor->run([&] { started = programme.start(); });
            REQUIRE(started);
        };
        auto programme = make();
        start(*programme);
        REQUIRE(watched.wait([&] { return connected == 1 && segments >= 2; }));
        executor->run([&] {
            context.inputs = programme->hand_over();
            CHECK(programme->finish());
            context.continuation = programme->continuation();
            programme = make();
            CHECK(programme->start());
            watched.note([&] { segments = 0; });
        });
        REQUIRE(watched.wait([&] { return segments >= 3; }));
        CHECK(programme->stats().frames_black == 0);
        CHECK(programme->stats().inputs.at(0).connected);
        CHECK_FALSE(programme->input_lost());
        CHECK(connected == 1);
        CHECK(losses.empty());
        for (const auto& loss : losses) MESSAGE(loss);
        CHECK(programme->finish());
    }

    TEST_CASE("a slot that was used before is not used again, whatever the clock says") {
        constexpr std::int64_t kUsed = 1'800'003'700;  // the fake clock is at 1'800'003'600
        ProgrammeFixture f({25, 1}, kUsed + 1);
        f.begin += 101s;
        f.start();
        REQUIRE(f.wait_segments(2));
        REQUIRE(f.programme->finish());
        CHECK(f.timeline->all().slots.front().number == kUsed + 1);
        CHECK(f.programme->continuation().slot > f.timeline->all().slots.back().number);
        CHECK(f.programme->continuation().discontinuity_sequence >
              f.timeline->all().discontinuity_sequence);
    }

    TEST_CASE("the 33-bit clock of MPEG-TS wraps unnoticed") {
        // PTS is (UTC + 3600 s) * 90 kHz mod 2^33: the nearest wrap after the fake clock's time.
        constexpr std::int64_t kPeriod = std::int64_t{1} << 33;
        const std::int64_t now = (1'800'003'600 + 3600LL) * 90'000;
        const std::int64_t wrap = (now / kPeriod + 1) * kPeriod;
        const MediaTime before = std::chrono::seconds(wrap / 90'000 - 3600 - 3600 - 10);
        ProgrammeFixture f({25, 1}, 0, before);
        f.start();
        REQUIRE(f.wait_segments(25));
        REQUIRE(f.programme->finish());
        check_timeline(f, {25, 1});
    }
}
