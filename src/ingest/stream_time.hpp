// SPDX-License-Identifier: MIT
// The times of an RTMP stream as one line that does not end: the protocol's clock has 32 bits of
// milliseconds and begins again whenever a publisher connects anew behind a server that keeps its
// players.
// Threads: one thread at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace weir::ingest {

class StreamTime {
public:
    // Where the first unit lies: room for negative composition times and for a track that begins a
    // little before the other.
    static constexpr std::int64_t kMarginMs = 1000;

    // Audio and video share the line, so that their relation survives. Never negative.
    std::int64_t place(std::int64_t dts_ms) {
        const auto dts = static_cast<std::uint32_t>(dts_ms);
        if (last_) {
            // The smaller way round: a wrap is a small step forward.
            const auto step = static_cast<std::int32_t>(dts - *last_);
            // Tracks are interleaved within less than this; further back is another beginning,
            // which follows what was there.
            time_ = step < -kMarginMs ? newest_ : time_ + step;
        }
        last_ = dts;
        newest_ = std::max(newest_, time_);
        return std::max<std::int64_t>(time_, 0);
    }

private:
    std::optional<std::uint32_t> last_;  // as it came
    std::int64_t time_ = kMarginMs;
    std::int64_t newest_ = kMarginMs;
};

}  // namespace weir::ingest
