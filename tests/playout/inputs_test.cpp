// SPDX-License-Identifier: MIT
// Several inputs on one playout: who is on, when, and what is seen in between.
#include "playout_rig.hpp"

using namespace weir::test::playout_rig;  // NOLINT: the whole file is about it
using weir::playout::PlayoutOptions;

namespace {

MediaTime step(std::int64_t frames) {
    return MediaTime(frames * 1'000'000'000 / 30);
}

// Live sources that push one picture before each tick; a number for each, plus the frame's.
struct Sources {
    explicit Sources(Fixture& fixture) : f(fixture) {
        for (auto& lane : f.lanes) sinks.push_back(lane->open(Pacing::live));
        alive.assign(sinks.size(), true);
    }
    void run(int ticks) {
        for (int i = 0; i < ticks; ++i, ++count) {
            for (std::size_t s = 0; s < sinks.size(); ++s) {
                if (alive[s])
                    sinks[s]->push_video(step(count),
                                         picture(base(s) + static_cast<int>(count % 20)));
            }
            f.tick();
        }
    }
    static int base(std::size_t source) { return 40 * (static_cast<int>(source) + 1); }
    // Which source a picture is of; nothing: black.
    static std::optional<std::size_t> source_of(int number) {
        if (number < 40) return std::nullopt;
        return static_cast<std::size_t>(number / 40 - 1);
    }
    [[nodiscard]] std::optional<std::size_t> seen() const {
        return source_of(f.output.frames.back().picture);
    }

    Fixture& f;
    std::vector<std::shared_ptr<weir::media::MediaSink>> sinks;
    std::vector<bool> alive;
    std::int64_t count = 0;
};

}  // namespace

TEST_SUITE("playout/inputs") {
    TEST_CASE("a hot standby takes over half a second after the loss, and gives back later") {
        Fixture f({30, 1}, {.failover = {.recover_after = 2s}}, 2);
        f.begin();
        Sources sources(f);
        sources.run(60);
        CHECK(sources.seen() == 0);
        sources.alive[0] = false;
        std::size_t lost = 0;
        while (f.switches.empty() && lost++ < 90) sources.run(1);
        REQUIRE(f.switches.size() == 1);
        CHECK(f.switches[0].from == 0);
        CHECK(f.switches[0].to == 1);
        CHECK(f.switches[0].reason.find("lost") != std::string::npos);
        CHECK(sources.seen() == 1);  // at this very tick
        // What waited for its tick was shown before: 400 ms; then half a second of nothing.
        CHECK(lost >= 24);
        CHECK(lost <= 29);
        sources.run(30);
        CHECK(sources.seen() == 1);
        sources.alive[0] = true;
        sources.run(60);
        CHECK(sources.seen() == 1);  // not well for long enough yet
        sources.run(30);
        CHECK(sources.seen() == 0);
        CHECK(f.switches.size() == 2);
        check_unbroken(f);
        CHECK(f.playout->stats().black <= 16);  // before the first picture
    }

    TEST_CASE("an input that flaps is not followed") {
        Fixture f({30, 1}, {.failover = {.recover_after = 2s}}, 2);
        f.begin();
        Sources sources(f);
        sources.run(60);
        for (int i = 0; i < 75; ++i) {  // 0.2 s there, 0.2 s away, for 30 s
            sources.alive[0] = i % 2 == 0;
            sources.run(12);
        }
        CHECK(f.switches.size() <= 2);
        check_unbroken(f);
    }

    TEST_CASE("the host's choice comes at its frame, and stays though the input is bad") {
        Fixture f({30, 1}, {}, 2);
        f.begin();
        Sources sources(f);
        sources.run(30);
        const auto at = f.grid.frame_time(f.next + 7);
        CHECK(f.playout->choose(1, at));
        sources.run(7);
        CHECK(sources.seen() == 0);
        sources.run(1);
        CHECK(sources.seen() == 1);
        REQUIRE(f.switches.size() == 1);
        CHECK(f.switches[0].time == at);
        CHECK(f.output.frames.back().pts == at);
        sources.alive[1] = false;
        sources.run(90);
        CHECK(f.switches.size() == 1);
        CHECK(f.playout->choose(std::nullopt, f.grid.frame_time(f.next)));
        sources.run(1);
        CHECK(sources.seen() == 0);
    }

    TEST_CASE("a schedule is bounded") {
        Fixture f({30, 1}, {}, 2);
        for (int i = 0; i < 1000; ++i) CHECK(f.playout->choose(1, MediaTime(i)));
        CHECK_FALSE(f.playout->choose(1, MediaTime(1000)));
        CHECK(f.playout->choose(0, MediaTime(7)));
    }

    TEST_CASE("a file stands still until it is chosen, and when it is left") {
        Fixture f({30, 1}, {}, 2);
        const auto live = f.lanes[0]->open(Pacing::live);
        const auto file = f.lanes[1]->open(Pacing::paced);
        std::int64_t fed = 0;
        for (; fed < 10; ++fed) file->push_video(step(fed), picture(100 + static_cast<int>(fed)));
        std::int64_t count = 0;
        for (; count < 10; ++count) {
            live->push_video(step(count), picture(40));
            f.clock->advance(step(1));
        }
        f.begin();
        const auto run = [&](int ticks) {
            for (int i = 0; i < ticks; ++i, ++count) {
                live->push_video(step(count), picture(40));
                f.tick();
            }
        };
        run(60);
        CHECK(f.output.frames.back().picture == 40);
        f.playout->choose(1, MediaTime{});
        run(1);
        CHECK(f.output.frames.back().picture == 100);
        run(3);
        CHECK(f.output.frames.back().picture == 103);
        f.playout->choose(0, MediaTime{});
        run(100);
        CHECK(f.output.frames.back().picture == 40);
        f.playout->choose(1, MediaTime{});
        run(1);
        CHECK(f.output.frames.back().picture == 104);
        run(2);
        CHECK(f.output.frames.back().picture == 106);
        check_unbroken(f);
    }

    TEST_CASE("a loss is filled with the last picture, black and the slate, each for its time") {
        Fixture f({30, 1}, {.loss = {.repeat_duration = 1s, .black_duration = 2s, .slate = "x"}});
        const auto slate = f.playout->make_lane();
        f.playout->set_slate(slate);
        const auto film = slate->open(Pacing::paced);
        for (int i = 0; i < 15; ++i) film->push_video(step(i), picture(200 + i));
        f.begin();
        Sources sources(f);
        sources.run(60);
        sources.alive[0] = false;
        sources.run(12);  // what waited for its tick
        const auto before = f.output.frames.size();
        sources.run(120);
        const auto shown = [&](std::size_t i) { return f.output.frames[before + i].picture; };
        for (std::size_t i = 0; i < 27; ++i) CHECK(Sources::source_of(shown(i)) == 0);
        for (std::size_t i = 31; i < 88; ++i) CHECK(shown(i) == kBlack);
        for (std::size_t i = 92; i < 100; ++i) CHECK(shown(i) >= 200);
        const auto stats = f.playout->stats();
        CHECK(stats.repeat_duration >= 950ms);
        CHECK(stats.repeat_duration <= 1050ms);
        CHECK(stats.slate >= 28);
        // It comes back at once, and the slate stands still for the next time.
        sources.alive[0] = true;
        sources.run(60);
        CHECK(sources.seen() == 0);
        check_unbroken(f);
    }

    TEST_CASE("inputs are added and removed while it runs") {
        Fixture f({30, 1}, {}, 2);
        f.begin();
        Sources sources(f);
        sources.run(30);
        f.playout->choose(1, MediaTime{});
        sources.run(30);
        CHECK(sources.seen() == 1);
        f.playout->set_inputs({f.lanes[1]});  // it is the first now, and still on
        sources.run(5);
        CHECK(sources.seen() == 1);
        f.playout->set_inputs({f.lanes[0]});
        sources.run(1);
        CHECK(sources.seen() == 0);
        check_unbroken(f);
    }

    TEST_CASE("after a pause what is live is shown as it is, and a file goes on") {
        Fixture f({30, 1}, {}, 2);
        const auto live = f.lanes[0]->open(Pacing::live);
        const auto file = f.lanes[1]->open(Pacing::paced);
        for (int i = 0; i < 10; ++i) file->push_video(step(i), picture(100 + i));
        std::int64_t count = 0;
        const auto push = [&] {
            live->push_video(step(count), picture(40 + static_cast<int>(count % 40)));
            ++count;
        };
        for (int i = 0; i < 10; ++i) {
            push();
            f.clock->advance(step(1));
        }
        f.begin();
        for (int i = 0; i < 60; ++i) {
            push();
            f.tick();
        }
        f.playout->suspend();
        for (int i = 0; i < 300; ++i) {  // nothing blocks, nothing piles up
            push();
            f.clock->advance(step(1));
        }
        f.next = f.grid.frame_at_or_after(f.playout->now());
        f.playout->begin(f.grid, f.next);
        for (int i = 0; i < 30; ++i) {
            push();
            f.tick();
        }
        // The delay of live inputs, in frames.
        const auto expected = 40 + (count - 12) % 40;
        CHECK(std::abs(f.output.frames.back().picture - expected) <= 2);
        f.playout->choose(1, MediaTime{});
        push();
        f.tick();
        CHECK(f.output.frames.back().picture == 100);
    }
}
