// SPDX-License-Identifier: MIT
// A UnitSink that remembers what came.
// Threads: thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "media/time.hpp"
#include "media/unit_sink.hpp"

namespace weir::test {

class RecordingUnits final : public media::UnitSink {
public:
    struct Unit {
        media::MediaTime pts;
        media::MediaTime dts;
        bool keyframe;
    };

    void configure(media::UnitKind kind, const base::MiniPtr<GstCaps>& caps) override {
        const base::GString text(gst_caps_to_string(caps.get()));
        const std::lock_guard lock(mutex_);
        (kind == media::UnitKind::video ? video_caps_ : audio_caps_).push_back(text.get());
    }
    bool push(media::UnitKind kind, base::MiniPtr<GstBuffer> unit) override {
        const std::lock_guard lock(mutex_);
        const bool delta = GST_BUFFER_FLAG_IS_SET(unit.get(), GST_BUFFER_FLAG_DELTA_UNIT);
        (kind == media::UnitKind::video ? video_ : audio_)
            .push_back(
                {time(GST_BUFFER_PTS(unit.get())), time(GST_BUFFER_DTS(unit.get())), !delta});
        changed_.notify_all();
        return true;
    }
    void close() override {}

    // Whether there come so many.
    bool wait(std::size_t video, std::size_t audio) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(30),
                                 [&] { return video_.size() >= video && audio_.size() >= audio; });
    }

    // After the source is gone.
    [[nodiscard]] const std::vector<Unit>& video() const { return video_; }
    [[nodiscard]] const std::vector<Unit>& audio() const { return audio_; }
    [[nodiscard]] const std::vector<std::string>& video_caps() const { return video_caps_; }
    [[nodiscard]] const std::vector<std::string>& audio_caps() const { return audio_caps_; }

private:
    static media::MediaTime time(GstClockTime time) {
        return media::MediaTime(static_cast<std::int64_t>(time));
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Unit> video_;
    std::vector<Unit> audio_;
    std::vector<std::string> video_caps_;
    std::vector<std::string> audio_caps_;
};

}  // namespace weir::test
