// SPDX-License-Identifier: MIT
// What a CMAF track needs at most, known before it is encoded: the live BANDWIDTH of a video or
// audio rendition by itself. A variant's is the sum of both.
// Threads: pure functions.
#pragma once

#include <weir/encoder_ladder.hpp>
#include <weir/rational.hpp>

#include "media/time.hpp"
#include "media/track.hpp"

namespace weir::segment {

// The bounds are those of ts_bandwidth.hpp, with this container's overhead. `fragment_duration`:
// what one moof describes, a part or a GOP.
media::Bandwidth cmaf_bandwidth(const VideoRendition& video, const EncoderLadder& ladder,
                                const Rational& frame_rate, media::MediaTime segment_duration,
                                media::MediaTime fragment_duration);
media::Bandwidth cmaf_bandwidth(const AudioRendition& audio, media::MediaTime fragment_duration);

}  // namespace weir::segment
