// SPDX-License-Identifier: MIT
// What a playlist says about one rendition.
// Threads: values.
#pragma once

#include <cstdint>
#include <string>

#include <weir/rational.hpp>

namespace weir::media {

// Bit rates of one rendition as its container carries it (RFC 8216bis 4.4.6.2).
struct Bandwidth {
    std::int64_t peak_bps = 0;     // BANDWIDTH: no set of segments between 0.5 and 1.5 target
                                   // durations is above it
    std::int64_t average_bps = 0;  // AVERAGE-BANDWIDTH
};

// One rendition: a CMAF track, a DASH Representation, an HLS variant stream's media.
struct Track {
    std::string name;
    int width = 0;
    int height = 0;
    Rational frame_rate;
    std::string codecs;   // RFC 6381, all of the container's: "avc1.64001f,mp4a.40.2"
    Bandwidth bandwidth;  // while live: a bound that holds, fixed
};

}  // namespace weir::media
