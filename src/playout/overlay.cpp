// SPDX-License-Identifier: MIT
#include "playout/overlay.hpp"

#include <gst/app/gstappsink.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <system_error>

#include "base/pipeline.hpp"

namespace weir::playout {

using base::adopt_mini;
using base::MiniPtr;
using media::MediaTime;

namespace {

constexpr GstClockTime kDecodeTimeout = 10 * GST_SECOND;
constexpr std::uint32_t kMaxSide = 8192;

struct Size {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
};

Error open_error(const std::string& path, int number) {
    const auto code = number == ENOENT   ? ErrorCode::not_found
                      : number == EACCES ? ErrorCode::unauthorized
                                         : ErrorCode::io;
    return {code, path + ": " + std::generic_category().message(number)};
}

// What the header says (ISO/IEC 15948 5.2 and 11.2.2), before somebody allocates so much.
Result<Size> png_size(const std::string& path) {
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file) return open_error(path, errno != 0 ? errno : EIO);
    std::array<char, 24> header{};
    file.read(header.data(), header.size());
    if (file.bad()) return open_error(path, errno != 0 ? errno : EIO);
    constexpr char kSignature[] = "\x89PNG\r\n\x1A\n";
    const auto read = static_cast<std::size_t>(file.gcount());
    if (std::memcmp(header.data(), kSignature, std::min<std::size_t>(read, 8)) != 0 || read == 0) {
        return Error{ErrorCode::unsupported, path + ": not a PNG picture"};
    }
    if (read < header.size()) return Error{ErrorCode::corrupt, path + ": ends in its header"};
    const Size size{GST_READ_UINT32_BE(header.data() + 16), GST_READ_UINT32_BE(header.data() + 20)};
    if (size.width > kMaxSide || size.height > kMaxSide) {
        return Error{ErrorCode::unsupported, path + ": larger than 8192 x 8192"};
    }
    if (size.width == 0 || size.height == 0) {
        return Error{ErrorCode::corrupt, path + ": has no pixels"};
    }
    return size;
}

// AYUV in the programme's own matrix: blending RGB, GStreamer would use that of SD video.
MiniPtr<GstCaps> picture_caps(const Size& size) {
    return adopt_mini(gst_caps_new_simple(
        "video/x-raw", "format", G_TYPE_STRING, "AYUV", "colorimetry", G_TYPE_STRING, "bt709",
        "width", G_TYPE_INT, static_cast<int>(size.width), "height", G_TYPE_INT,
        static_cast<int>(size.height), "pixel-aspect-ratio", GST_TYPE_FRACTION, 1, 1, nullptr));
}

// Where `sink` is, once the whole pipeline is linked. Errors: unsupported.
Result<GstAppSink*> make_decoder(base::Pipeline& pipeline, const std::string& path, GstCaps* caps) {
    std::array<GstElement*, 4> elements{};
    constexpr const char* kNames[] = {"filesrc", "pngdec", "videoconvertscale", "appsink"};
    for (std::size_t i = 0; i < elements.size(); ++i) {
        auto element = pipeline.add(kNames[i]);
        if (!element) return element.error().in(path);
        elements[i] = *element;
    }
    const auto [source, decoder, scaler, sink] = elements;
    g_object_set(source, "location", path.c_str(), nullptr);
    g_object_set(scaler, "add-borders", FALSE, nullptr);
    g_object_set(sink, "caps", caps, "sync", FALSE, "wait-on-eos", FALSE, nullptr);
    if (!gst_element_link_many(source, decoder, scaler, sink, nullptr)) {
        return Error{ErrorCode::internal, path + ": the decoder could not be linked"};
    }
    return GST_APP_SINK(sink);
}

// Its message names a place in a library: what the caller can use is that the file is bad.
Result<MiniPtr<GstSample>> decode(const std::string& path, GstCaps* caps) {
    base::Pipeline pipeline("overlay");
    auto sink = make_decoder(pipeline, path, caps);
    if (!sink) return sink.error();
    const base::ObjectPtr<GstBus> bus(gst_element_get_bus(pipeline.element()));
    gst_element_set_state(pipeline.element(), GST_STATE_PLAYING);
    const auto message = adopt_mini(gst_bus_timed_pop_filtered(
        bus.get(), kDecodeTimeout,
        static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_EOS)));
    if (!message) return Error{ErrorCode::timed_out, path + ": was not decoded in 10 s"};
    if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_EOS) {
        auto sample = adopt_mini(gst_app_sink_try_pull_sample(*sink, 0));
        if (sample && gst_sample_get_buffer(sample.get())) return sample;
    }
    return Error{ErrorCode::corrupt, path + ": the picture cannot be decoded"};
}

