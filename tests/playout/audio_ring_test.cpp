// SPDX-License-Identifier: MIT
#include "playout/audio_ring.hpp"

#include <doctest/doctest.h>

#include <numeric>

using weir::playout::AudioRing;

namespace {

// Stereo samples that tell their own number.
std::vector<float> ramp(std::int64_t first, std::int64_t count) {
    std::vector<float> samples;
    for (std::int64_t i = 0; i < count; ++i) {
        samples.push_back(static_cast<float>(first + i));
        samples.push_back(-static_cast<float>(first + i));
    }
    return samples;
}

std::vector<float> read(AudioRing& ring, std::size_t count, std::int64_t* silent = nullptr) {
    std::vector<float> samples(count * 2, 77.0F);
    auto quiet = static_cast<std::int64_t>(count);
    for (const auto& range : ring.read(samples)) quiet -= range.end - range.begin;
    if (silent) *silent = quiet;
    return samples;
}

}  // namespace

TEST_SUITE("playout/audio_ring") {
    TEST_CASE("what is written at a sample is read at that sample") {
        AudioRing ring(48'000, 2);
        ring.begin(1000);
        ring.write(1000, ramp(1000, 1024));
        ring.write(2024, ramp(2024, 1024));
        std::int64_t silent = -1;
        CHECK(read(ring, 2048, &silent) == ramp(1000, 2048));
        CHECK(silent == 0);
    }

    TEST_CASE("where nothing was written it is silent, and counted") {
        AudioRing ring(48'000, 2);
        ring.begin(0);
        ring.write(4000, ramp(4000, 10));
        std::int64_t silent = 0;
        const auto samples = read(ring, 4020, &silent);
        CHECK(silent == 4010);
        CHECK(samples[0] == 0.0F);
        CHECK(samples[2 * 4000] == 4000.0F);
        CHECK(samples[2 * 4010] == 0.0F);
    }

    TEST_CASE("the ring goes round for hours without an old sample coming back") {
        AudioRing ring(48'000, 2);
        const std::int64_t start = 86'400'000'000'000;  // as large as a UTC sample number
        ring.begin(start);
        for (std::int64_t at = start; at < start + 48'000 * 20; at += 1024) {
            if ((at - start) / 1024 % 3 != 0) ring.write(at, ramp(1, 1024));
            std::int64_t silent = 0;
            read(ring, 1024, &silent);
            CHECK(silent == ((at - start) / 1024 % 3 != 0 ? 0 : 1024));
        }
    }

    TEST_CASE("stamps rounded to milliseconds are placed by continuity") {
        AudioRing ring(48'000, 2);
        ring.begin(0);
        for (std::int64_t packet = 0; packet < 100; ++packet) {
            const std::int64_t exact = packet * 1024;
            const std::int64_t rounded = (exact * 1000 / 48'000) * 48;
            ring.write(rounded, ramp(exact, 1024));
            CHECK(read(ring, 1024) == ramp(exact, 1024));
        }
    }

    TEST_CASE("a lasting error is taken up sample by sample, without a hole") {
        AudioRing ring(48'000, 2);
        ring.begin(0);
        std::int64_t holes = 0;
        const std::int64_t late = 384;  // 8 ms from the hundredth packet on
        for (std::int64_t packet = 0; packet < 1500; ++packet) {
            ring.write(packet * 1024 + (packet < 100 ? 0 : late), ramp(packet * 1024, 1024));
            std::int64_t silent = 0;
            if (packet > 0) read(ring, 1024, &silent);
            holes += silent;
        }
        CHECK(holes == 0);
        const auto samples = read(ring, 1024);
        const auto shift = 1499 * 1024 - static_cast<std::int64_t>(samples[0]);
        CHECK(shift >= 120);  // it rests when less than 5 ms are left
        CHECK(shift <= 384);
    }

    TEST_CASE("more than 10 ms off, or 2 ms with exact stamps, is placed anew") {
        for (const bool exact : {false, true}) {
            AudioRing ring(48'000, 2);
            ring.begin(0);
            const std::int64_t gap = exact ? 100 : 2000;
            ring.write(0, ramp(0, 1024), exact);
            ring.write(1024 + gap, ramp(5000, 1024), exact);
            std::int64_t silent = 0;
            const auto samples = read(ring, 1024 + 1024, &silent);
            CHECK(silent == (exact ? gap : 1024));
            if (exact) CHECK(samples[2 * (1024 + 100)] == 5000.0F);
        }
    }

    TEST_CASE("what comes too late is dropped, and what is too far ahead must wait") {
        AudioRing ring(48'000, 2);
        ring.begin(100'000);
        ring.write(99'000, ramp(0, 500));
        std::int64_t silent = 0;
        read(ring, 500, &silent);
        CHECK(silent == 500);
        CHECK(ring.has_room(100'500));
        CHECK_FALSE(ring.has_room(100'500 + 48'000 * 2));
        // Written all the same, it must not reach round into what is to be read next.
        ring.break_continuity();
        ring.write(100'500 + 48'000 * 4, ramp(1, 4096));
        read(ring, 500, &silent);
        CHECK(silent == 500);
    }
}
