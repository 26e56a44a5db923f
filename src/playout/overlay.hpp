// SPDX-License-Identifier: MIT
// Pictures with alpha laid over the programme's frames, by GStreamer's blending.
// Threads: OverlayPicture is immutable once loaded; the functions are thread-safe.
#pragma once

#include <gst/video/video.h>

#include <memory>
#include <optional>
#include <span>
#include <string>

#include <weir/config.hpp>
#include <weir/result.hpp>

#include "base/gst_ptr.hpp"
#include "media/time.hpp"

namespace weir::playout {

// A picture in memory, in the colours of the programme.
class OverlayPicture {
public:
    // Reads a PNG and scales it; 0: its own width or height. Waits for the disk and the decoder.
    // Errors, with the path: not_found, unauthorized, io; unsupported when it is no PNG, is larger
    // than 8192 x 8192 or a plugin is missing; corrupt.
    static Result<std::shared_ptr<const OverlayPicture>> load(const std::string& path, int width,
                                                              int height);

    OverlayPicture(const GstVideoInfo& info, base::MiniPtr<GstBuffer> pixels)
        : info_(info), pixels_(std::move(pixels)) {}

    [[nodiscard]] const GstVideoInfo& info() const { return info_; }
    [[nodiscard]] GstBuffer* pixels() const { return pixels_.get(); }

private:
    GstVideoInfo info_;
    base::MiniPtr<GstBuffer> pixels_;
};

// A picture on air.
struct OverlayLayer {
    Overlay config;  // `path`, `width` and `height` are in the picture
    std::shared_ptr<const OverlayPicture> picture;
    std::optional<media::MediaTime> from{};   // fades in from here; empty: it has always been there
    std::optional<media::MediaTime> until{};  // is gone here, faded out before
};

// 0: not to be seen.
double opacity_at(const OverlayLayer& layer, media::MediaTime time);

// The I420 frame with the layers over it, the later ones above the earlier: a copy, since others
// may hold the frame; the frame itself when no layer is to be seen in it.
base::MiniPtr<GstBuffer> blend(base::MiniPtr<GstBuffer> frame, const GstVideoInfo& info,
                               std::span<const OverlayLayer> layers, media::MediaTime time);

}  // namespace weir::playout
