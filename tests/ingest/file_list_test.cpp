// SPDX-License-Identifier: MIT
// Several files as one input, where it begins, and what decoded pictures are corrected for.
#include <doctest/doctest.h>

#include <string>

#include "ingest/input_rig.hpp"
#include "ingest/peers.hpp"
#include "support/clips.hpp"
#include "support/temporary_folder.hpp"

using namespace weir;
using namespace std::chrono_literals;
using test::Rig;

namespace {

constexpr auto kH264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 12 -bf 2 ";

std::string make(const test::TemporaryFolder& folder, const std::string& name,
                 const std::string& arguments) {
    auto file = folder.path(name);
    test::make_clip(file, arguments);
    return file;
}

std::string colour(const std::string& name, const std::string& size, const std::string& rate) {
    return "-f lavfi -i color=" + name + ":size=" + size + ":rate=" + rate +
           " -f lavfi -i sine=sample_rate=48000 ";
}

double luma(const test::RecordingSink::Frame& frame) {
    return test::brightness(frame.buffer.get(), 64, 36);
}

}  // namespace

TEST_SUITE("ingest/file_list") {
    TEST_CASE("files of different size, rate and container follow each other without a break") {
        const test::TemporaryFolder folder;
        const auto dark =
            make(folder, "dark.mp4", colour("black", "64x36", "25") + "-t 1 " + kH264 + "-c:a aac");
        const auto light = make(folder, "light.ts",
                                colour("white", "128x72", "50") + "-t 1 " + kH264 + "-c:a aac");
        const auto grey =
            make(folder, "grey.mp4",
                 colour("gray", "128x72", "25") + "-t 1 " + kH264 + "-c:a aac -ar 44100");
        SUBCASE("once") {
            Rig rig(FileInput{.path = dark, .more = {light, grey}});
            REQUIRE(rig.start());
            REQUIRE(rig.wait_lost(1));
            rig.stop();
            CHECK(rig.lost().front() == "more[1]: " + grey + ": end of file");
            CHECK(rig.connected() == 1);
            const auto& frames = rig.sink(0)->frames();
            REQUIRE(frames.size() == 100);
            for (std::size_t i = 1; i < frames.size(); ++i) {
                CAPTURE(i);
                const bool fast = i > 25 && i <= 75;
                const auto step = frames[i].pts - frames[i - 1].pts;
                // TS rounds to its own ticks.
                CHECK(std::chrono::abs(step - (fast ? 20ms : 40ms)) <= 20us);
            }
            CHECK(luma(frames[24]) < 20);
            CHECK(luma(frames[25]) > 225);
            CHECK(luma(frames[74]) > 225);
            CHECK(luma(frames[75]) == doctest::Approx(126).epsilon(0.05));
            // Sound goes on over the seams, but for what encoders add at their ends.
            const auto& packets = rig.sink(0)->packets();
            const auto rounds = packets.back().pts - packets.front().pts;
            CHECK(rounds > 2900ms);
            CHECK(rounds < 3100ms);
        }
        SUBCASE("round and round") {
            Rig rig(FileInput{.path = dark, .more = {light}, .loop = true}, {.room = 600});
            REQUIRE(rig.start());
            CHECK(rig.wait_connected(1));
            CHECK(rig.sink()->wait_full());
            rig.stop();
            CHECK(rig.lost().empty());
            CHECK(rig.opened() == 1);
            const auto& frames = rig.sink()->frames();
            REQUIRE(frames.size() > 225);
            for (std::size_t i = 0; i < 225; ++i) {
                CAPTURE(i);
                CHECK((luma(frames[i]) > 128) == (i % 75 >= 25));
            }
            CHECK(std::chrono::abs(frames[75].pts - 2s) <= 2ms);
            CHECK(std::chrono::abs(frames[150].pts - 4s) <= 4ms);
        }
    }

    TEST_CASE("the first round begins where it is told, later ones at the beginning") {
        const test::TemporaryFolder folder;
        const auto file =
            make(folder, "clip.mp4", colour("gray", "64x36", "25") + "-t 2 " + kH264 + "-c:a aac");
        Rig once(FileInput{.path = file, .start_at = 1520ms});
        REQUIRE(once.start());
        CHECK(once.wait_lost(1));
        once.stop();
        REQUIRE(once.sink(0)->frames().size() >= 12);
        CHECK(once.sink(0)->frames().size() <= 13);
        CHECK(once.sink(0)->frames().front().pts < 40ms);
        Rig loop(FileInput{.path = file, .loop = true, .start_at = 1520ms}, {.room = 400});
        REQUIRE(loop.start());
        CHECK(loop.sink()->wait_full());
        loop.stop();
        CHECK(test::wrong_steps(loop.sink()->frames(), 40e6, 2) == 0);
        CHECK(loop.sink()->frames().size() > 60);
    }

    TEST_CASE("one file that is missing is known at once, with its field") {
        const test::TemporaryFolder folder;
        const auto file =
            make(folder, "clip.mp4", colour("gray", "64x36", "25") + "-t 1 " + kH264 + "-c:a aac");
        Rig rig(FileInput{.path = file, .more = {file, "no/such.mp4", file}});
        const auto started = rig.start();
        REQUIRE_FALSE(started);
        CHECK(started.error().code == ErrorCode::not_found);
        CHECK(started.error().message == "more[1]: no/such.mp4: No such file or directory");
    }

    TEST_CASE("a picture file is one frame, and over") {
        const test::TemporaryFolder folder;
        for (const std::string& name : {std::string("slate.png"), std::string("slate.jpg")}) {
            CAPTURE(name);
            const auto file =
                make(folder, name, "-f lavfi -i color=white:size=128x72 -frames:v 1 -update 1");
            Rig rig(FileInput{.path = file});
            REQUIRE(rig.start());
            CHECK(rig.wait_lost(1));
            rig.stop();
            CHECK(rig.lost().front() == "path: " + file + ": end of file");
            REQUIRE(rig.sink(0)->frames().size() == 1);
            CHECK(luma(rig.sink(0)->frames().front()) > 225);
        }
    }

    TEST_CASE("a picture that was filmed on its side is put upright") {
        const test::TemporaryFolder folder;
        // The upper half is white; turned by 180 degrees it is the lower one.
        const auto flat = make(folder, "flat.mp4",
                               std::string("-f lavfi -i color=black:size=64x36:rate=25 -vf "
                                           "drawbox=x=0:y=0:w=64:h=18:color=white:t=fill -t 1 ") +
                                   kH264);
        const auto turned =
            make(folder, "turned.mp4", "-i '" + flat + "' -c copy -metadata:s:v rotate=180");
        for (const bool is_turned : {false, true}) {
            CAPTURE(is_turned);
            Rig rig(FileInput{.path = is_turned ? turned : flat});
            REQUIRE(rig.start());
            CHECK(rig.wait_lost(1));
            rig.stop();
            REQUIRE(rig.sink(0)->frames().size() == 25);
            const double upper =
                test::brightness(rig.sink(0)->frames().front().buffer.get(), 64, 16);
            CHECK((upper < 100) == is_turned);
        }
    }

    TEST_CASE("interlaced pictures come as whole ones, at the same rate") {
        const test::TemporaryFolder folder;
        const auto file = make(folder, "fields.ts",
                               "-f lavfi -i testsrc2=size=64x64:rate=50 -vf interlace -t 1 -c:v "
                               "libx264 -preset ultrafast -pix_fmt yuv420p -flags +ildct+ilme "
                               "-x264opts tff=1");
        Rig rig(FileInput{.path = file});
        REQUIRE(rig.start());
        CHECK(rig.wait_lost(1));
        rig.stop();
        CHECK(rig.sink(0)->frames().size() >= 24);
        CHECK(rig.sink(0)->frames().size() <= 26);
        CHECK(test::wrong_steps(rig.sink(0)->frames(), 40e6, 20e3) == 0);
    }
}
