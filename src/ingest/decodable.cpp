// SPDX-License-Identifier: MIT
#include "ingest/decodable.hpp"

#include <memory>
#include <string>

namespace weir::ingest {

namespace {

struct FreeFeatures {
    void operator()(GList* list) const { gst_plugin_feature_list_free(list); }
};
using Features = std::unique_ptr<GList, FreeFeatures>;

std::string codec_text(const GstCaps* caps) {
    const std::string name = gst_structure_get_name(gst_caps_get_structure(caps, 0));
    if (name == "video/x-h264") return "H.264";
    if (name == "video/x-h265") return "HEVC";
    if (name == "video/x-av1") return "AV1";
    return name == "audio/mpeg" ? "AAC" : name;
}

// Without what a parser changes on the way.
base::MiniPtr<GstCaps> codec_only(const GstCaps* caps) {
    const GstStructure* structure = gst_caps_get_structure(caps, 0);
    auto result = base::adopt_mini(gst_caps_new_empty_simple(gst_structure_get_name(structure)));
    if (gst_structure_has_field(structure, "mpegversion")) {
        gst_caps_set_value(result.get(), "mpegversion",
                           gst_structure_get_value(structure, "mpegversion"));
    }
    return result;
}

}  // namespace

Result<void> check_decodable(const GstCaps* caps) {
    // decodebin takes nothing below this rank.
    const Features all(
        gst_element_factory_list_get_elements(GST_ELEMENT_FACTORY_TYPE_DECODER, GST_RANK_MARGINAL));
    const auto codec = codec_only(caps);
    const Features fitting(
        gst_element_factory_list_filter(all.get(), codec.get(), GST_PAD_SINK, FALSE));
    if (fitting) return {};
    return Error{ErrorCode::unsupported,
                 codec_text(caps) + " cannot be decoded: a GStreamer plugin for it is missing"};
}

}  // namespace weir::ingest
