// SPDX-License-Identifier: MIT
#include "encode/encoder_ladder.hpp"

#include <doctest/doctest.h>
#include <gst/app/gstappsink.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/pipeline.hpp"
#include "encode/video_encoder.hpp"
#include "support/ladder_run.hpp"

using namespace weir;
using namespace std::chrono_literals;
using media::MediaTime;
using test::LadderRun;

namespace {

constexpr MediaTime kUtc = 1'790'000'000s;

const std::vector<VideoRendition> kThree{
    {.name = "a", .width = 64, .height = 36, .bitrate_bps = 200'000},
    {.name = "b",
     .width = 48,
     .height = 28,
     .bitrate_bps = 100'000,
     .rate_control = RateControl::cbr},
    {.name = "c", .width = 32, .height = 18, .bitrate_bps = 50'000}};

bool has_nal(const test::AccessUnit& unit, int type) {
    const auto& b = unit.bytes;
    for (std::size_t i = 0; i + 3 < b.size(); ++i) {
        if (b[i] == 0 && b[i + 1] == 0 && b[i + 2] == 1 && (b[i + 3] & 0x1F) == type) return true;
    }
    return false;
}

std::vector<MediaTime> idr_times(const std::vector<test::AccessUnit>& units) {
    std::vector<MediaTime> times;
    for (const auto& unit : units) {
        if (has_nal(unit, 5)) times.push_back(unit.pts);
    }
    return times;
}

// The first frame, and the first at or behind each multiple of the GOP.
std::vector<MediaTime> expected_idr_times(const LadderRun& run, std::int64_t frames,
                                          MediaTime gop) {
    std::vector<MediaTime> times;
    for (std::int64_t i = 0; i < frames; ++i) {
        if (i == 0 || run.time(i) / gop != run.time(i - 1) / gop) times.push_back(run.time(i));
    }
    return times;
}

void check_idr(Rational rate, std::chrono::milliseconds gop, const char* preset) {
    CAPTURE(to_string(rate));
    CAPTURE(gop.count());
    LadderRun::Options options{.ladder = {.video = kThree, .gop = gop, .preset = preset},
                               .frame_rate = rate};
    options.first_frame = media::Grid(rate, 1s).frame_at_or_after(kUtc + 12'345'678ns);
    options.frames = 230;
    options.draw = test::noise(64, 36, 60, 17);  // a hard cut every 17 frames
    LadderRun run(std::move(options));
    run.discard_all();
    REQUIRE(run.run());
    const auto expected = expected_idr_times(run, 230, gop);
    for (const char* pad : {"video_a", "video_b", "video_c"}) {
        CAPTURE(std::string(pad));
        const auto& units = run.units(pad);
        CHECK(units.size() == 230);
        CHECK(idr_times(units) == expected);
        for (const auto& unit : units) CHECK(unit.key == has_nal(unit, 5));
        std::vector<MediaTime> times;
        for (const auto& unit : units) times.push_back(unit.pts);
        std::sort(times.begin(), times.end());
        for (std::size_t i = 0; i < times.size(); ++i) {
            CHECK(times[i] == run.time(static_cast<std::int64_t>(i)));
        }
    }
}

// The bits of any stretch of frames are at most what the buffer allows.
void check_buffer(RateControl control, std::int64_t bitrate, std::chrono::milliseconds vbv,
                  const char* preset) {
    CAPTURE(control == RateControl::cbr);
    CAPTURE(bitrate);
    CAPTURE(vbv.count());
    CAPTURE(std::string(preset));
    LadderRun::Options options{.ladder = {.video = {{.name = "v",
                                                     .width = 160,
                                                     .height = 90,
                                                     .bitrate_bps = bitrate,
                                                     .rate_control = control}},
                                          .vbv_duration = vbv,
                                          .preset = preset}};
    options.width = 160;
    options.height = 90;
    options.frames = 300;
    const auto wild = test::noise(160, 90, 220, 1'000'000);
    options.draw = [wild](std::int64_t frame, std::vector<std::uint8_t>& picture) {
        if (frame / 75 % 2 == 1) return wild(frame, picture);
        std::fill(picture.begin(), picture.end(), std::uint8_t{100});
    };
    LadderRun run(std::move(options));
    run.discard_all();
    REQUIRE(run.run());
    auto units = run.units("video_v");
    const double rate = static_cast<double>(bitrate);
    const double size = rate * std::chrono::duration<double>(vbv).count();
    // A bucket that leaks at the rate: what it holds at most is the worst stretch.
    double level = 0;
    double worst = 0;
    for (const auto& unit : units) {
        level += static_cast<double>(unit.bytes.size()) * 8;
        worst = std::max(worst, level);
        level = std::max(0.0, level - rate / 25);
    }
    CHECK(worst <= size * 1.05 + rate / 25);
    CHECK(worst >= size * 0.2);  // the content is hard enough to need it
}

double psnr(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return 10 * std::log10(255.0 * 255.0 * static_cast<double>(a.size()) / std::max(sum, 1e-9));
}

struct Picture {
    std::vector<std::uint8_t> samples;
    std::string colorimetry;
};

// The last picture of colour bars that went through `chain`, an element with a sink pad.
Picture last_picture(GstElement* chain, const char* sink_pad, const char* source_pad,
                     const char* rest) {
    base::Pipeline pipeline("picture");
    GstElement* source = gst_parse_bin_from_description(
        "videotestsrc num-buffers=30 pattern=smpte ! "
        "video/x-raw,format=I420,width=640,height=360,framerate=25/1,colorimetry=bt709",
        TRUE, nullptr);
    GstElement* sink = gst_parse_bin_from_description(rest, TRUE, nullptr);
    gst_bin_add_many(pipeline.bin(), source, chain, sink, nullptr);
    gst_element_link_pads(source, nullptr, chain, sink_pad);
    gst_element_link_pads(chain, source_pad, sink, nullptr);
    const auto appsink = base::adopt_object(gst_bin_get_by_name(GST_BIN(sink), "out"));
    REQUIRE(pipeline.start());
    Picture picture;
    while (GstSample* pulled = gst_app_sink_pull_sample(GST_APP_SINK(appsink.get()))) {
        const auto sample = base::adopt_mini(pulled);
        const GstStructure* caps = gst_caps_get_structure(gst_sample_get_caps(sample.get()), 0);
        const char* text = gst_structure_get_string(caps, "colorimetry");
        picture.colorimetry = text ? text : "none";
        GstMapInfo map;
        REQUIRE(gst_buffer_map(gst_sample_get_buffer(sample.get()), &map, GST_MAP_READ));
        picture.samples.assign(map.data, map.data + map.size);
        gst_buffer_unmap(gst_sample_get_buffer(sample.get()), &map);
    }
    return picture;
}

}  // namespace

TEST_SUITE("encode/encoder_ladder") {
    TEST_CASE("IDR frames lie on the grid in all renditions, whatever is in the pictures") {
        check_idr({30'000, 1001}, 1000ms, "ultrafast");
        check_idr({30'000, 1001}, 2000ms, "veryfast");
        check_idr({25, 1}, 1000ms, "veryfast");
        check_idr({25, 1}, 500ms, "ultrafast");
        check_idr({24'000, 1001}, 1500ms, "veryfast");
        check_idr({50, 1}, 480ms, "ultrafast");
    }

    TEST_CASE("no IDR frame is lost, however long the encoder looks ahead, however short the GOP") {
        check_idr({25, 1}, 1000ms, "fast");
        check_idr({25, 1}, 1000ms, "medium");
        check_idr({30, 1}, 1000ms, "slower");
        check_idr({25, 1}, 1000ms, "veryslow");
        check_idr({20, 1}, 250ms, "veryfast");
        check_idr({5, 1}, 1000ms, "veryfast");
        check_idr({7, 3}, 2000ms, "veryfast");
    }

    TEST_CASE("a rendition never needs more than its buffer") {
        for (const auto control : {RateControl::cbr, RateControl::capped_quality}) {
            for (const auto vbv : {500ms, 1000ms, 2000ms}) {
                check_buffer(control, 300'000, vbv, "ultrafast");
            }
            check_buffer(control, 600'000, 1000ms, "veryfast");
        }
    }

    TEST_CASE("colours survive, and are named in every rendition") {
        for (const int height : {90, 180, 360}) {
            CAPTURE(height);
            EncoderLadder ladder{.video = {{.name = "v",
                                            .width = height * 16 / 9,
                                            .height = height,
                                            .bitrate_bps = 4'000'000,
                                            .crf = 10}}};
            auto made = encode::make_encoder_ladder(ladder, {30, 1});
            REQUIRE(made);
            const auto encoded =
                last_picture(made->get(), "video", "video_v",
                             "h264parse ! avdec_h264 ! appsink name=out sync=false");
            const auto size =
                "capsfilter caps=video/x-raw,format=I420,width=" + std::to_string(height * 16 / 9) +
                ",height=" + std::to_string(height) + ",colorimetry=bt709";
            const auto scaled =
                last_picture(gst_element_factory_make("videoconvertscale", nullptr), "sink", "src",
                             (size + " ! appsink name=out sync=false").c_str());
            CHECK(encoded.colorimetry == "bt709");
            REQUIRE(encoded.samples.size() == scaled.samples.size());
            CHECK(psnr(encoded.samples, scaled.samples) > 35);
        }
    }

    TEST_CASE("pictures are of High profile, with square pixels") {
        LadderRun::Options options{.ladder = {.video = kThree}};
        options.frames = 30;
        LadderRun run(std::move(options));
        run.discard_all();
        REQUIRE(run.run());
        const int sizes[][2] = {{64, 36}, {48, 28}, {32, 18}};
        for (int i = 0; i < 3; ++i) {
            const auto caps = run.caps(std::string("video_") + "abc"[i]);
            REQUIRE(caps);
            const GstStructure* fields = gst_caps_get_structure(caps.get(), 0);
            int width = 0;
            int height = 0;
            int numerator = 0;
            int denominator = 0;
            gst_structure_get_int(fields, "width", &width);
            gst_structure_get_int(fields, "height", &height);
            gst_structure_get_fraction(fields, "pixel-aspect-ratio", &numerator, &denominator);
            CHECK(width == sizes[i][0]);
            CHECK(height == sizes[i][1]);
            CHECK(numerator == denominator);
            CHECK(std::string(gst_structure_get_string(fields, "profile")) == "high");
        }
    }

    TEST_CASE("AAC frame m begins at sample 1024 m, and its configuration is right") {
        struct Row {
            int rate, channels;
            std::vector<std::uint8_t> config;  // ISO/IEC 14496-3 1.6.2.1
        };
        for (const Row& row : {Row{48'000, 2, {0x11, 0x90}}, Row{48'000, 1, {0x11, 0x88}},
                               Row{44'100, 2, {0x12, 0x10}}, Row{44'100, 1, {0x12, 0x08}}}) {
            CAPTURE(row.rate);
            CAPTURE(row.channels);
            LadderRun::Options options{
                .ladder = {.video = {kThree.front()},
                           .audio = {{.sample_rate = row.rate, .channels = row.channels}},
                           .preset = "ultrafast"}};
            options.first_frame = media::Grid({25, 1}, 1s).frame_at_or_after(kUtc + 777ms);
            options.frames = 250;
            LadderRun run(std::move(options));
            run.discard_all();
            REQUIRE(run.run());
            const auto caps = run.caps("audio_aac");
            REQUIRE(caps);
            const GstStructure* fields = gst_caps_get_structure(caps.get(), 0);
            GstBuffer* config = gst_value_get_buffer(gst_structure_get_value(fields, "codec_data"));
            std::vector<std::uint8_t> found(2);
            gst_buffer_extract(config, 0, found.data(), 2);
            CHECK(found == row.config);
            const auto& units = run.units("audio_aac");
            const auto count = 10 * row.rate / 1024;
            CHECK(std::abs(static_cast<double>(units.size()) - count) <= 2);
            for (std::size_t i = 0; i < units.size(); ++i) {
                const auto frame = run.first_aac_frame() + static_cast<std::int64_t>(i);
                const auto time = media::sample_time(frame * media::kAacFrameSamples, row.rate);
                // The encoder counts nanoseconds on its own between two stamps of ours.
                CHECK(std::chrono::abs(units[i].pts - time) <= 30us);
            }
        }
    }

    TEST_CASE("every audio rendition is encoded") {
        LadderRun::Options options{.ladder = {.video = {kThree.front()},
                                              .audio = {{.name = "high"},
                                                        {.name = "low",
                                                         .bitrate_bps = 48'000,
                                                         .sample_rate = 44'100,
                                                         .channels = 1}},
                                              .preset = "ultrafast"}};
        LadderRun run(std::move(options));
        run.discard_all();
        CHECK(run.run());
        CHECK(run.units("audio_high").size() > 180);
    }

    TEST_CASE("the lowest quality is one that the encoder takes") {
        for (const int crf : {1, 50, 51}) {
            auto made = encode::make_video_encoder(
                {.name = "v", .width = 64, .height = 36, .bitrate_bps = 100'000, .crf = crf}, {});
            REQUIRE(made);
            GstIterator* elements =
                gst_bin_iterate_all_by_element_factory_name(GST_BIN(made->get()), "x264enc");
            GValue item = G_VALUE_INIT;
            REQUIRE(gst_iterator_next(elements, &item) == GST_ITERATOR_OK);
            guint quantizer = 0;
            g_object_get(g_value_get_object(&item), "quantizer", &quantizer, nullptr);
            CHECK(quantizer == static_cast<guint>(std::min(crf, 50)));
            g_value_unset(&item);
            gst_iterator_free(elements);
        }
    }

    TEST_CASE("a plugin that is missing is named") {
        const auto made = base::make_gst_element("x264enc-of-tomorrow");
        REQUIRE_FALSE(made);
        CHECK(made.error().code == ErrorCode::unsupported);
        CHECK(made.error().message.find("x264enc-of-tomorrow") != std::string::npos);
    }

    TEST_CASE("a ladder goes whole") {
        auto made = encode::make_encoder_ladder(EncoderLadder::sd(), {30, 1});
        REQUIRE(made);
        std::vector<GWeakRef> references(64);
        std::size_t count = 0;
        const auto watch = [&](GstElement* element) {
            REQUIRE(count < references.size());
            g_weak_ref_init(&references[count++], element);
        };
        watch(made->get());
        GstIterator* elements = gst_bin_iterate_recurse(GST_BIN(made->get()));
        GValue item = G_VALUE_INIT;
        while (gst_iterator_next(elements, &item) == GST_ITERATOR_OK) {
            watch(GST_ELEMENT(g_value_get_object(&item)));
            g_value_reset(&item);
        }
        g_value_unset(&item);
        gst_iterator_free(elements);
        CHECK(count > 15);
        *made = nullptr;
        for (std::size_t i = 0; i < count; ++i) {
            gpointer left = g_weak_ref_get(&references[i]);
            CHECK(left == nullptr);
            if (left) g_object_unref(left);
            g_weak_ref_clear(&references[i]);
        }
    }
}
