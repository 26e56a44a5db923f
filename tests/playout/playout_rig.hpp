// SPDX-License-Identifier: MIT
// A playout on a fake clock, with numbered pictures and what comes out of it.
#pragma once

#include <doctest/doctest.h>

#include <vector>

#include "playout/playout.hpp"
#include "support/fake_clock.hpp"

namespace weir::test::playout_rig {

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

inline constexpr weir::media::RawFormat kFormat{
    .width = 16, .height = 16, .sample_rate = 48'000, .channels = 2};

// A frame whose every byte is its number.
inline MiniPtr<GstBuffer> picture(int number) {
    auto buffer = adopt_mini(gst_buffer_new_allocate(nullptr, 16 * 16 * 3 / 2, nullptr));
    gst_buffer_memset(buffer.get(), 0, static_cast<guint8>(number), 16 * 16 * 3 / 2);
    return buffer;
}

inline int number_of(GstBuffer* buffer) {
    guint8 byte = 0;
    gst_buffer_extract(buffer, 0, &byte, 1);
    return byte;
}

inline constexpr int kBlack = 16;

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
    explicit Fixture(Rational rate = {30, 1}, weir::playout::PlayoutOptions options = {},
                     std::size_t inputs = 1)
        : grid(rate, 2s) {
        options.format = kFormat;
        playout = std::make_shared<Playout>(
            options, clock,
            [this](const weir::playout::Switch& change) { switches.push_back(change); });
        for (std::size_t i = 0; i < inputs; ++i) lanes.push_back(playout->make_lane());
        playout->set_inputs(lanes);
        lane = lanes.front();
    }

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
    std::vector<std::shared_ptr<weir::playout::Lane>> lanes;
    std::shared_ptr<weir::playout::Lane> lane;  // the first
    std::vector<weir::playout::Switch> switches;
    Recorder output;
    std::int64_t first = 0;
    std::int64_t next = 0;
};

inline void check_unbroken(const Fixture& f) {
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

}  // namespace weir::test::playout_rig
