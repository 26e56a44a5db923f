// SPDX-License-Identifier: MIT
#include "encode/audio_encoder.hpp"

#include "base/pipeline.hpp"

namespace weir::encode {

using base::adopt_mini;
using base::adopt_object;

Result<base::ObjectPtr<GstElement>> make_audio_encoder(const AudioRendition& rendition) {
    auto bin = adopt_object(gst_bin_new(nullptr));
    GstElement* chain[5] = {};
    const char* factories[5] = {"queue", "audioconvert", "audioresample", "capsfilter",
                                "avenc_aac"};
    for (int i = 0; i < 5; ++i) {
        auto element = base::make_gst_element(factories[i]);
        if (!element) return element.error();
        chain[i] = *element;
        gst_bin_add(GST_BIN(bin.get()), chain[i]);
    }
    gst_element_link_many(chain[0], chain[1], chain[2], chain[3], chain[4], nullptr);
    const auto caps =
        adopt_mini(gst_caps_new_simple("audio/x-raw", "rate", G_TYPE_INT, rendition.sample_rate,
                                       "channels", G_TYPE_INT, rendition.channels, nullptr));
    g_object_set(chain[3], "caps", caps.get(), nullptr);
    g_object_set(chain[4], "bitrate", static_cast<gint>(rendition.bitrate_bps), nullptr);
    const auto sink = adopt_object(gst_element_get_static_pad(chain[0], "sink"));
    const auto source = adopt_object(gst_element_get_static_pad(chain[4], "src"));
    gst_element_add_pad(bin.get(), gst_ghost_pad_new("sink", sink.get()));
    gst_element_add_pad(bin.get(), gst_ghost_pad_new("src", source.get()));
    return bin;
}

}  // namespace weir::encode
