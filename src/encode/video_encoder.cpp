// SPDX-License-Identifier: MIT
#include "encode/video_encoder.hpp"

#include <algorithm>

#include "base/pipeline.hpp"

namespace weir::encode {

using base::adopt_mini;
using base::adopt_object;

namespace {

// IDR frames come from forced key units; x264's own interval only has to be longer than any GOP.
constexpr guint kNoInterval = 100'000;

base::MiniPtr<GstCaps> scaled_caps(const VideoRendition& rendition) {
    // Named, because a converter guesses bt601 for small pictures and converts the colours.
    return adopt_mini(gst_caps_new_simple("video/x-raw", "format", G_TYPE_STRING, "I420", "width",
                                          G_TYPE_INT, rendition.width, "height", G_TYPE_INT,
                                          rendition.height, "pixel-aspect-ratio", GST_TYPE_FRACTION,
                                          1, 1, "colorimetry", G_TYPE_STRING, "bt709", nullptr));
}

void configure(GstElement* encoder, const VideoRendition& rendition, const EncoderLadder& ladder) {
    const bool cbr = rendition.rate_control == RateControl::cbr;
    gst_util_set_object_arg(G_OBJECT(encoder), "speed-preset", ladder.preset.c_str());
    gst_util_set_object_arg(G_OBJECT(encoder), "pass", cbr ? "cbr" : "qual");
    const auto kbps = static_cast<guint>((rendition.bitrate_bps + 999) / 1000);
    g_object_set(encoder, "bitrate", kbps, "vbv-buf-capacity",
                 static_cast<guint>(ladder.vbv_duration.count()), "key-int-max", kNoInterval,
                 "threads", static_cast<guint>(rendition.threads), "option-string",
                 x264_options().c_str(), nullptr);
    // The element's range ends one before x264's.
    const auto crf = static_cast<guint>(std::clamp(rendition.crf, 1, 50));
    if (!cbr) g_object_set(encoder, "quantizer", crf, nullptr);
}

}  // namespace

std::string x264_options() {
    // scenecut=0: an IDR frame of one rendition alone would part the renditions for good.
    // vbv-init=0.5: a short first segment obeys the same bound as the others (see
    // ts_bandwidth.hpp).
    return "scenecut=0:vbv-init=0.5";
}

Result<base::ObjectPtr<GstElement>> make_video_encoder(const VideoRendition& rendition,
                                                       const EncoderLadder& ladder) {
    auto bin = adopt_object(gst_bin_new(nullptr));
    GstElement* chain[4] = {};
    const char* factories[4] = {"videoconvertscale", "capsfilter", "x264enc", "capsfilter"};
    for (int i = 0; i < 4; ++i) {
        auto element = base::make_gst_element(factories[i]);
        if (!element) return element.error();
        chain[i] = *element;
        gst_bin_add(GST_BIN(bin.get()), chain[i]);
    }
    gst_element_link_many(chain[0], chain[1], chain[2], chain[3], nullptr);
    // As many taps as the reduction needs. The default has two whatever the ratio: it leaves pixels
    // out, and the encoder pays for the flicker (at a third of the size 40 % more bits). The cubic
    // ones lose 1.5 dB at exactly a third.
    gst_util_set_object_arg(G_OBJECT(chain[0]), "method", "bilinear2");
    g_object_set(chain[1], "caps", scaled_caps(rendition).get(), nullptr);
    configure(chain[2], rendition, ladder);
    const auto profile = adopt_mini(gst_caps_from_string("video/x-h264,profile=high,alignment=au"));
    g_object_set(chain[3], "caps", profile.get(), nullptr);
    const auto sink = adopt_object(gst_element_get_static_pad(chain[0], "sink"));
    const auto source = adopt_object(gst_element_get_static_pad(chain[3], "src"));
    gst_element_add_pad(bin.get(), gst_ghost_pad_new("sink", sink.get()));
    gst_element_add_pad(bin.get(), gst_ghost_pad_new("src", source.get()));
    return bin;
}

}  // namespace weir::encode
