// SPDX-License-Identifier: MIT
// A MediaSink that remembers what came, and can be full.
// Threads: thread-safe.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

#include "media/media_sink.hpp"

namespace weir::test {

class RecordingSink final : public media::MediaSink {
public:
    struct Frame {
        media::MediaTime pts;
        base::MiniPtr<GstBuffer> buffer;
    };
    struct Packet {
        media::MediaTime pts;
        std::vector<float> samples;
    };

    // Room for so many frames and packets together; more wait until close().
    explicit RecordingSink(std::size_t room = 1'000'000) : room_(room) {}

    bool push_video(media::MediaTime pts, base::MiniPtr<GstBuffer> frame) override {
        return push([&] { frames_.push_back({pts, std::move(frame)}); });
    }
    bool push_audio(media::MediaTime pts, std::span<const float> samples) override {
        return push([&] { packets_.push_back({pts, {samples.begin(), samples.end()}}); });
    }
    void close() override {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        changed_.notify_all();
    }

    // Whether there come so many frames and packets.
    bool wait(std::size_t frames, std::size_t packets) {
        return wait_for([&] { return frames_.size() >= frames && packets_.size() >= packets; });
    }
    // Whether somebody waits for room.
    bool wait_full() {
        return wait_for([&] { return waiting_ > 0; });
    }

    std::size_t count_frames() {
        const std::lock_guard lock(mutex_);
        return frames_.size();
    }

    // After the source is gone.
    [[nodiscard]] const std::vector<Frame>& frames() const { return frames_; }
    [[nodiscard]] const std::vector<Packet>& packets() const { return packets_; }

private:
    template <class Store>
    bool push(const Store& store) {
        std::unique_lock lock(mutex_);
        ++waiting_;
        if (frames_.size() + packets_.size() >= room_) changed_.notify_all();
        changed_.wait(lock, [&] { return closed_ || frames_.size() + packets_.size() < room_; });
        --waiting_;
        if (closed_) return false;
        store();
        changed_.notify_all();
        return true;
    }
    template <class Condition>
    bool wait_for(const Condition& condition) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(20), condition);
    }

    const std::size_t room_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool closed_ = false;
    int waiting_ = 0;
    std::vector<Frame> frames_;
    std::vector<Packet> packets_;
};

}  // namespace weir::test
