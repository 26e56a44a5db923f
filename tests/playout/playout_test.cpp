// SPDX-License-Identifier: MIT
#include <atomic>
#include <thread>

#include "playout_rig.hpp"

using namespace weir::test::playout_rig;  // NOLINT: the whole file is about it

TEST_SUITE("playout/playout") {
    TEST_CASE("without an input there is one black frame a tick and silence, on the grid") {
        for (const Rational rate :
             {Rational{25, 1}, Rational{30'000, 1001}, Rational{60'000, 1001}}) {
            Fixture f(rate);
            f.begin();
            f.tick(300);
            REQUIRE(f.output.frames.size() == 300);
            check_unbroken(f);
            for (const auto& frame : f.output.frames) CHECK(frame.picture == kBlack);
            const auto stats = f.playout->stats();
            CHECK(stats.black == 300);
            CHECK(stats.silent_samples == f.output.audio.size() * 1024);
            // AAC frame m begins at sample 1024 m since the epoch.
            const auto m = weir::media::sample_at_or_after(f.output.audio[0].pts, 48'000);
            CHECK(m % 1024 == 0);
            CHECK(f.output.audio[0].pts >= f.output.frames[0].pts);
            CHECK(f.output.audio[0].pts - f.output.frames[0].pts < 22ms);
        }
    }

    TEST_CASE("a file's first frame is the programme's first, and each frame has its tick") {
        Fixture f;
        const auto sink = f.lane->open(Pacing::paced);
        REQUIRE(sink->push_video(0s, picture(100)));
        f.begin();
        for (int i = 1; i < 60; ++i) {
            REQUIRE(sink->push_video(MediaTime(i * 1'000'000'000LL / 30), picture(100 + i)));
            f.tick();
        }
        for (int i = 0; i < 59; ++i) CHECK(f.output.frames[std::size_t(i)].picture == 100 + i);
        check_unbroken(f);
        CHECK(f.playout->stats().repeated == 0);
    }

    TEST_CASE("a file loses no picture when the programme itself is behind the clock") {
        Fixture f;
        const auto sink = f.lane->open(Pacing::paced);
        REQUIRE(sink->push_video(0s, picture(100)));
        f.begin();
        for (int i = 1; i < 60; ++i) {
            f.clock->advance(100ms);  // the encoders take three times as long as they may
            REQUIRE(sink->push_video(MediaTime(i * 1'000'000'000LL / 30), picture(100 + i)));
            f.tick();
        }
        for (int i = 0; i < 59; ++i) CHECK(f.output.frames[std::size_t(i)].picture == 100 + i);
        CHECK(f.playout->stats().repeated == 0);
    }

    TEST_CASE("24 frames a second in 30: every picture comes, each fourth one twice") {
        Fixture f;
        const auto sink = f.lane->open(Pacing::paced);
        REQUIRE(sink->push_video(0s, picture(20)));
        f.begin();
        int pushed = 1;
        for (int k = 0; k < 120; ++k) {
            while (pushed * 30 <= (k + 2) * 24) {
                sink->push_video(MediaTime(pushed * 1'000'000'000LL / 24), picture(20 + pushed));
                ++pushed;
            }
            f.tick();
        }
        int seen = 20;
        for (const auto& frame : f.output.frames) {
            CHECK((frame.picture == seen || frame.picture == seen + 1));
            seen = frame.picture;
        }
        CHECK(seen >= 20 + 94);
        CHECK(f.playout->stats().repeated == 24);
    }

    TEST_CASE("a stalled input is repeated, then black; its return is shown again") {
        Fixture f;
        const auto sink = f.lane->open(Pacing::paced);
        sink->push_video(0s, picture(50));
        f.begin();
        f.tick();
        f.tick(29);  // within the two seconds
        CHECK(f.output.frames.back().picture == 50);
        f.tick(60);
        CHECK(f.output.frames.back().picture == kBlack);
        CHECK(f.playout->stats().repeated == 59);
        const auto again = f.lane->open(Pacing::live);
        for (int i = 0; i < 30; ++i) {
            again->push_video(100s + MediaTime(i * 1'000'000'000LL / 30), picture(80 + i));
            f.tick();
        }
        f.tick(5);
        CHECK(f.output.frames.back().picture >= 80);
        check_unbroken(f);
    }

    TEST_CASE("audio is taken one AAC frame ahead of its time, for the encoder's delay") {
        Fixture f;
        const auto sink = f.lane->open(Pacing::paced);
        sink->push_video(0s, picture(20));
        // A step from nothing to one at half a second of source time.
        std::vector<float> block(2 * 4800);
        for (int i = 0; i < 10; ++i) {
            std::fill(block.begin(), block.end(), i < 5 ? 0.25F : 1.0F);
            sink->push_audio(i * 100ms, block);
        }
        f.begin();
        f.tick(25);
        const MediaTime start = f.output.frames[0].pts;
        for (const auto& audio : f.output.audio) {
            const MediaTime content = audio.pts + MediaTime(21'333'333) - start;
            if (content > 25ms && content < 499ms) CHECK(audio.first == 0.25F);  // faded in
            if (content > 501ms && content < 900ms) CHECK(audio.first == 1.0F);
        }
    }

    TEST_CASE("a source that runs ahead is held back, and released when the connection closes") {
        Fixture f;
        const auto sink = f.lane->open(Pacing::paced);
        std::atomic<int> pushed = 0;
        std::atomic<bool> refused = false;
        std::thread source([&] {
            for (int i = 0; i < 1000; ++i) {
                if (!sink->push_video(MediaTime(i * 1'000'000'000LL / 30), picture(i % 200))) {
                    refused = true;
                    return;
                }
                ++pushed;
            }
        });
        while (pushed < 10) std::this_thread::yield();
        CHECK(pushed < 40);
        sink->close();
        source.join();
        CHECK(refused);
        CHECK_FALSE(sink->push_audio(0s, std::vector<float>(2, 0.0F)));
    }

    TEST_CASE("a connection outlives its playout harmlessly") {
        std::shared_ptr<weir::media::MediaSink> sink;
        {
            Fixture f;
            sink = f.lane->open(Pacing::live);
        }
        CHECK_FALSE(sink->push_video(0s, picture(1)));
        sink->close();
    }
}
