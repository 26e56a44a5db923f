// SPDX-License-Identifier: MIT
#include <weir/gst.hpp>

#include <doctest/doctest.h>

#include <string>

#include "base/gst_ptr.hpp"
#include "base/pipeline.hpp"

using weir::Bytes;
using weir::EncoderLadder;
using weir::Error;
using weir::ErrorCode;
using weir::ObjectInfo;
using weir::Result;
using weir::Store;
using weir::base::adopt_mini;
using weir::base::adopt_object;

namespace {

class BrokenStore final : public Store {
public:
    Result<void> put(std::string_view, const Bytes&) override {
        return Error{ErrorCode::io, "the disk is gone"};
    }
    Result<Bytes> get(std::string_view) override { return Error{ErrorCode::not_found, ""}; }
    Result<ObjectInfo> describe(std::string_view) override {
        return Error{ErrorCode::not_found, ""};
    }
    Result<void> remove(std::string_view) override { return {}; }
    Result<std::vector<ObjectInfo>> list(std::string_view) override {
        return std::vector<ObjectInfo>{};
    }
};

// Three seconds of pictures into the store, through weir's elements in a pipeline of the test's
// own. The text of the warning that came before the end, if any.
std::string encode_into(const std::shared_ptr<Store>& store, const std::string& prefix) {
    const EncoderLadder ladder{
        .video = {{.name = "180p", .width = 320, .height = 180, .bitrate_bps = 300'000}},
        .audio = {},
        .preset = "ultrafast"};
    GstElement* encoder = weir::make_element(ladder).value();
    GstElement* hls =
        weir::make_element({.playlist_type = weir::PlaylistType::event}, ladder, store, prefix)
            .value();
    weir::base::Pipeline pipeline("test");
    GstElement* source = pipeline.add("videotestsrc").value();
    g_object_set(source, "num-buffers", 3 * 30, nullptr);
    gst_bin_add_many(pipeline.bin(), encoder, hls, nullptr);
    REQUIRE(gst_element_link_pads(source, "src", encoder, "video"));
    REQUIRE(gst_element_link_pads(encoder, "video_180p", hls, "video_180p"));
    REQUIRE(pipeline.start());
    const auto bus = adopt_object(gst_element_get_bus(pipeline.element()));
    const auto wanted =
        static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);
    std::string warning;
    while (true) {
        const auto message =
            adopt_mini(gst_bus_timed_pop_filtered(bus.get(), GST_CLOCK_TIME_NONE, wanted));
        REQUIRE(GST_MESSAGE_TYPE(message.get()) != GST_MESSAGE_ERROR);
        if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_EOS) return warning;
        warning = weir::base::message_text(message.get());
    }
}

}  // namespace

TEST_SUITE("channel/gst_elements") {
    TEST_CASE("at the end of the host's stream the store holds the whole VOD") {
        std::string prefix;
        SUBCASE("below a prefix of one part") {
            prefix = "demo";
        }
        SUBCASE("below a longer prefix") {
            prefix = "demos/today/one";
        }
        const auto store = weir::open_store(weir::MemoryStore{}).value();
        CHECK(encode_into(store, prefix).empty());
        CHECK(store->list(prefix + "/180p/").value().size() == 2);
        const auto media = store->get(prefix + "/hls/180p.m3u8");
        REQUIRE(media);
        CHECK(media->read().value().find("#EXT-X-ENDLIST") != std::string::npos);
        const auto index = store->get(prefix + "/hls/index.m3u8");
        REQUIRE(index);
        // The rate is the host's: what we do not know is not said.
        CHECK(index->read().value().find("FRAME-RATE") == std::string::npos);
    }

    TEST_CASE("a store that fails is a warning on the host's bus") {
        const auto warning = encode_into(std::make_shared<BrokenStore>(), "demo");
        CHECK(warning.find("the disk is gone") != std::string::npos);
    }
}