bool touches(const OverlayLayer& layer, const GstVideoInfo& frame) {
    const auto& picture = layer.picture->info();
    const auto& [x, y] = std::pair(layer.config.x, layer.config.y);
    return x < GST_VIDEO_INFO_WIDTH(&frame) && y < GST_VIDEO_INFO_HEIGHT(&frame) &&
           std::int64_t{x} + GST_VIDEO_INFO_WIDTH(&picture) > 0 &&
           std::int64_t{y} + GST_VIDEO_INFO_HEIGHT(&picture) > 0;
}

// Requires: `to` is writable.
void blend_one(GstVideoFrame& to, const OverlayLayer& layer, double opacity) {
    const auto& picture = layer.picture->info();
    const auto rectangle = adopt_mini(gst_video_overlay_rectangle_new_raw(
        layer.picture->pixels(), layer.config.x, layer.config.y,
        static_cast<guint>(GST_VIDEO_INFO_WIDTH(&picture)),
        static_cast<guint>(GST_VIDEO_INFO_HEIGHT(&picture)), GST_VIDEO_OVERLAY_FORMAT_FLAG_NONE));
    gst_video_overlay_rectangle_set_global_alpha(rectangle.get(), static_cast<gfloat>(opacity));
    const auto composition = adopt_mini(gst_video_overlay_composition_new(rectangle.get()));
    gst_video_overlay_composition_blend(composition.get(), &to);
}

}  // namespace

Result<std::shared_ptr<const OverlayPicture>> OverlayPicture::load(const std::string& path,
                                                                   int width, int height) {
    auto size = png_size(path);
    if (!size) return size.error();
    if (width > 0) size->width = static_cast<std::uint32_t>(width);
    if (height > 0) size->height = static_cast<std::uint32_t>(height);
    const auto caps = picture_caps(*size);
    const auto sample = decode(path, caps.get());
    if (!sample) return sample.error();
    GstVideoInfo info;
    if (!gst_video_info_from_caps(&info, gst_sample_get_caps(sample->get()))) {
        return Error{ErrorCode::internal, path + ": the decoder gave no picture"};
    }
    // The blending wants to know its layout from the buffer itself.
    auto pixels = adopt_mini(gst_buffer_copy_deep(gst_sample_get_buffer(sample->get())));
    if (!gst_buffer_get_video_meta(pixels.get())) {
        gst_buffer_add_video_meta(pixels.get(), GST_VIDEO_FRAME_FLAG_NONE,
                                  GST_VIDEO_INFO_FORMAT(&info),
                                  static_cast<guint>(GST_VIDEO_INFO_WIDTH(&info)),
                                  static_cast<guint>(GST_VIDEO_INFO_HEIGHT(&info)));
    }
    return std::make_shared<const OverlayPicture>(info, std::move(pixels));
}

double opacity_at(const OverlayLayer& layer, MediaTime time) {
    const std::chrono::duration<double> fade = layer.config.fade_duration;
    const auto ramp = [&](MediaTime inside) {
        if (inside <= MediaTime{}) return inside == MediaTime{} && fade.count() <= 0 ? 1.0 : 0.0;
        if (fade.count() <= 0) return 1.0;
        return std::min(std::chrono::duration<double>(inside) / fade, 1.0);
    };
    double part = 1;
    if (layer.from) part = std::min(part, ramp(time - *layer.from));
    if (layer.until) part = time >= *layer.until ? 0 : std::min(part, ramp(*layer.until - time));
    return std::clamp(layer.config.opacity, 0.0, 1.0) * part;
}

MiniPtr<GstBuffer> blend(MiniPtr<GstBuffer> frame, const GstVideoInfo& info,
                         std::span<const OverlayLayer> layers, MediaTime time) {
    MiniPtr<GstBuffer> copy;
    for (const auto& layer : layers) {
        const double opacity = opacity_at(layer, time);
        if (!layer.picture || opacity <= 0 || !touches(layer, info)) continue;
        if (!copy) copy = adopt_mini(gst_buffer_copy_deep(frame.get()));
        GstVideoFrame to;
        auto mutable_info = info;
        if (!gst_video_frame_map(&to, &mutable_info, copy.get(), GST_MAP_READWRITE)) return frame;
        blend_one(to, layer, opacity);
        gst_video_frame_unmap(&to);
    }
    return copy ? std::move(copy) : std::move(frame);
}

}  // namespace weir::playout
