// SPDX-License-Identifier: MIT
// The host's functions that see, and may replace, each frame and block of samples of the programme.
// They belong to the channel and outlive its programmes.
// Threads: thread-safe; the functions are called on the playout thread, never after remove().
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <utility>

#include <weir/channel.hpp>

#include "base/gst_ptr.hpp"

namespace weir::channel {

class FrameTaps {
public:
    int add(VideoTap tap) {
        const std::lock_guard lock(mutex_);
        video_.emplace(++last_, std::move(tap));
        return last_;
    }
    int add(AudioTap tap) {
        const std::lock_guard lock(mutex_);
        audio_.emplace(++last_, std::move(tap));
        return last_;
    }
    // Waits for a call under way, unless from within it.
    void remove(int id) {
        const std::lock_guard lock(mutex_);
        video_.erase(id);
        audio_.erase(id);
    }

    // Both give back what is to go on.
    base::MiniPtr<GstBuffer> frame(base::MiniPtr<GstBuffer> frame, GstCaps* caps);
    base::MiniPtr<GstBuffer> samples(base::MiniPtr<GstBuffer> samples, int channels);

private:
    std::recursive_mutex mutex_;  // guards all below, and the calls
    std::map<int, VideoTap> video_;
    std::map<int, AudioTap> audio_;
    int last_ = 0;
};

}  // namespace weir::channel
