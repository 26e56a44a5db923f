// SPDX-License-Identifier: MIT
// A small picture (JPEG) of the programme now and then, made on a thread of its own: a slow one is
// late, and holds nothing up.
// Threads: thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include <weir/bytes.hpp>

#include "base/gst_ptr.hpp"
#include "media/time.hpp"

namespace weir::channel {

class Thumbnailer {
public:
    // `on_picture` is called on the thumbnailer's thread.
    Thumbnailer(std::chrono::milliseconds interval, std::function<void(Bytes)> on_picture);
    ~Thumbnailer();  // no call after it

    // Takes the frame if it is time for one. Never waits.
    void offer(GstBuffer* frame, GstCaps* caps);

private:
    void run(const std::stop_token& stop);

    const std::chrono::milliseconds interval_;
    const std::function<void(Bytes)> on_picture_;
    std::mutex mutex_;  // guards all below
    std::condition_variable_any wake_;
    base::MiniPtr<GstSample> waiting_;
    std::optional<media::MediaTime> last_;  // the time of the frame that was taken last
    std::jthread thread_;
};

}  // namespace weir::channel
