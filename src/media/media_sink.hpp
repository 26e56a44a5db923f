// SPDX-License-Identifier: MIT
// Where an input's decoded media goes: one MediaSink for each connection.
// Threads: thread-safe; pushes come from GStreamer's threads.
#pragma once

#include <span>

#include "base/gst_ptr.hpp"
#include "media/time.hpp"

namespace weir::media {

// How an input's media arrives.
enum class Pacing {
    live,  // when it happens: it cannot be asked to wait
    paced  // as fast as it is taken
};

// What every input converts to, so that inputs can be exchanged.
struct RawFormat {
    int width = 0;  // I420, square pixels, bt709
    int height = 0;
    int sample_rate = 0;  // 32-bit float, interleaved; 0: no audio wanted
    int channels = 0;
};

class MediaSink {
public:
    virtual ~MediaSink() = default;

    // `pts` is source time: audio and video of one connection share its base, whatever that is.
    // Both block while there is no room (back-pressure) and answer false after close().
    virtual bool push_video(MediaTime pts, base::MiniPtr<GstBuffer> frame) = 0;
    virtual bool push_audio(MediaTime pts, std::span<const float> samples) = 0;

    // The connection is over: releases whoever is blocked.
    virtual void close() = 0;
};

}  // namespace weir::media
