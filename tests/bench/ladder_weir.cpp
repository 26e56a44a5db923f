// SPDX-License-Identifier: MIT
// weir's side of ladder.py: a file through weir's ladder and HLS sink into a folder, as fast as it
// goes.
//
//   ladder_weir FILE FOLDER
#include <weir/gst.hpp>
#include <weir/weir.hpp>

#include <cstdio>
#include <string>

namespace {

struct Sinks {
    GstElement* encoder;
    bool linked_video = false;
    bool linked_audio = false;
};

// The first picture and the first sound of the file go into the ladder.
void link_decoded(GstElement*, GstPad* pad, gpointer data) {
    auto* sinks = static_cast<Sinks*>(data);
    GstCaps* caps = gst_pad_get_current_caps(pad);
    const bool video = gst_structure_has_name(gst_caps_get_structure(caps, 0), "video/x-raw");
    gst_caps_unref(caps);
    bool& linked = video ? sinks->linked_video : sinks->linked_audio;
    if (linked) return;
    GstPad* sink = gst_element_get_static_pad(sinks->encoder, video ? "video" : "audio");
    linked = gst_pad_link(pad, sink) == GST_PAD_LINK_OK;
    gst_object_unref(sink);
}

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
    if (argc != 3) return std::fputs("usage: ladder_weir FILE FOLDER\n", stderr), 2;

    const weir::EncoderLadder ladder = weir::EncoderLadder::hd1080();
    const weir::HlsSink sink{.playlist_type = weir::PlaylistType::event};
    auto store = weir::open_store(weir::DirectoryStore{.path = argv[2]}).value();
    GstElement* encoder = weir::make_element(ladder).value();
    GstElement* hls = weir::make_element(sink, ladder, store, "bench").value();
    GstElement* source = gst_element_factory_make("filesrc", nullptr);
    GstElement* decoder = gst_element_factory_make("decodebin", nullptr);
    if (source == nullptr || decoder == nullptr) return std::fputs("GStreamer?\n", stderr), 1;
    g_object_set(source, "location", argv[1], nullptr);

    GstElement* pipeline = gst_pipeline_new(nullptr);
    gst_bin_add_many(GST_BIN(pipeline), source, decoder, encoder, hls, nullptr);
    Sinks sinks{.encoder = encoder};
    g_signal_connect(decoder, "pad-added", G_CALLBACK(link_decoded), &sinks);
    bool linked = gst_element_link(source, decoder) != 0;
    for (const weir::VideoRendition& rendition : ladder.video) {
        const std::string pad = "video_" + rendition.name;
        linked = linked && gst_element_link_pads(encoder, pad.c_str(), hls, pad.c_str()) != 0;
    }
    const std::string audio_pad = "audio_" + ladder.audio[0].name;
    linked = linked && gst_element_link_pads(encoder, audio_pad.c_str(), hls, "audio") != 0;
    if (!linked) std::fputs("the elements do not fit together\n", stderr);

    const bool good = linked && run_to_end(pipeline);
    gst_object_unref(pipeline);
    return good ? 0 : 1;
}
