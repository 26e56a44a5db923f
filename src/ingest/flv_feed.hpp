// SPDX-License-Identifier: MIT
// FLV's units (flv.hpp) as access units with caps and repaired times (media/timeline_repair.hpp).
// Threads: one thread at a time.
#pragma once

#include <optional>

#include "base/gst_ptr.hpp"
#include "ingest/flv.hpp"
#include "ingest/unit_feed.hpp"

namespace weir::ingest {

// What follows a configuration, codec_data included.
base::MiniPtr<GstCaps> caps_of(const FlvUnit& config);

class FlvFeed {
public:
    // `feed` must outlive this object.
    explicit FlvFeed(UnitFeed& feed) : feed_(feed) {}

    void push(const FlvUnit& unit);

private:
    UnitFeed& feed_;
    std::optional<FlvCodec> video_;  // its configuration came
    bool has_audio_ = false;
};

}  // namespace weir::ingest
