// SPDX-License-Identifier: MIT
#include "playout/content_watch.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

using namespace std::chrono_literals;
using weir::Failover;
using weir::media::MediaTime;
using weir::playout::ContentWatch;
using weir::playout::level_dbfs;
using weir::playout::LumaPlane;
using weir::playout::mean_luma;

namespace {

// What lies beyond the width is not part of the picture.
std::vector<std::uint8_t> plane(int width, int height, int stride, std::uint8_t value) {
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(stride * (height - 1) + width), 255);
    for (int y = 0; y < height; ++y) {
        std::fill_n(bytes.begin() + std::ptrdiff_t{y} * stride, width, value);
    }
    return bytes;
}

std::vector<float> sine(double amplitude) {
    std::vector<float> samples;
    for (int i = 0; i < 960; ++i) {
        const double phase = 2 * std::numbers::pi * 1000 * i / 48000;
        samples.push_back(static_cast<float>(amplitude * std::sin(phase)));
    }
    return samples;
}

}  // namespace

TEST_SUITE("playout/content_watch") {
    TEST_CASE("mean luma goes from video black to white, whatever the size and the stride") {
        struct Row {
            int width, height, stride;
        };
        for (const auto& size : {Row{1920, 1080, 1920},
                                 {1918, 1078, 1920},
                                 {640, 360, 704},
                                 {16, 16, 16},
                                 {2, 2, 4},
                                 {1, 1, 1}}) {
            CAPTURE(size.width);
            const auto luma = [&](std::uint8_t value) {
                const auto bytes = plane(size.width, size.height, size.stride, value);
                return mean_luma({bytes, size.width, size.height, size.stride});
            };
            CHECK(luma(16) == 0);
            CHECK(luma(0) == 0);
            CHECK(luma(235) == 1);
            CHECK(luma(255) == 1);
            CHECK(luma(38) == doctest::Approx(22.0 / 219));
        }
        CHECK(mean_luma({}) == 0);
    }

    TEST_CASE("a part of the picture counts by its area") {
        auto bytes = plane(1280, 720, 1280, 16);
        std::fill_n(bytes.begin(), 1280 * 180, std::uint8_t{235});
        CHECK(mean_luma({bytes, 1280, 720, 1280}) == doctest::Approx(0.25).epsilon(0.05));
        // Fine vertical lines are seen too.
        for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = i % 4 == 2 ? 235 : 16;
        CHECK(mean_luma({bytes, 1280, 720, 1280}) == doctest::Approx(0.25).epsilon(0.05));
    }

    TEST_CASE("the level is a root mean square") {
        CHECK(level_dbfs(sine(1)) == doctest::Approx(-3.01).epsilon(0.001));
        CHECK(level_dbfs(sine(0.001)) == doctest::Approx(-63.01).epsilon(0.001));
        CHECK(level_dbfs(std::vector<float>(7, -1.0F)) == doctest::Approx(0));
        CHECK(level_dbfs(std::vector<float>(100)) == -std::numeric_limits<double>::infinity());
        CHECK(level_dbfs({}) == -std::numeric_limits<double>::infinity());
    }

    TEST_CASE("black and silent since the first that was, until one is not") {
        ContentWatch watch(Failover{.black_threshold = 0.05, .silence_threshold = -60});
        CHECK(watch.watches_pictures());
        CHECK(watch.watches_sound());
        CHECK_FALSE(watch.black_since());
        watch.picture(1s, 0.2);
        CHECK_FALSE(watch.black_since());
        watch.picture(2s, 0.05);  // at the threshold is below it
        watch.picture(3s, 0);
        CHECK(watch.black_since() == 2s);
        watch.picture(4s, 0.0501);
        CHECK_FALSE(watch.black_since());
        watch.picture(5s, 0.01);
        CHECK(watch.black_since() == 5s);

        CHECK_FALSE(watch.silent_since());
        watch.sound(1s, -60);
        watch.sound(2s, -std::numeric_limits<double>::infinity());
        CHECK(watch.silent_since() == 1s);
        watch.sound(3s, -59.9);
        CHECK_FALSE(watch.silent_since());
        CHECK(watch.black_since() == 5s);
    }

    TEST_CASE("without a threshold nothing is black or silent") {
        ContentWatch watch(Failover{});
        watch.picture(1s, 0);
        watch.sound(1s, -std::numeric_limits<double>::infinity());
        CHECK_FALSE(watch.watches_pictures());
        CHECK_FALSE(watch.watches_sound());
        CHECK_FALSE(watch.black_since());
        CHECK_FALSE(watch.silent_since());
    }
}
