// SPDX-License-Identifier: MIT
#include "playout/overlay.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "support/temporary_folder.hpp"

using namespace std::chrono_literals;
using weir::ErrorCode;
using weir::Overlay;
using weir::base::adopt_mini;
using weir::base::MiniPtr;
using weir::media::MediaTime;
using weir::playout::blend;
using weir::playout::opacity_at;
using weir::playout::OverlayLayer;
using weir::playout::OverlayPicture;

namespace {

struct Rgba {
    std::uint8_t r, g, b, a;
};

// Encodes pixels as PNG with GStreamer.
void write_png(const std::string& path, int width, int height,
               const std::function<Rgba(int, int)>& pixel) {
    GError* error = nullptr;
    GstElement* pipeline = gst_parse_launch(
        ("appsrc name=source format=time caps=video/x-raw,format=RGBA,framerate=1/1,width=" +
         std::to_string(width) + ",height=" + std::to_string(height) +
         " ! pngenc ! filesink location=" + path)
            .c_str(),
        &error);
    REQUIRE(error == nullptr);
    std::vector<Rgba> pixels;
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) pixels.push_back(pixel(x, y));
    }
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, pixels.size() * 4, nullptr);
    gst_buffer_fill(buffer, 0, pixels.data(), pixels.size() * 4);
    GST_BUFFER_PTS(buffer) = 0;
    GstElement* source = gst_bin_get_by_name(GST_BIN(pipeline), "source");
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    GstFlowReturn flow = GST_FLOW_OK;
    g_signal_emit_by_name(source, "push-buffer", buffer, &flow);
    g_signal_emit_by_name(source, "end-of-stream", &flow);
    GstBus* bus = gst_element_get_bus(pipeline);
    GstMessage* message = gst_bus_timed_pop_filtered(
        bus, 20 * GST_SECOND, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
    REQUIRE(message != nullptr);
    CHECK(GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS);
    gst_message_unref(message);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(bus);
    gst_object_unref(source);
    gst_buffer_unref(buffer);
    gst_object_unref(pipeline);
}

constexpr int kWidth = 64;
constexpr int kHeight = 48;

struct Frame {
    Frame() {
        gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, kWidth, kHeight);
        buffer = adopt_mini(gst_buffer_new_allocate(nullptr, GST_VIDEO_INFO_SIZE(&info), nullptr));
        gst_buffer_memset(buffer.get(), 0, 100, kWidth * kHeight);
        gst_buffer_memset(buffer.get(), kWidth * kHeight, 128, kWidth * kHeight / 2);
        GST_BUFFER_PTS(buffer.get()) = 77;
    }
    GstVideoInfo info;
    MiniPtr<GstBuffer> buffer;
};

struct Pixel {
    int y, u, v;
};

Pixel pixel(GstBuffer* buffer, int x, int y) {
    std::vector<std::uint8_t> bytes(gst_buffer_get_size(buffer));
    gst_buffer_extract(buffer, 0, bytes.data(), bytes.size());
    const auto at = [&](int index) { return int{bytes[static_cast<std::size_t>(index)]}; };
    const int chroma = kWidth * kHeight + y / 2 * kWidth / 2 + x / 2;
    return {at(y * kWidth + x), at(chroma), at(chroma + kWidth * kHeight / 4)};
}

bool near(const Pixel& a, const Pixel& b) {
    return std::abs(a.y - b.y) <= 2 && std::abs(a.u - b.u) <= 2 && std::abs(a.v - b.v) <= 2;
}

constexpr Pixel kGrey{100, 128, 128};
constexpr Pixel kWhite{235, 128, 128};
constexpr Pixel kRed{63, 102, 240};  // of BT.709
constexpr Rgba kRedRgba{255, 0, 0, 255};

OverlayLayer layer_of(const std::string& path, const Overlay& config) {
    auto picture = OverlayPicture::load(path, config.width, config.height);
    REQUIRE_MESSAGE(picture, picture.error().message);
    return {config, *picture};
}

// What is seen at `time`.
MiniPtr<GstBuffer> show(const OverlayLayer& layer, MediaTime time = 0ns) {
    Frame frame;
    return blend(std::move(frame.buffer), frame.info, {&layer, 1}, time);
}

}  // namespace

