// SPDX-License-Identifier: MIT
// What a segmenter gives: the media of one slot of one rendition, whole (Segment) or in pieces
// (Part).
// Threads: values.
#pragma once

#include <cstdint>
#include <string>

#include <weir/bytes.hpp>

#include "media/time.hpp"

namespace weir::media {

// A Media Segment (RFC 8216bis 3): slot `number` of one rendition.
struct Segment {
    std::int64_t number = 0;
    MediaTime start{};           // of its first video frame
    MediaTime end{};             // of the first video frame behind it
    bool discontinuity = false;  // not the continuation of the one before
    Bytes bytes;
};

// A Partial Segment (RFC 8216bis 3.1): piece `index` of segment `number`.
struct Part {
    std::int64_t number = 0;
    int index = 0;
    MediaTime start{};
    MediaTime end{};
    bool independent = false;
    Bytes bytes;
};

}  // namespace weir::media
