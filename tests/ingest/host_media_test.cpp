// SPDX-License-Identifier: MIT
// The host's own media: what it pushes comes out, with back-pressure, over several connections.
#include <doctest/doctest.h>
#include <gst/gst.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <weir/app_source.hpp>

#include "ingest/input_rig.hpp"
#include "ingest/peers.hpp"
#include "ingest/ts_reader.hpp"
#include "support/clips.hpp"
#include "support/temporary_folder.hpp"

using namespace weir;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using test::Rig;

namespace {

const AppFormat kRaw{.video = "I420", .width = 64, .height = 36, .frame_rate = {25, 1}};
constexpr std::size_t kPictureSize = 64 * 36 * 3 / 2;

std::vector<std::byte> picture(int luma) {
    std::vector<std::byte> bytes(kPictureSize, std::byte{128});
    std::fill_n(bytes.begin(), 64 * 36, static_cast<std::byte>(luma));
    return bytes;
}
std::vector<std::byte> sound(std::size_t frames) {
    return std::vector<std::byte>(frames * 2 * sizeof(float));
}

}  // namespace

TEST_SUITE("ingest/app_input") {
    TEST_CASE("what cannot be is refused with its field") {
        struct Row {
            AppFormat format;
            const char* text;
        };
        for (const Row& row :
             {Row{{.video = "", .audio = ""}, "video: "},
              Row{{.video = "nonsense", .width = 64, .height = 36}, "video: \"nonsense\""},
              Row{{.video = "v210", .width = 64, .height = 36}, "video: "},
              Row{{.video = "I420", .width = 0, .height = 36}, "width: "},
              Row{{.video = "I420", .width = 64, .height = -1}, "height: "},
              Row{{.video = "I420", .width = 64, .height = 36, .frame_rate = {0, 1}},
                  "frame_rate: "},
              Row{{.video = "", .audio = "F99"}, "audio: \"F99\""},
              Row{{.video = "", .audio = "F32LE", .sample_rate = 1}, "sample_rate: "},
              Row{{.video = "", .audio = "F32LE", .channels = 99}, "channels: "}}) {
            const auto source = AppSource::create(row.format);
            REQUIRE_FALSE(source);
            CHECK(source.error().code == ErrorCode::invalid_argument);
            CHECK(source.error().message.starts_with(row.text));
        }
        const auto source = AppSource::create(kRaw).value();
        CHECK_FALSE(source->push_video(0ns, std::vector<std::byte>(10)));
        CHECK_FALSE(source->push_video(-1ns, picture(0)));
        CHECK_FALSE(source->push_audio(0ns, std::vector<std::byte>(7)));
        CHECK_FALSE(source->push_sample(nullptr));
    }

    TEST_CASE("without a channel everything is taken and dropped") {
        const auto source = AppSource::create(kRaw).value();
        for (int i = 0; i < 1000; ++i) {
            CHECK(source->push_video(i * 40ms, picture(100)));
            CHECK(source->push_audio(i * 40ms, sound(1920)));
        }
        source->end();
    }

    TEST_CASE("pictures and samples come with their times, whatever the clock's zero") {
        const auto source = AppSource::create(kRaw).value();
        Rig rig(AppInput{.source = source});
        REQUIRE(rig.start());
        CHECK(rig.pacing() == media::Pacing::live);
        constexpr nanoseconds kZero = 1'700'000'000s;
        for (int i = 0; i < 50; ++i) {
            REQUIRE(source->push_video(kZero + i * 40ms, picture(i * 4)));
            REQUIRE(source->push_audio(kZero + i * 40ms, sound(1920)));
        }
        CHECK(rig.sink()->wait(50, 48));
        CHECK(rig.connected() == 1);
        rig.stop();
        const auto& frames = rig.sink()->frames();
        CHECK(test::wrong_steps(frames, 40e6, 1) == 0);
        CHECK(rig.sink()->packets().front().pts == frames.front().pts);
        for (std::size_t i = 0; i < 50; ++i) {
            const auto mean = test::brightness(frames[i].buffer.get(), 64, 36);
            CHECK(mean == doctest::Approx(static_cast<double>(i) * 4).epsilon(0.02));
        }
    }

    TEST_CASE("planes are packed tightly, also where GStreamer's are not") {
        AppFormat format = kRaw;
        format.video = "RGB";
        format.width = 61;  // rows of 183 bytes
        format.height = 35;
        format.audio = "";
        const auto source = AppSource::create(format).value();
        Rig rig(AppInput{.source = source});
        REQUIRE(rig.start());
        REQUIRE(source->push_video(0ns, std::vector<std::byte>(61 * 35 * 3, std::byte{255})));
        CHECK_FALSE(source->push_video(40ms, std::vector<std::byte>(61 * 35 * 3 + 35)));
        CHECK(rig.sink()->wait(1, 0));
        rig.stop();
        CHECK(test::brightness(rig.sink()->frames().front().buffer.get(), 64, 36) > 225);
    }

    TEST_CASE("a push waits for room and is released by the channel's stop") {
        const auto source = AppSource::create(kRaw).value();
        Rig rig(AppInput{.source = source}, {.room = 5});
        REQUIRE(rig.start());
        std::atomic<int> pushed{0};
        std::thread host([&] {
            for (int i = 0; i < 400; ++i) {
                (void)source->push_video(i * 40ms, picture(100));
                ++pushed;
            }
        });
        CHECK(rig.sink()->wait_full());
        CHECK(pushed < 100);
        rig.stop();
        host.join();
        CHECK(pushed == 400);
        CHECK(rig.sink()->frames().size() == 5);
    }

    TEST_CASE("a push that must not wait says that there is no room") {
        AppFormat format = kRaw;
        format.block = false;
        format.audio = "";
        const auto source = AppSource::create(format).value();
        Rig rig(AppInput{.source = source}, {.room = 5});
        REQUIRE(rig.start());
        ErrorCode code{};
        int taken = 0;
        for (int i = 0; i < 400 && code != ErrorCode::unavailable; ++i) {
            const auto pushed = source->push_video(i * 40ms, picture(100));
            if (pushed) ++taken;
            if (!pushed) code = pushed.error().code;
        }
        CHECK(code == ErrorCode::unavailable);
        CHECK(taken < 100);
    }

    TEST_CASE("an end loses the input until the next push, and a restart goes on") {
        const auto source = AppSource::create(kRaw).value();
        Rig rig(AppInput{.source = source});
        REQUIRE(rig.start());
        for (int round = 1; round <= 3; ++round) {
            for (int i = 0; i < 10; ++i) {
                REQUIRE(source->push_video(i * 40ms, picture(100)));
                REQUIRE(source->push_audio(i * 40ms, sound(1920)));
            }
            REQUIRE(rig.wait_connected(round));
            source->end();
            REQUIRE(rig.wait_lost(static_cast<std::size_t>(round)));
            CHECK(rig.lost().back() == "source: the stream ended");
            REQUIRE(rig.wait_opened(static_cast<std::size_t>(round) + 1));
            rig.info();     // after the attempt that opened it
            source->end();  // of nothing
            CHECK(rig.sink(static_cast<std::size_t>(round) - 1)->frames().size() == 10);
        }
        rig.stop();
        REQUIRE(rig.start());
        REQUIRE(source->push_video(0ns, picture(100)));
        CHECK(rig.wait_connected(4));
    }

    TEST_CASE("access units are passed on as they are, and decoded") {
        const test::TemporaryFolder folder;
        const auto file = folder.path("clip.ts");
        test::make_clip(file,
                        "-f lavfi -i testsrc2=size=64x36:rate=25 -f lavfi -i "
                        "sine=sample_rate=48000 -t 2 -c:v libx264 -preset ultrafast -pix_fmt "
                        "yuv420p -g 12 -bf 2 -c:a aac -f mpegts -pes_payload_size 0");
        const auto source = AppSource::create({.video = "h264", .audio = "aac"}).value();
        Rig rig(AppInput{.source = source}, {.units = true});
        REQUIRE(rig.start());
        int audio = 0;
        const auto ns = [](std::int64_t ticks) { return nanoseconds(ticks * 100'000 / 9); };
        ingest::TsReader reader(
            {}, {[](const auto&) {},
                 [&](const ingest::TsUnit& unit) {
                     if (unit.kind == media::UnitKind::video) {
                         CHECK(source->push_video(ns(*unit.pts), ns(*unit.dts), unit.payload));
                     } else {
                         ++audio;
                         CHECK(source->push_audio(ns(*unit.pts), unit.payload));
                     }
                 }});
        REQUIRE(reader.push(test::read_bytes(file)));
        reader.finish();
        source->end();
        CHECK(rig.wait_lost(1));
        rig.stop();
        CHECK(audio > 80);
        CHECK(rig.units() != nullptr);
        CHECK(rig.sink(0)->frames().size() == 50);
        CHECK(test::wrong_steps(rig.sink(0)->frames(), 40e6, 20e3) == 0);
        CHECK(rig.sink(0)->packets().size() > 80);
    }

    TEST_CASE("a sample is taken with its caps, if they are of the kind") {
        const auto source = AppSource::create(kRaw).value();
        Rig rig(AppInput{.source = source});
        REQUIRE(rig.start());
        const auto bytes = std::vector<std::byte>(128 * 72 * 3 / 2, std::byte{128});
        const auto make = [&](const char* caps_text) {
            const auto caps = base::adopt_mini(gst_caps_from_string(caps_text));
            const auto buffer =
                base::adopt_mini(gst_buffer_new_allocate(nullptr, bytes.size(), nullptr));
            gst_buffer_fill(buffer.get(), 0, bytes.data(), bytes.size());
            GST_BUFFER_PTS(buffer.get()) = 0;
            return base::adopt_mini(gst_sample_new(buffer.get(), caps.get(), nullptr, nullptr));
        };
        const auto right = make("video/x-raw,format=I420,width=128,height=72,framerate=25/1");
        const auto wrong = make("video/x-h264,stream-format=byte-stream,alignment=au");
        CHECK(source->push_sample(right.get()));
        CHECK_FALSE(source->push_sample(wrong.get()));
        CHECK(rig.sink()->wait(1, 0));
    }
}
