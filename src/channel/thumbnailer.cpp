// SPDX-License-Identifier: MIT
#include "channel/thumbnailer.hpp"

#include <gst/video/video.h>
#include <pthread.h>

#include <algorithm>
#include <string>
#include <utility>

namespace weir::channel {

using base::adopt_mini;

namespace {

constexpr int kMaxWidth = 320;
constexpr GstClockTime kPatience = 5 * GST_SECOND;

base::MiniPtr<GstCaps> jpeg_caps(GstSample* sample) {
    GstVideoInfo info;
    if (!gst_video_info_from_caps(&info, gst_sample_get_caps(sample))) return nullptr;
    const int width = std::min(GST_VIDEO_INFO_WIDTH(&info), kMaxWidth) / 2 * 2;
    const int height =
        std::max(width * GST_VIDEO_INFO_HEIGHT(&info) / GST_VIDEO_INFO_WIDTH(&info) / 2 * 2, 2);
    return adopt_mini(gst_caps_new_simple("image/jpeg", "width", G_TYPE_INT, width, "height",
                                          G_TYPE_INT, height, "pixel-aspect-ratio",
                                          GST_TYPE_FRACTION, 1, 1, nullptr));
}

std::optional<Bytes> to_jpeg(GstSample* sample) {
    const auto caps = jpeg_caps(sample);
    if (!caps) return std::nullopt;
    GError* error = nullptr;
    const auto picture =
        adopt_mini(gst_video_convert_sample(sample, caps.get(), kPatience, &error));
    const base::GErrorPtr owner(error);
    if (!picture) return std::nullopt;
    GstBuffer* buffer = gst_sample_get_buffer(picture.get());
    std::string data(gst_buffer_get_size(buffer), '\0');
    gst_buffer_extract(buffer, 0, data.data(), data.size());
    return Bytes::from_string(std::move(data));
}

}  // namespace

Thumbnailer::Thumbnailer(std::chrono::milliseconds interval, std::function<void(Bytes)> on_picture)
    : interval_(interval),
      on_picture_(std::move(on_picture)),
      thread_([this](const std::stop_token& stop) {
          pthread_setname_np(pthread_self(), "weir-thumbnail");
          run(stop);
      }) {}

Thumbnailer::~Thumbnailer() {
    thread_.request_stop();
    thread_.join();
}

void Thumbnailer::offer(GstBuffer* frame, GstCaps* caps) {
    const media::MediaTime time(static_cast<std::int64_t>(GST_BUFFER_PTS(frame)));
    const std::lock_guard lock(mutex_);
    if (waiting_ || (last_ && time < *last_ + interval_)) return;
    last_ = time;
    waiting_ = adopt_mini(gst_sample_new(frame, caps, nullptr, nullptr));
    wake_.notify_one();
}

void Thumbnailer::run(const std::stop_token& stop) {
    while (true) {
        base::MiniPtr<GstSample> sample;
        {
            std::unique_lock lock(mutex_);
            if (!wake_.wait(lock, stop, [&] { return waiting_ != nullptr; })) return;
            sample = std::move(waiting_);
        }
        if (auto picture = to_jpeg(sample.get())) on_picture_(std::move(*picture));
    }
}

}  // namespace weir::channel
