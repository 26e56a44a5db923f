// SPDX-License-Identifier: MIT
// What an MPEG-TS rendition needs at most, known before it is encoded: the live BANDWIDTH.
// Threads: pure functions.
#pragma once

#include <weir/encoder_ladder.hpp>
#include <weir/rational.hpp>

#include "media/time.hpp"
#include "media/track.hpp"

namespace weir::segment {

// Any set of segments that RFC 8216bis counts (0.5 to 1.5 target durations) stays below the peak:
// its elementary stream is bounded by the video buffering verifier, bitrate * time + buffer, of
// which half is filled at the start (vbv-init=0.5), so that a first segment of half the length
// obeys the bound of a whole one. `audio` may be null.
media::Bandwidth ts_bandwidth(const VideoRendition& video, const AudioRendition* audio,
                              const EncoderLadder& ladder, const Rational& frame_rate,
                              media::MediaTime segment_duration);

}  // namespace weir::segment
