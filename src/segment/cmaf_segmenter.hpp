// SPDX-License-Identifier: MIT
// Cuts one encoded track into CMAF segments, and parts if wanted, on the grid.
//
// What belongs where is known before it comes: a segment holds the frames of its slot, a part those
// the schedule gives it, an audio track the frames that begin within. So a segment is given as soon
// as its last frame is there, and nothing waits for the next one.
// Threads: make on any thread; the events come from GStreamer's streaming thread of the track and
// must not block.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <weir/result.hpp>

#include "base/gst_ptr.hpp"
#include "media/grid.hpp"
#include "media/part_schedule.hpp"
#include "media/segment.hpp"
#include "media/track.hpp"

namespace weir::segment {

struct CmafSegmenterOptions {
    media::Grid grid;
    std::int64_t first_frame = 0;                // of the run, a video frame on the grid
    std::optional<media::PartSchedule> parts{};  // nothing: whole segments only
    media::TrackKind kind = media::TrackKind::video;
    // The time at which a frame was captured, for prft: UTC minus media time. Nothing: no prft.
    std::optional<media::MediaTime> capture_delay{};
};

struct CmafSegmenterEvents {
    // Before the first part and segment of the run.
    std::function<void(media::InitSegment)> on_init;
    // In order; a segment's parts before the segment itself, whose bytes are theirs joined.
    std::function<void(media::Part)> on_part;
    std::function<void(media::Segment)> on_segment;
    std::function<void()> on_end;               // after end-of-stream and the last segment
    std::function<void(std::string)> on_error;  // what comes in cannot be packaged
};

// A bin with one pad, "sink": video/x-h264, video/x-h265, video/x-av1 (access units or temporal
// units, each segment beginning with a keyframe), audio/mpeg (raw AAC) or audio/x-opus. Running
// time is media time. Errors: unsupported when a plugin is missing.
Result<base::ObjectPtr<GstElement>> make_cmaf_segmenter(const CmafSegmenterOptions& options,
                                                        CmafSegmenterEvents events);

}  // namespace weir::segment
