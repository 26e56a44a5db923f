// SPDX-License-Identifier: MIT
// What arrives through a connection, in figures of about the last second.
// Threads: thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

#include "media/time.hpp"
#include "media/unit_sink.hpp"

namespace weir::ingest {

struct UnitFigures {
    std::int64_t bitrate_bps = 0;
    double frame_rate = 0;            // pictures that arrived, per second
    media::MediaTime jitter{};        // how unevenly they came: the largest difference of delays
    media::MediaTime keyframe_age{};  // since the last keyframe
    media::MediaTime skew{};          // delay of sound against that of pictures
    std::uint64_t dropped = 0;        // units with impossible time stamps, of the connection
};

class UnitMeter {
public:
    // A unit of so many bytes and that time arrived.
    void add(media::UnitKind kind, std::size_t size_bytes, bool keyframe, media::MediaTime dts,
             media::MediaTime arrival);
    void drop();

    [[nodiscard]] UnitFigures figures(media::MediaTime now) const;

private:
    struct Unit {
        media::UnitKind kind{};
        std::size_t size_bytes = 0;
        media::MediaTime delay{};  // arrival - dts; only differences mean anything
        media::MediaTime arrival{};
    };

    mutable std::mutex mutex_;  // guards all below
    std::deque<Unit> units_;    // of the last second
    std::optional<media::MediaTime> keyframe_;
    std::uint64_t dropped_ = 0;
};

}  // namespace weir::ingest
