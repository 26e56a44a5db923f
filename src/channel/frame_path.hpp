// SPDX-License-Identifier: MIT
// What a programme's frames and samples go through between the playout and the encoders: overlays,
// the host's taps, thumbnails.
// Threads: the pushes come from the playout thread; the rest is thread-safe.
#pragma once

#include <gst/video/video.h>

#include <memory>
#include <mutex>
#include <vector>

#include <weir/config.hpp>
#include <weir/result.hpp>

#include "channel/frame_taps.hpp"
#include "channel/thumbnailer.hpp"
#include "media/media_sink.hpp"
#include "playout/overlay.hpp"
#include "playout/playout.hpp"

namespace weir::channel {

class FramePath final : public playout::PlayoutOutput {
public:
    FramePath(const media::RawFormat& format, std::shared_ptr<FrameTaps> taps,
              std::shared_ptr<Thumbnailer> thumbnailer, std::shared_ptr<playout::PlayoutOutput> to);
    ~FramePath() override;

    // The caps of what goes through; before the first push.
    void set_frame_rate(const Rational& frame_rate);

    // From grid time `now` on these are laid over the frames: new ones fade in, others out. Waits
    // for the disk. Errors: what OverlayPicture::load() says, with the field; then nothing has
    // changed.
    Result<void> set_overlays(const std::vector<Overlay>& overlays, media::MediaTime now);

    void push_frame(base::MiniPtr<GstBuffer> frame) override;
    void push_audio(base::MiniPtr<GstBuffer> samples) override;

private:
    const media::RawFormat format_;
    const std::shared_ptr<FrameTaps> taps_;
    const std::shared_ptr<Thumbnailer> thumbnailer_;  // null: none
    const std::shared_ptr<playout::PlayoutOutput> to_;
    base::MiniPtr<GstCaps> video_caps_;
    GstVideoInfo video_info_{};
    std::mutex mutex_;  // guards layers_
    std::vector<playout::OverlayLayer> layers_;
};

}  // namespace weir::channel
