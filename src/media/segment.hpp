// SPDX-License-Identifier: MIT
// What a segmenter gives: the media of one slot of one rendition, whole (Segment) or in pieces
// (Part), and what goes before it (InitSegment).
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
    std::size_t index = 0;
    std::size_t count = 0;     // of the parts of this segment
    MediaTime slot_start{};    // of the segment's first video frame
    MediaTime start{};         // of its video
    MediaTime end{};           // of its video
    bool independent = false;  // begins with a frame that needs no other
    Bytes bytes;
};

// What comes before a run's first segment (EXT-X-MAP, the CMAF header).
struct InitSegment {
    std::string codecs;  // RFC 6381
    std::string hash;    // of the bytes: part of its name
    Bytes bytes;
};

}  // namespace weir::media
