// SPDX-License-Identifier: MIT
#include "playout/audio_resampler.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <random>
#include <vector>

using weir::playout::AudioResampler;

namespace {

constexpr std::size_t kBlock = 1024;

double sine(double sample, double frequency) {
    return 0.5 * std::sin(2 * std::numbers::pi * frequency * sample / 48000);
}

struct Played {
    std::vector<float> samples;  // of the first channel
    std::vector<double> source;  // the source's sample time of each
    double expected = 0;         // sample times
    std::int64_t latency = 0;
    int unlike = 0;          // the other channel is something else
    double worst_count = 0;  // expected - latency - what came out, once it was in use
};

// A stereo sine, the second channel upside down, at a rate that changes from block to block.
Played play(int blocks, double frequency, const std::function<double(int)>& rate) {
    AudioResampler resampler(2);
    Played played;
    std::size_t in = 0;
    std::vector<double> where;  // the source's time of each output sample, by the rates
    double at = 0;
    for (int block = 0; block < blocks; ++block) {
        std::vector<float> samples;
        for (std::size_t i = 0; i < kBlock; ++i) {
            const auto sample = static_cast<float>(sine(static_cast<double>(in + i), frequency));
            samples.insert(samples.end(), {sample, -sample});
        }
        in += kBlock;
        const bool in_use = resampler.latency() > 0;
        const auto out = resampler.resample(samples, rate(block));
        // What the filter holds back goes through it once, at the first rate.
        if (!in_use && block > 0) {
            at -= static_cast<double>(resampler.latency()) * rate(block) / (1 + rate(block));
        }
        for (std::size_t i = 0; i < out.size(); i += 2) {
            if (std::abs(out[i + 1] + out[i]) > 1e-6F) ++played.unlike;
            played.samples.push_back(out[i]);
            played.source.push_back(at);
            at += 1 / (1 + rate(block));
        }
        played.expected += kBlock * (1 + rate(block));
        if (resampler.latency() > 0) {
            const double late = played.expected - static_cast<double>(played.samples.size()) -
                                static_cast<double>(resampler.latency());
            if (std::abs(late) > std::abs(played.worst_count)) played.worst_count = late;
        }
    }
    played.latency = resampler.latency();
    return played;
}

// What differs from the sine that should be there is noise; each 10 ms for itself.
double worst_snr(const Played& played, double frequency) {
    double worst = 1e9;
    constexpr std::size_t kStretch = 480;
    // The first one begins out of nothing.
    for (std::size_t first = kStretch; first + kStretch <= played.samples.size();
         first += kStretch) {
        double signal = 0;
        double noise = 0;
        for (std::size_t i = first; i < first + kStretch; ++i) {
            const double ideal = sine(played.source[i], frequency);
            signal += ideal * ideal;
            noise += std::pow(static_cast<double>(played.samples[i]) - ideal, 2);
        }
        worst = std::min(worst, 10 * std::log10(signal / noise));
    }
    return worst;
}

}  // namespace

TEST_SUITE("playout/audio_resampler") {
    TEST_CASE("while the rate has always been 0, what goes in comes out") {
        AudioResampler resampler(2);
        std::mt19937 random(1);
        std::uniform_real_distribution<float> noise(-1, 1);
        for (const std::size_t frames : {1024UL, 1UL, 0UL, 333UL, 5000UL}) {
            std::vector<float> samples(2 * frames);
            for (auto& sample : samples) sample = noise(random);
            const auto out = resampler.resample(samples, 0);
            CHECK(std::equal(out.begin(), out.end(), samples.begin(), samples.end()));
        }
        CHECK(resampler.latency() == 0);
    }

    TEST_CASE("a sine stays a sine, where the rates say") {
        struct Row {
            const char* name;
            std::function<double(int)> rate;
        };
        const Row rows[]{
            {"+200 ppm", [](int) { return 200e-6; }},
            {"-200 ppm", [](int) { return -200e-6; }},
            {"from none to 200 ppm", [](int block) { return block < 5 ? 0 : 200e-6; }},
            {"to and fro", [](int block) { return block / 7 % 2 == 0 ? 200e-6 : -200e-6; }},
            {"another one each block", [](int block) { return (block * 37 % 400 - 200) * 1e-6; }},
            {"less than the smallest step", [](int) { return 3e-9; }},
            {"and none again", [](int block) { return block < 50 ? 300e-6 : 0; }},
        };
        for (const double frequency : {997.0, 100.0, 5'000.0}) {
            for (const auto& row : rows) {
                CAPTURE(row.name);
                CAPTURE(frequency);
                const auto played = play(300, frequency, row.rate);
                const double snr = worst_snr(played, frequency);
                CHECK(snr > 80);
                CHECK(played.unlike == 0);
                CHECK(std::abs(played.worst_count) < 1.1);
            }
        }
    }

    TEST_CASE("ten minutes later the count is still exact") {
        AudioResampler resampler(1);
        const std::vector<float> block(48'000);
        double expected = 0;
        double out = 0;
        for (int second = 0; second < 600; ++second) {
            const double rate = (second * 61 % 300 - 150) * 1.0137e-6;
            expected += 48'000 * (1 + rate);
            out += static_cast<double>(resampler.resample(block, rate).size());
        }
        CHECK(std::abs(expected - out - static_cast<double>(resampler.latency())) < 1.1);
    }

    TEST_CASE("the first rate that is not 0 makes no step") {
        AudioResampler resampler(1);
        std::vector<float> all;
        for (int block = 0; block < 20; ++block) {
            std::vector<float> samples;
            for (std::size_t i = 0; i < kBlock; ++i) {
                const auto sample = static_cast<double>(block) * kBlock + static_cast<double>(i);
                samples.push_back(static_cast<float>(sine(sample, 997)));
            }
            const auto out = resampler.resample(samples, block < 10 ? 0 : 200e-6);
            all.insert(all.end(), out.begin(), out.end());
        }
        CHECK(all.size() == static_cast<std::size_t>(20 * kBlock + 2 - resampler.latency()));
        // A sine's second difference is small everywhere.
        const double limit = 0.5 * std::pow(2 * std::numbers::pi * 997 / 48000, 2) * 1.01;
        for (std::size_t i = 2; i < all.size(); ++i) {
            REQUIRE(std::abs(static_cast<double>(all[i] - 2 * all[i - 1] + all[i - 2])) < limit);
        }
    }

    TEST_CASE("after a reset nothing of what was there comes out") {
        AudioResampler resampler(1);
        resampler.resample(std::vector<float>(5000, 1.0F), 100e-6);
        resampler.reset();
        CHECK(resampler.latency() == 0);
        for (const float sample : resampler.resample(std::vector<float>(5000), 100e-6)) {
            REQUIRE(sample == 0);
        }
    }
}
