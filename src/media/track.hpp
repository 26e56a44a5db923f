// SPDX-License-Identifier: MIT
// What a playlist says about one rendition.
// Threads: values.
#pragma once

#include <cstdint>
#include <string>

#include <weir/rational.hpp>

#include "media/time.hpp"

namespace weir::media {

// Bit rates of one rendition as its container carries it (RFC 8216bis 4.4.6.2).
struct Bandwidth {
    std::int64_t peak_bps = 0;     // BANDWIDTH: no set of segments between 0.5 and 1.5 target
                                   // durations is above it
    std::int64_t average_bps = 0;  // AVERAGE-BANDWIDTH
};

// What a rendition's files carry.
enum class TrackKind {
    muxed,  // pictures with sound, as MPEG-TS
    video,
    audio
};

// One rendition: a CMAF track, a DASH Representation, an HLS variant stream's media.
struct Track {
    std::string name;
    TrackKind kind = TrackKind::muxed;
    int width = 0;
    int height = 0;
    Rational frame_rate;
    int sample_rate = 0;     // of an audio track
    int channels = 0;        // of an audio track
    int frame_samples = 0;   // of an audio track: 1024 for AAC-LC, 960 for Opus
    std::string language{};  // BCP 47, of an audio track; "": not known
    std::string codecs;      // RFC 6381, all of the container's: "avc1.64001f,mp4a.40.2"
    Bandwidth bandwidth;     // while live: a bound that holds, fixed
};

// Where the track's media lies that belongs to video from `time` on: `time` itself, and for an
// audio track the first of its frames at or after it. Rounded down to nanoseconds as the grid's
// times.
MediaTime track_time(const Track& track, MediaTime time);

// Units a second of the track's times in CMAF files and in an MPD: an audio track's sample rate; of
// video the numerator of its frame rate (in lowest terms), times the smallest power of ten that
// makes it at least 10,000. So every frame and every sample lies on a unit. Requires: not muxed.
int timescale(const Track& track);

// track_time() in units of timescale(), exact.
std::int64_t track_units(const Track& track, MediaTime time);

// The first unit at or after `time`. Since times are rounded down to nanoseconds, this is the very
// unit that a time was computed from. Requires: 0 <= time, 0 < units_per_second < 10^9.
std::int64_t unit_at_or_after(MediaTime time, std::int64_t units_per_second);

}  // namespace weir::media
