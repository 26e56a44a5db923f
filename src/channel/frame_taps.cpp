// SPDX-License-Identifier: MIT
#include "channel/frame_taps.hpp"

#include <chrono>
#include <span>

namespace weir::channel {

using base::adopt_mini;
using base::MiniPtr;

namespace {

std::chrono::nanoseconds time_of(GstBuffer* buffer) {
    return std::chrono::nanoseconds(static_cast<std::int64_t>(GST_BUFFER_PTS(buffer)));
}

// The tap's picture at the programme's time.
MiniPtr<GstBuffer> stamped_like(GstBuffer* replacement, GstBuffer* original) {
    auto copy = adopt_mini(gst_buffer_copy(replacement));
    GST_BUFFER_PTS(copy.get()) = GST_BUFFER_PTS(original);
    GST_BUFFER_DTS(copy.get()) = GST_CLOCK_TIME_NONE;
    GST_BUFFER_DURATION(copy.get()) = GST_BUFFER_DURATION(original);
    return copy;
}

}  // namespace

MiniPtr<GstBuffer> FrameTaps::frame(MiniPtr<GstBuffer> frame, GstCaps* caps) {
    const std::lock_guard lock(mutex_);
    // A tap may remove itself, or another.
    const auto taps = video_;
    for (const auto& [id, tap] : taps) {
        if (!video_.contains(id)) continue;
        const auto seen = adopt_mini(gst_sample_new(frame.get(), caps, nullptr, nullptr));
        const auto given = adopt_mini(tap(seen.get()));
        GstBuffer* picture = given ? gst_sample_get_buffer(given.get()) : nullptr;
        // Another size than the programme's would be read beyond its end.
        const bool fits =
            picture && gst_buffer_get_size(picture) == gst_buffer_get_size(frame.get());
        if (fits) frame = stamped_like(picture, frame.get());
    }
    return frame;
}

MiniPtr<GstBuffer> FrameTaps::samples(MiniPtr<GstBuffer> samples, int channels) {
    const std::lock_guard lock(mutex_);
    if (audio_.empty()) return samples;
    auto own = adopt_mini(gst_buffer_make_writable(samples.release()));
    GstMapInfo map;
    if (!gst_buffer_map(own.get(), &map, GST_MAP_READWRITE)) return own;
    void* data = map.data;
    const std::span<float> values(static_cast<float*>(data), map.size / sizeof(float));
    const auto taps = audio_;
    for (const auto& [id, tap] : taps) {
        if (audio_.contains(id)) tap(time_of(own.get()), values, channels);
    }
    gst_buffer_unmap(own.get(), &map);
    return own;
}

}  // namespace weir::channel
