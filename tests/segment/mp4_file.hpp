// SPDX-License-Identifier: MIT
// A file of MP4 as others read it: ffprobe, and GStreamer's demultiplexer and decoders.
// Threads: one owner.
#pragma once

#include <atomic>
#include <chrono>
#include <fstream>
#include <sstream>
#include <string>

#include "base/callback.hpp"
#include "base/pipeline.hpp"
#include "support/clip_units.hpp"
#include "support/temporary_folder.hpp"

namespace weir::test {

class FileFor {
public:
    explicit FileFor(const std::string& bytes) { std::ofstream(path(), std::ios::binary) << bytes; }

    struct Probed {
        std::string text;    // comma-separated, without the sections' names
        std::string errors;  // what it complained about
    };
    [[nodiscard]] Probed probe(const std::string& entries) const {
        const std::string errors = folder_.path("errors");
        Probed probed;
        probed.text = output_of("ffprobe -v warning -show_entries " + entries + " -of csv=p=0 '" +
                                path() + "' 2>'" + errors + "' #");
        std::stringstream said;
        std::ifstream in(errors);
        if (in.peek() != std::ifstream::traits_type::eof()) said << in.rdbuf();
        probed.errors = said.str();
        return probed;
    }

    // How many frames come out of qtdemux and the decoder for `codecs`; -1: an error.
    [[nodiscard]] std::int64_t decoded_by_gstreamer(const std::string& codecs) const {
        const char* decoder = codecs.starts_with("avc1")   ? "avdec_h264"
                              : codecs.starts_with("hvc1") ? "avdec_h265"
                              : codecs.starts_with("av01") ? "av1dec"
                              : codecs.starts_with("opus") ? "opusdec"
                                                           : "avdec_aac";
        GError* failure = nullptr;
        const std::string description = "filesrc location=" + path() + " ! qtdemux ! " + decoder +
                                        " ! fakesink name=sink sync=false";
        const auto pipeline = base::adopt_object(gst_parse_launch(description.c_str(), &failure));
        const base::GErrorPtr owner(failure);
        if (!pipeline || failure) return -1;
        const auto sink = base::adopt_object(gst_bin_get_by_name(GST_BIN(pipeline.get()), "sink"));
        const auto pad = base::adopt_object(gst_element_get_static_pad(sink.get(), "sink"));
        std::atomic<std::int64_t> frames{0};
        base::add_probe(pad.get(), GST_PAD_PROBE_TYPE_BUFFER, [&](GstPad*, GstPadProbeInfo*) {
            ++frames;
            return GST_PAD_PROBE_OK;
        });
        gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
        const auto bus = base::adopt_object(gst_element_get_bus(pipeline.get()));
        const auto message = base::adopt_mini(gst_bus_timed_pop_filtered(
            bus.get(), 60 * GST_SECOND,
            static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR)));
        const bool good = message && GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_EOS;
        gst_element_set_state(pipeline.get(), GST_STATE_NULL);
        return good ? frames.load() : -1;
    }

private:
    [[nodiscard]] std::string path() const { return folder_.path("file.mp4"); }

    TemporaryFolder folder_;
};

}  // namespace weir::test
