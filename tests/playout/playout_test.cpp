// SPDX-License-Identifier: MIT
#include "playout/playout.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "support/fake_clock.hpp"

using namespace std::chrono_literals;
using weir::Rational;
using weir::base::adopt_mini;
using weir::base::MiniPtr;
using weir::media::Grid;
using weir::media::MediaTime;
using weir::media::Pacing;
using weir::playout::Playout;
using weir::playout::PlayoutOutput;
using weir::test::FakeClock;

namespace {

constexpr weir::media::RawFormat kFormat{
    .width = 16, .height = 16, .sample_rate = 48'000, .channels = 2};

// A frame whose every byte is its number.
MiniPtr<GstBuffer> picture(int number) {
    auto buffer = adopt_mini(gst_buffer_new_allocate(nullptr, 16 * 16 * 3 / 2, nullptr));
    gst_buffer_memset(buffer.get(), 0, static_cast<guint8>(number), 16 * 16 * 3 / 2);
    return buffer;
}

int number_of(GstBuffer* buffer) {
    guint8 byte = 0;
    gst_buffer_extract(buffer, 0, &byte, 1);
    return byte;
}

constexpr int kBlack = 16;

struct Recorder final : PlayoutOutput {
    struct Frame {
        MediaTime pts{};
        MediaTime duration{};
        int picture = 0;
    };
    struct Audio {
        MediaTime pts{};
        float first = 0;
    };
    void push_frame(MiniPtr<GstBuffer> frame) override {
        frames.push_back({MediaTime(GST_BUFFER_PTS(frame.get())),
                          MediaTime(GST_BUFFER_DURATION(frame.get())), number_of(frame.get())});
    }
    void push_audio(MiniPtr<GstBuffer> samples) override {
        float first = 0;
        gst_buffer_extract(samples.get(), 0, &first, sizeof first);
        CHECK(gst_buffer_get_size(samples.get()) == 1024 * 2 * sizeof(float));
        audio.push_back({MediaTime(GST_BUFFER_PTS(samples.get())), first});
    }
    std::vector<Frame> frames;
    std::vector<Audio> audio;
};

struct Fixture {
    explicit Fixture(Rational rate = {30, 1})
        : grid(rate, 2s),
          playout(
              std::make_shared<Playout>(weir::playout::PlayoutOptions{.format = kFormat}, clock)) {}

    void begin() {
        next = grid.frame_at_or_after(playout->clock().now());
        first = next;
        playout->begin(grid, next);
    }
    // Lets the grid come to the next frame and gives it.
    void tick(int count = 1) {
        for (int i = 0; i < count; ++i, ++next) {
            clock->sleep_until(playout->clock().monotonic_at(grid.frame_time(next)), {});
            playout->tick(next, output);
        }
    }

    std::shared_ptr<FakeClock> clock = std::make_shared<FakeClock>();
    Grid grid;
    std::shared_ptr<Playout> playout;
    Recorder output;
    std::int64_t first = 0;
    std::int64_t next = 0;
};

void check_unbroken(const Fixture& f) {
    for (std::size_t i = 0; i < f.output.frames.size(); ++i) {
        const auto k = f.first + static_cast<std::int64_t>(i);
        CHECK(f.output.frames[i].pts == f.grid.frame_time(k));
        CHECK(f.output.frames[i].duration == f.grid.frame_time(k + 1) - f.grid.frame_time(k));
    }
    for (std::size_t i = 0; i < f.output.audio.size(); ++i) {
        if (i == 0) continue;
        const auto step = f.output.audio[i].pts - f.output.audio[i - 1].pts;
        CHECK(std::chrono::abs(step - MediaTime(21'333'333)) <= 1ns);
    }
}

}  // namespace

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
        const auto sink = f.playout->open(Pacing::paced);
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
        const auto sink = f.playout->open(Pacing::paced);
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
        const auto sink = f.playout->open(Pacing::paced);
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
        const auto sink = f.playout->open(Pacing::paced);
        sink->push_video(0s, picture(50));
        f.begin();
        f.tick();
        f.tick(29);  // within the two seconds
        CHECK(f.output.frames.back().picture == 50);
        f.tick(60);
        CHECK(f.output.frames.back().picture == kBlack);
        CHECK(f.playout->stats().repeated == 59);
        const auto again = f.playout->open(Pacing::live);
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
        const auto sink = f.playout->open(Pacing::paced);
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
            if (content < 499ms) CHECK(audio.first == 0.25F);
            if (content > 501ms && content < 900ms) CHECK(audio.first == 1.0F);
        }
    }

    TEST_CASE("a source that runs ahead is held back, and released when the connection closes") {
        Fixture f;
        const auto sink = f.playout->open(Pacing::paced);
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
            sink = f.playout->open(Pacing::live);
        }
        CHECK_FALSE(sink->push_video(0s, picture(1)));
        sink->close();
    }
}
