// SPDX-License-Identifier: MIT
// This example shows how to:
//   1. put weir's encoder ladder into a GStreamer pipeline of your own;
//   2. put weir's HLS sink behind it, writing into a folder;
//   3. run the pipeline to its end, where the playlists become VOD.
//
//   custom_pipeline [seconds] [folder]
#include <weir/gst.hpp>
#include <weir/weir.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

// Runs until the end of the stream; false, and the error printed, when it fails.
bool run_to_end(GstElement* pipeline) {
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    GstBus* bus = gst_element_get_bus(pipeline);
    const auto wanted = static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    GstMessage* message = gst_bus_timed_pop_filtered(bus, GST_CLOCK_TIME_NONE, wanted);
    const bool good = GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
    if (!good) {
        GError* error = nullptr;
        gst_message_parse_error(message, &error, nullptr);
        std::fprintf(stderr, "%s: %s\n", GST_OBJECT_NAME(message->src), error->message);
        g_error_free(error);
    }
    gst_message_unref(message);
    gst_object_unref(bus);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    return good;
}

}  // namespace

int main(int argc, char** argv) {
    gst_init(&argc, &argv);
    const int seconds = argc > 1 ? std::atoi(argv[1]) : 10;
    const std::string folder = argc > 2 ? argv[2] : "recordings";
    const std::string prefix = "custom/demo";

    const weir::EncoderLadder ladder = weir::EncoderLadder::sd();
    const weir::HlsSink sink{.playlist_type = weir::PlaylistType::event};
    auto store = weir::open_store(weir::DirectoryStore{.path = folder}).value();
    GstElement* encoder = weir::make_element(ladder).value();
    GstElement* hls = weir::make_element(sink, ladder, store, prefix).value();

    // 25 pictures and 50 blocks of 960 samples a second.
    const std::string sources =
        "videotestsrc pattern=ball num-buffers=" + std::to_string(25 * seconds) +
        " ! video/x-raw,format=I420,width=854,height=480,framerate=25/1 ! queue name=pictures "
        "audiotestsrc wave=ticks samplesperbuffer=960 num-buffers=" +
        std::to_string(50 * seconds) + " ! audio/x-raw,rate=48000,channels=2 ! queue name=sound";
    GError* error = nullptr;
    GstElement* pipeline = gst_parse_launch(sources.c_str(), &error);
    if (error != nullptr) {
        std::fprintf(stderr, "%s\n", error->message);
        return 1;
    }
    gst_bin_add_many(GST_BIN(pipeline), encoder, hls, nullptr);
    GstElement* pictures = gst_bin_get_by_name(GST_BIN(pipeline), "pictures");
    GstElement* sound = gst_bin_get_by_name(GST_BIN(pipeline), "sound");
    bool linked = gst_element_link_pads(pictures, "src", encoder, "video") != 0;
    linked = linked && gst_element_link_pads(sound, "src", encoder, "audio") != 0;
    for (const weir::VideoRendition& rendition : ladder.video) {
        const std::string pad = "video_" + rendition.name;
        linked = linked && gst_element_link_pads(encoder, pad.c_str(), hls, pad.c_str()) != 0;
    }
    const std::string audio_pad = "audio_" + ladder.audio[0].name;
    linked = linked && gst_element_link_pads(encoder, audio_pad.c_str(), hls, "audio") != 0;
    if (!linked) std::fputs("the elements do not fit together\n", stderr);

    const bool good = linked && run_to_end(pipeline);
    gst_object_unref(pictures);
    gst_object_unref(sound);
    gst_object_unref(pipeline);
    if (good) std::printf("VOD: %s/%s/hls/index.m3u8\n", folder.c_str(), prefix.c_str());
    return good ? 0 : 1;
}
