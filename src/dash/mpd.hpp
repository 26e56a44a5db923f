// SPDX-License-Identifier: MIT
// A Media Presentation Description (ISO/IEC 23009-1 5.3) of a window on a CMAF timeline.
// Threads: pure functions of values; no I/O, no clock.
#pragma once

#include <string>
#include <vector>

#include <weir/rational.hpp>

#include "media/marked_text.hpp"
#include "media/time.hpp"
#include "media/timeline.hpp"
#include "media/track.hpp"

namespace weir::dash {

enum class MpdType { dynamic, static_ };  // MPD@type

struct MpdOptions {
    MpdType type = MpdType::dynamic;
    media::MediaTime segment_duration{};
    Rational frame_rate{};  // of the slowest rendition: its first frame in a slot begins them all
    // Explicit: SegmentTimeline (start-over, event, whatever may have gaps; static always is);
    // otherwise $Number$ on the grid, which takes no longer for days than for seconds.
    bool explicit_timeline = false;
    bool low_latency = false;
    media::MediaTime part_target{};  // with low_latency: the longest part of any track
    // Declared: a slot, with low_latency a part, can always be fetched so long after its end.
    // availabilityStartTime is 1970 plus this and the time that a new run's notice takes: a slot,
    // with low_latency 0.75 s. A manifest of low latency must not come out of a cache.
    media::MediaTime output_latency{};
    media::MediaTime time_shift_buffer_depth{};  // 0: all there is
    // UTC of the last change, not of the request. With $Number$ a new slot is no change: who
    // renders with the former publish_time and gets the same text, has nothing new to publish.
    media::MediaTime publish_time{};
    std::string uri_prefix;  // before "<rendition>/<number>-<run>.m4s"
    std::string time_uri;    // UTCTiming, "/time"; empty: none
};

// What follows a discontinuity (a run, to begin with) is a Period, whose @id is "<run>-<number of
// its first slot>".
//
// Dynamic: media time is presentation time, so @start is where its first whole slot begins on the
// grid, n0 D. A shorter slot before that one is only in an explicit timeline, whose Period begins
// with it. @id, @start and presentationTimeOffset never change for the same segments, whatever the
// window shows. After the end: mediaPresentationDuration, and no minimumUpdatePeriod.
//
// Static: the first slot of the window is at 0 and the Periods follow each other without the gaps.
//
// A rendition is left out of a Period in which it was not encoded, and everywhere when its codec
// string is not known. Empty text: there is no segment to be seen yet.
media::MarkedText make_mpd(const media::Window& window, const std::vector<media::Track>& tracks,
                           const MpdOptions& options);

// The manifest of a finished programme at "<programme>/dash/manifest.mpd".
media::MarkedText recorded_mpd(const media::Window& window, const std::vector<media::Track>& tracks,
                               Rational frame_rate, media::MediaTime segment_duration);

}  // namespace weir::dash
