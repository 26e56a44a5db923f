// SPDX-License-Identifier: MIT
#include "playout/fade.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

using weir::playout::crossfade;
using weir::playout::Fade;
using weir::playout::SignalRange;

namespace {

constexpr std::int64_t kFade = 960;  // 20 ms at 48 kHz
constexpr int kFadeBlock = 1024;

float sine(std::int64_t sample) {
    return static_cast<float>(
        std::sin(2 * std::numbers::pi * 997 * static_cast<double>(sample) / 48000 + 1));
}

// Plays a stereo sine that is there where `present` says so, in blocks, as a ring would that knows
// `known` sample times ahead.
template <class Present>
std::vector<float> play_faded(std::int64_t length, std::int64_t known, Present present,
                              std::int64_t fade_duration = kFade) {
    Fade fade(fade_duration, 2);
    std::vector<float> all;
    for (std::int64_t first = 0; first < length; first += kFadeBlock) {
        std::vector<float> block;
        std::vector<SignalRange> ranges;
        for (std::int64_t i = 0; i < kFadeBlock; ++i) {
            const bool there = present(first + i);
            const float sample = there ? sine(first + i) : 0;
            block.insert(block.end(), {sample, -sample});
            if (!there) continue;
            if (ranges.empty() || ranges.back().end != i) ranges.push_back({i, i});
            ranges.back().end = i + 1;
        }
        std::int64_t ahead = 0;
        while (ahead < known && present(first + kFadeBlock + ahead)) ++ahead;
        fade.apply(block, ranges, ahead);
        all.insert(all.end(), block.begin(), block.end());
    }
    return all;
}

float largest_step(const std::vector<float>& samples) {
    float largest = 0;
    for (std::size_t i = 2; i < samples.size(); ++i) {
        largest = std::max(largest, std::abs(samples[i] - samples[i - 2]));
    }
    return largest;
}

// A sine's own, and the steepest part of the ramp.
const float kSineStep = static_cast<float>(2 * std::numbers::pi * 997 / 48000);
float ramp_step(std::int64_t duration) {
    return static_cast<float>(std::numbers::pi / 2) / static_cast<float>(duration);
}

}  // namespace

TEST_SUITE("playout/fade") {
    TEST_CASE("sound that goes on is not touched") {
        const auto played =
            play_faded(10 * kFadeBlock, 2 * kFade, [](std::int64_t) { return true; });
        for (std::int64_t i = kFade; i < 10 * kFadeBlock; ++i) {
            const auto at = static_cast<std::size_t>(2 * i);
            REQUIRE(played[at] == sine(i));
            REQUIRE(played[at + 1] == -sine(i));
        }
    }

    TEST_CASE("it fades out before a hole and in after it, wherever the hole lies") {
        for (const std::int64_t begin : {5000LL, 5119LL, 5120LL, 5121LL, 6143LL}) {
            for (const std::int64_t size : {1LL, 2LL, 500LL, 1023LL, 1024LL, 5000LL}) {
                CAPTURE(begin);
                CAPTURE(size);
                const auto end = begin + size;
                const auto played = play_faded(16 * kFadeBlock, 400 * 48, [=](std::int64_t sample) {
                    return sample < begin || sample >= end;
                });
                CHECK(largest_step(played) <= kSineStep + ramp_step(kFade));
                const auto at = [&](std::int64_t sample) {
                    return played[static_cast<std::size_t>(2 * sample)];
                };
                CHECK(std::abs(at(begin - 1)) < 1e-4F);
                CHECK(std::abs(at(end)) < 1e-4F);
                CHECK(at(begin - kFade - 1) == sine(begin - kFade - 1));
                CHECK(at(end + kFade) == sine(end + kFade));
            }
        }
    }

    TEST_CASE("without a fade the same hole clicks") {
        const auto played = play_faded(
            16 * kFadeBlock, 0, [](std::int64_t sample) { return sample < 5003 || sample >= 6000; },
            0);
        CHECK(largest_step(played) > 3 * kSineStep);
    }

    TEST_CASE("where less is known ahead than a fade lasts, it fades in what is left") {
        const auto played =
            play_faded(16 * kFadeBlock, 0, [](std::int64_t sample) { return sample < 5500; });
        // Nothing is known behind a block, so each ends in silence; none clicks.
        CHECK(largest_step(played) <= kSineStep + 2 * ramp_step(kFade));
        CHECK(std::abs(played[2 * 5499]) < 1e-4F);
    }

    TEST_CASE("an end that is seen late is faded faster, not cut") {
        Fade fade(kFade, 1);
        std::vector<float> block(2000, 1.0F);
        const SignalRange whole[]{{0, 2000}};
        fade.apply(block, whole, 5000);
        CHECK(block.back() == 1.0F);
        // The rest never came but for 100 samples.
        std::vector<float> rest(2000, 0.0F);
        std::fill_n(rest.begin(), 100, 1.0F);
        const SignalRange some[]{{0, 100}};
        fade.apply(rest, some, 0);
        CHECK(rest[0] > 0.99F);
        CHECK(rest[99] < 0.01F);
        for (std::size_t i = 1; i < rest.size(); ++i) {
            CHECK(std::abs(rest[i] - rest[i - 1]) <= ramp_step(100) * 1.01F);
        }
    }

    TEST_CASE("signal shorter than two fades rises and falls") {
        const auto played = play_faded(8 * kFadeBlock, 400 * 48, [](std::int64_t sample) {
            return sample >= 3000 && sample < 3600;
        });
        CHECK(largest_step(played) <= kSineStep + ramp_step(kFade));
        CHECK(*std::max_element(played.begin(), played.end()) > 0.1F);
    }

    TEST_CASE("a crossfade goes from one to the other without a step") {
        std::vector<float> all;
        for (std::int64_t first = 0; first < 4 * kFadeBlock; first += kFadeBlock) {
            std::vector<float> from(2 * kFadeBlock, 0.5F);
            std::vector<float> to(2 * kFadeBlock, -0.5F);
            crossfade(from, to, 2, first, 2 * kFadeBlock);
            all.insert(all.end(), to.begin(), to.end());
        }
        CHECK(all.front() == 0.5F);
        CHECK(all.back() == -0.5F);
        CHECK(all[2 * kFadeBlock * 2] == -0.5F);
        CHECK(largest_step(all) <= ramp_step(2 * kFadeBlock) * 1.01F);
        // The same programme on both stays as it is.
        std::vector<float> same(kFadeBlock * 2, 0.25F);
        crossfade(std::vector<float>(kFadeBlock * 2, 0.25F), same, 2, 100, kFadeBlock);
        for (const float sample : same) REQUIRE(sample == doctest::Approx(0.25F));
    }
}