TEST_SUITE("playout/overlay") {
    TEST_CASE("a picture is blended by its alpha, in the colours of HD") {
        const weir::test::TemporaryFolder folder;
        // Left half red, right half white and half transparent, one transparent corner.
        write_png(folder.path("p.png"), 16, 8, [](int x, int y) {
            if (x >= 12 && y >= 4) return Rgba{255, 255, 255, 0};
            return x < 8 ? kRedRgba : Rgba{255, 255, 255, 128};
        });
        const auto layer = layer_of(folder.path("p.png"), {.x = 20, .y = 10});
        const auto seen = show(layer);
        CHECK(near(pixel(seen.get(), 20, 10), kRed));
        CHECK(near(pixel(seen.get(), 26, 16), kRed));
        CHECK(near(pixel(seen.get(), 30, 11), {168, 128, 128}));
        CHECK(near(pixel(seen.get(), 34, 16), kGrey));
        CHECK(near(pixel(seen.get(), 18, 10), kGrey));
        CHECK(near(pixel(seen.get(), 20, 18), kGrey));
        CHECK(near(pixel(seen.get(), 36, 10), kGrey));
        CHECK(GST_BUFFER_PTS(seen.get()) == 77);
    }

    TEST_CASE("it may lie partly outside, on any side") {
        const weir::test::TemporaryFolder folder;
        write_png(folder.path("p.png"), 20, 20, [](int x, int y) {
            return x < 10 && y < 10 ? kRedRgba : Rgba{255, 255, 255, 255};
        });
        const auto at = [&](int x, int y) {
            return show(layer_of(folder.path("p.png"), {.x = x, .y = y}));
        };
        CHECK(near(pixel(at(-4, -4).get(), 0, 0), kRed));
        CHECK(near(pixel(at(-4, -4).get(), 8, 8), kWhite));
        CHECK(near(pixel(at(-4, -4).get(), 16, 16), kGrey));
        CHECK(near(pixel(at(-10, 4).get(), 0, 4), kWhite));
        CHECK(near(pixel(at(60, 44).get(), 62, 46), kRed));
        CHECK(near(pixel(at(60, 44).get(), 58, 46), kGrey));
        CHECK(near(pixel(at(50, -10).get(), 50, 0), kWhite));
    }

    TEST_CASE("a frame in which nothing is to be seen is passed on, any other is left alone") {
        const weir::test::TemporaryFolder folder;
        write_png(folder.path("p.png"), 16, 16, [](int, int) { return kRedRgba; });
        const auto picture = layer_of(folder.path("p.png"), {}).picture;
        const OverlayLayer hidden[]{
            {{.x = kWidth}, picture}, {{.x = -16}, picture},     {{.y = kHeight}, picture},
            {{.y = -16}, picture},    {{.opacity = 0}, picture}, {{}, nullptr},
            {{}, picture, 5s},        {{}, picture, {}, 4s},
        };
        Frame frame;
        GstBuffer* const before = frame.buffer.get();
        auto after = blend(std::move(frame.buffer), frame.info, hidden, 4s);
        CHECK(after.get() == before);
        CHECK(near(pixel(before, 0, 0), kGrey));

        // Somebody else holds it.
        const auto held = weir::base::borrow_mini(before);
        const OverlayLayer layer{{}, picture};
        after = blend(std::move(after), frame.info, {&layer, 1}, 4s);
        CHECK(after.get() != held.get());
        CHECK(near(pixel(after.get(), 0, 0), kRed));
        CHECK(near(pixel(held.get(), 0, 0), kGrey));
        // ... or only its memory.
        const auto shallow = adopt_mini(gst_buffer_copy(held.get()));
        after = blend(weir::base::borrow_mini(held.get()), frame.info, {&layer, 1}, 4s);
        CHECK(near(pixel(shallow.get(), 0, 0), kGrey));
    }

    TEST_CASE("it is scaled to the size that is asked for") {
        const weir::test::TemporaryFolder folder;
        write_png(folder.path("p.png"), 4, 4, [](int, int) { return kRedRgba; });
        const auto seen =
            show(layer_of(folder.path("p.png"), {.x = 8, .y = 8, .width = 24, .height = 16}));
        CHECK(near(pixel(seen.get(), 8, 8), kRed));
        CHECK(near(pixel(seen.get(), 31, 23), kRed));
        CHECK(near(pixel(seen.get(), 32, 22), kGrey));
        CHECK(near(pixel(seen.get(), 30, 24), kGrey));
        const auto own = layer_of(folder.path("p.png"), {.width = 10});
        CHECK(GST_VIDEO_INFO_WIDTH(&own.picture->info()) == 10);
        CHECK(GST_VIDEO_INFO_HEIGHT(&own.picture->info()) == 4);
    }

    TEST_CASE("opacity goes from none to its own and back again") {
        OverlayLayer layer{{.opacity = 0.8, .fade_duration = 1000ms}, nullptr, 10s, 20s};
        struct Row {
            MediaTime time;
            double expected;
        };
        for (const auto& [time, expected] : {Row{0s, 0},
                                             {10s, 0},
                                             {10'500ms, 0.4},
                                             {11s, 0.8},
                                             {15s, 0.8},
                                             {19s, 0.8},
                                             {19'750ms, 0.2},
                                             {20s, 0},
                                             {30s, 0}}) {
            const auto at = time.count();
            CAPTURE(at);
            CHECK(opacity_at(layer, time) == doctest::Approx(expected));
        }
        layer.until = 10'500ms;  // gone before it was there
        CHECK(opacity_at(layer, 10'250ms) == doctest::Approx(0.2));
        layer = {{.opacity = 0.8}, nullptr, 10s, 20s};
        CHECK(opacity_at(layer, 10s - 1ns) == 0);
        CHECK(opacity_at(layer, 10s) == 0.8);
        CHECK(opacity_at(layer, 20s - 1ns) == 0.8);
        CHECK(opacity_at(layer, 20s) == 0);
        CHECK(opacity_at({{.opacity = 3}, nullptr}, 0s) == 1);
    }

    TEST_CASE("opacity is seen, and the later picture is above") {
        const weir::test::TemporaryFolder folder;
        write_png(folder.path("white.png"), 16, 16, [](int, int) {
            return Rgba{255, 255, 255, 255};
        });
        write_png(folder.path("red.png"), 16, 16, [](int, int) { return kRedRgba; });
        auto white = layer_of(folder.path("white.png"), {.opacity = 0.5});
        CHECK(near(pixel(show(white).get(), 4, 4), {168, 128, 128}));
        const OverlayLayer both[]{layer_of(folder.path("red.png"), {.x = 8}), white};
        Frame frame;
        const auto seen = blend(std::move(frame.buffer), frame.info, both, 0s);
        CHECK(near(pixel(seen.get(), 4, 4), {168, 128, 128}));
        CHECK(near(pixel(seen.get(), 20, 4), kRed));
        CHECK(near(pixel(seen.get(), 12, 4), {149, 115, 184}));
    }

    TEST_CASE("what cannot be loaded is named") {
        const weir::test::TemporaryFolder folder;
        const auto error = [&](const std::string& name) {
            auto picture = OverlayPicture::load(folder.path(name), 0, 0);
            REQUIRE_FALSE(picture);
            CHECK(picture.error().message.starts_with(folder.path(name) + ": "));
            return picture.error().code;
        };
        CHECK(error("none.png") == ErrorCode::not_found);
        std::filesystem::create_directory(folder.path("folder.png"));
        CHECK(error("folder.png") == ErrorCode::io);
        std::ofstream(folder.path("text.png")) << "not at all a picture, but some text";
        CHECK(error("text.png") == ErrorCode::unsupported);
        std::ofstream(folder.path("empty.png")).flush();
        CHECK(error("empty.png") == ErrorCode::unsupported);

        write_png(folder.path("good.png"), 64, 64, [](int x, int y) {
            return Rgba{static_cast<std::uint8_t>(x * y), static_cast<std::uint8_t>(x), 0, 255};
        });
        std::ifstream good(folder.path("good.png"), std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(good), {}};
        const auto write = [&](const std::string& name, const std::string& content) {
            std::ofstream(folder.path(name), std::ios::binary) << content;
        };
        for (const std::size_t size : {12UL, 30UL, 60UL, bytes.size() / 2}) {
            CAPTURE(size);
            write("short.png", bytes.substr(0, size));
            CHECK(error("short.png") == ErrorCode::corrupt);
        }
        auto bad = bytes;
        for (std::size_t i = 60; i < 90; ++i) bad[i] = static_cast<char>(~bad[i]);
        write("bad.png", bad);
        CHECK(error("bad.png") == ErrorCode::corrupt);
        auto huge = bytes;
        huge[16] = 0x7F;
        write("huge.png", huge);
        CHECK(error("huge.png") == ErrorCode::unsupported);
    }
}
