// SPDX-License-Identifier: MIT
// The host's end of an AppInput: what it pushes goes through the door of the Source that is open
// just now, or nowhere.
// Threads: thread-safe.
#pragma once

#include <gst/audio/audio.h>
#include <gst/video/video.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <weir/app_source.hpp>

#include "base/gst_ptr.hpp"
#include "media/unit_sink.hpp"

namespace weir::ingest {

class HostMedia final : public AppSource {
public:
    // Where media goes while a Source is open: its appsrcs, null where it takes none.
    struct Door {
        base::ObjectPtr<GstElement> video{};
        base::ObjectPtr<GstElement> audio{};
        std::atomic<bool> used{false};  // something came
    };
    struct Formats {
        base::MiniPtr<GstCaps> video_caps{};  // null: no video
        base::MiniPtr<GstCaps> audio_caps{};
        std::optional<GstVideoInfo> picture{};  // of raw video
        std::optional<GstAudioInfo> sound{};    // of raw audio
    };

    HostMedia(AppFormat format, Formats formats);

    Result<void> push_video(std::chrono::nanoseconds pts,
                            std::span<const std::byte> picture) override;
    Result<void> push_video(std::chrono::nanoseconds pts, std::chrono::nanoseconds dts,
                            std::span<const std::byte> access_unit) override;
    Result<void> push_audio(std::chrono::nanoseconds pts,
                            std::span<const std::byte> samples) override;
    Result<void> push_sample(GstSample* sample) override;
    void end() override;
    const AppFormat& format() const override { return format_; }

    // The newest door is the one that counts.
    void open(std::shared_ptr<Door> door);
    void close(const std::shared_ptr<Door>& door);
    [[nodiscard]] const Formats& formats() const { return formats_; }

private:
    [[nodiscard]] Result<base::MiniPtr<GstBuffer>> picture(std::span<const std::byte> bytes) const;
    [[nodiscard]] Result<void> check_times(std::chrono::nanoseconds pts,
                                           std::chrono::nanoseconds dts) const;
    [[nodiscard]] std::shared_ptr<Door> door() const;
    // Through the door, if there is room; with the sample's caps if there is a sample.
    Result<void> push(media::UnitKind kind, base::MiniPtr<GstBuffer> buffer, GstSample* sample);

    const AppFormat format_;
    const Formats formats_;
    mutable std::mutex mutex_;  // guards door_
    std::shared_ptr<Door> door_;
};

}  // namespace weir::ingest
