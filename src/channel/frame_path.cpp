// SPDX-License-Identifier: MIT
#include "channel/frame_path.hpp"

#include <string>
#include <utility>

#include "channel/raw_caps.hpp"

namespace weir::channel {

FramePath::FramePath(const media::RawFormat& format, std::shared_ptr<FrameTaps> taps,
                     std::shared_ptr<Thumbnailer> thumbnailer,
                     std::shared_ptr<playout::PlayoutOutput> to)
    : format_(format),
      taps_(std::move(taps)),
      thumbnailer_(std::move(thumbnailer)),
      to_(std::move(to)) {}

FramePath::~FramePath() = default;

void FramePath::set_frame_rate(const Rational& frame_rate) {
    video_caps_ = raw_video_caps(format_, frame_rate);
    gst_video_info_from_caps(&video_info_, video_caps_.get());
}

Result<void> FramePath::set_overlays(const std::vector<Overlay>& overlays, media::MediaTime now) {
    const std::lock_guard lock(mutex_);
    std::vector<playout::OverlayLayer> layers;
    std::vector<bool> kept(layers_.size(), false);
    for (std::size_t i = 0; i < overlays.size(); ++i) {
        std::size_t old = 0;
        while (old < layers_.size() &&
               (kept[old] || layers_[old].until || layers_[old].config != overlays[i])) {
            ++old;
        }
        if (old < layers_.size()) {
            kept[old] = true;
            layers.push_back(layers_[old]);
            continue;
        }
        auto picture =
            playout::OverlayPicture::load(overlays[i].path, overlays[i].width, overlays[i].height);
        if (!picture) return picture.error().in("overlays[" + std::to_string(i) + "].path");
        layers.push_back({.config = overlays[i], .picture = std::move(*picture), .from = now});
    }
    // Those that go stay below the others until they have faded out.
    for (std::size_t old = layers_.size(); old-- > 0;) {
        if (kept[old]) continue;
        auto& layer = layers_[old];
        if (!layer.until) layer.until = now + layer.config.fade_duration;
        if (*layer.until > now) layers.insert(layers.begin(), layer);
    }
    layers_ = std::move(layers);
    return {};
}

void FramePath::push_frame(base::MiniPtr<GstBuffer> frame) {
    {
        const std::lock_guard lock(mutex_);
        const media::MediaTime time(static_cast<std::int64_t>(GST_BUFFER_PTS(frame.get())));
        if (!layers_.empty()) {
            frame = playout::blend(std::move(frame), video_info_, layers_, time);
            std::erase_if(layers_,
                          [time](const auto& layer) { return layer.until && *layer.until < time; });
        }
    }
    frame = taps_->frame(std::move(frame), video_caps_.get());
    if (thumbnailer_) thumbnailer_->offer(frame.get(), video_caps_.get());
    to_->push_frame(std::move(frame));
}

void FramePath::push_audio(base::MiniPtr<GstBuffer> samples) {
    to_->push_audio(taps_->samples(std::move(samples), format_.channels));
}

}  // namespace weir::channel
