// SPDX-License-Identifier: MIT
#include "encode/video_encoder.hpp"

#include <doctest/doctest.h>
#include <gst/app/gstappsink.h>

#include <algorithm>
#include <span>
#include <utility>

#include "base/pipeline.hpp"

using weir::EncoderLadder;
using weir::VideoRendition;
using weir::base::adopt_mini;
using weir::base::adopt_object;

namespace {

// Chequers of single pixels, 1920 x 1080, through the encoder and back: the brightest and the
// darkest pixel of the first frame.
std::pair<guint8, guint8> encoded_chequers(const VideoRendition& rendition) {
    auto encoder = weir::encode::make_video_encoder(rendition, EncoderLadder{});
    REQUIRE(encoder);
    weir::base::Pipeline pipeline("test");
    GstElement* source = pipeline.add("videotestsrc").value();
    GstElement* filter = pipeline.add("capsfilter").value();
    GstElement* decoder = pipeline.add("avdec_h264").value();
    GstElement* sink = pipeline.add("appsink").value();
    gst_util_set_object_arg(G_OBJECT(source), "pattern", "checkers-1");
    g_object_set(source, "num-buffers", 3, nullptr);
    const auto caps = adopt_mini(gst_caps_from_string(
        "video/x-raw,format=I420,width=1920,height=1080,framerate=25/1,colorimetry=bt709"));
    g_object_set(filter, "caps", caps.get(), nullptr);
    g_object_set(sink, "sync", FALSE, nullptr);
    gst_bin_add(pipeline.bin(), encoder->get());
    REQUIRE(gst_element_link_many(source, filter, encoder->get(), decoder, sink, nullptr));
    REQUIRE(pipeline.start());
    const auto sample = adopt_mini(gst_app_sink_pull_sample(GST_APP_SINK(sink)));
    REQUIRE(sample);
    GstMapInfo map;
    REQUIRE(gst_buffer_map(gst_sample_get_buffer(sample.get()), &map, GST_MAP_READ));
    const auto luma = std::span(map.data, static_cast<std::size_t>(rendition.width) *
                                              static_cast<std::size_t>(rendition.height));
    const auto [darkest, brightest] = std::minmax_element(luma.begin(), luma.end());
    const std::pair result(*darkest, *brightest);
    gst_buffer_unmap(gst_sample_get_buffer(sample.get()), &map);
    return result;
}

}  // namespace

TEST_SUITE("encode/video_encoder") {
    TEST_CASE("a smaller rendition averages the pixels that it has no room for") {
        gst_init(nullptr, nullptr);
        const auto [darkest, brightest] = encoded_chequers(
            {.name = "360p", .width = 640, .height = 360, .bitrate_bps = 5'000'000, .crf = 10});
        // Left out instead of averaged they would be black and white again.
        CHECK(brightest - darkest < 60);
    }
}
