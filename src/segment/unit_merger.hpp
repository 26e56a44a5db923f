// SPDX-License-Identifier: MIT
// Brings the access units of audio and video into one order, that of their times, so that a cut in
// the video is one in the audio too. Waits for the track that is behind, but not for ever.
// Threads: one thread at a time.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>

#include "base/gst_ptr.hpp"
#include "media/time.hpp"
#include "media/unit_sink.hpp"

namespace weir::segment {

struct StreamFormat;

struct MergedUnit {
    media::UnitKind kind = media::UnitKind::video;
    base::MiniPtr<GstBuffer> buffer;
    media::MediaTime pts{};
    media::MediaTime dts{};
    bool keyframe = false;
    std::shared_ptr<const StreamFormat> format;
    // Its place in the order: a keyframe's is its PTS, and the other pictures keep their distance
    // from it in decoding order, so that the audio that is heard with a keyframe comes behind it.
    media::MediaTime place{};
};

class UnitMerger {
public:
    // How far one track may be behind the other in what came, and how much may wait.
    static constexpr media::MediaTime kMaxSkew = std::chrono::seconds(1);
    static constexpr std::size_t kMaxBytes = 32'000'000;

    void push(MergedUnit unit);

    // The next one; nothing while something that has not come may be before it.
    std::optional<MergedUnit> pop();
    // The next one, whatever may come.
    std::optional<MergedUnit> drain();

    [[nodiscard]] bool has(media::UnitKind kind) const { return track(kind).seen; }
    [[nodiscard]] std::size_t size_bytes() const { return bytes_; }
    // From the first to the last that waits, of the track that spans more.
    [[nodiscard]] media::MediaTime span() const;
    // Forgets what waits and lies more than `span` before the last.
    void keep_last(media::MediaTime span);

private:
    struct Track {
        std::deque<MergedUnit> units;
        bool seen = false;
        bool starving = false;  // waited for in vain

        [[nodiscard]] media::MediaTime span() const {
            return units.empty() ? media::MediaTime{} : units.back().place - units.front().place;
        }
    };

    [[nodiscard]] const Track& track(media::UnitKind kind) const {
        return kind == media::UnitKind::video ? video_ : audio_;
    }
    std::optional<MergedUnit> take(Track& track);

    Track video_;
    Track audio_;
    media::MediaTime reorder_{};  // PTS - DTS of the last keyframe
    std::size_t bytes_ = 0;
};

}  // namespace weir::segment
