// SPDX-License-Identifier: MIT
#include "encode/video_encoder.hpp"

#include <algorithm>
#include <iterator>

#include "base/pipeline.hpp"

namespace weir::encode {

using base::adopt_mini;
using base::adopt_object;

namespace {

// IDR frames come from forced key units; x264's own interval only has to be longer than any GOP.
constexpr guint kNoInterval = 100'000;

constexpr const char* kEncoderName = "x264";

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

// What decides x264's delay, by preset (x264's common/base.c, core 164).
struct Lookahead {
    const char* preset;
    int frames;     // rc-lookahead
    int b_frames;   // bframes
    bool thorough;  // b-adapt=2, which looks four times as far
};
constexpr Lookahead kLookaheads[] = {
    {"ultrafast", 0, 0, false}, {"superfast", 0, 3, false}, {"veryfast", 10, 3, false},
    {"faster", 20, 3, false},   {"fast", 30, 3, false},     {"medium", 40, 3, false},
    {"slow", 50, 3, true},      {"slower", 60, 3, true},    {"veryslow", 60, 8, true},
    {"placebo", 60, 16, true},
};

Lookahead lookahead_of(const std::string& preset) {
    for (const auto& row : kLookaheads) {
        if (preset == row.preset) return row;
    }
    return kLookaheads[std::size(kLookaheads) - 1];
}

}  // namespace

void limit_delay(GstElement* bin, const VideoRendition& rendition, const std::string& preset,
                 int gop_frames) {
    const auto encoder = adopt_object(gst_bin_get_by_name(GST_BIN(bin), kEncoderName));
    if (gop_frames < 4) {
        g_object_set(encoder.get(), "key-int-max", 1U, "bframes", 0U, "rc-lookahead", 0, nullptr);
        return;
    }
    const Lookahead wanted = lookahead_of(preset);
    const int b_delay = wanted.thorough ? std::max(wanted.b_frames, 3) * 4 : wanted.b_frames;
    // Frame threads, their lookahead thread, and one for frames of varying length.
    const int threads = std::min(rendition.threads, std::max(gop_frames - 3, 1));
    const int thread_delay = threads > 1 ? threads + wanted.b_frames : 0;
    const int room = gop_frames - 2;
    if (std::max(wanted.frames, b_delay) + thread_delay <= room && threads == rendition.threads) {
        return;
    }
    const int left = std::max(room - (threads - 1), 0);
    g_object_set(encoder.get(), "threads", static_cast<guint>(threads), "sync-lookahead", 0,
                 "rc-lookahead", std::min(wanted.frames, left), nullptr);
    if (b_delay > left) {
        g_object_set(encoder.get(), "bframes",
                     static_cast<guint>(std::min({wanted.b_frames, 3, left})), "b-adapt", TRUE,
                     nullptr);
    }
}

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
        auto element = base::make_gst_element(factories[i], i == 2 ? kEncoderName : "");
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
