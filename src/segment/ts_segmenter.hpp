// SPDX-License-Identifier: MIT
// Cuts one rendition into MPEG-TS segments on the grid, by hlssink2: its stream signals carry the
// bytes to us, its playlist is swallowed (weir writes its own).
// Threads: make on any thread; the events come from GStreamer's threads and must not block.
#pragma once

#include <functional>
#include <string>

#include <weir/result.hpp>

#include "base/gst_ptr.hpp"
#include "media/segment.hpp"

namespace weir::segment {

struct TsSegmenterOptions {
    media::MediaTime segment_duration{};  // the grid's step; cuts lie at its multiples
    bool has_audio = false;
};

struct TsSegmenterEvents {
    std::function<void(std::string codecs)> on_codecs;  // once, before the first segment
    std::function<void(media::Segment)> on_segment;
    std::function<void()> on_end;               // after end-of-stream and the last segment
    std::function<void(std::string)> on_error;  // what comes in cannot be packaged
    // May be empty. Before the bin posts its EOS message, which waits for it to return.
    std::function<void()> before_eos = {};
};

// A bin with pads "video" (video/x-h264) and, with has_audio, "audio" (audio/mpeg, AAC). Running
// time is media time; every slot must begin with an IDR frame. A segment is given one GOP after its
// end: splitmuxsink decides only then where the GOP belongs. Errors: unsupported when a plugin is
// missing.
Result<base::ObjectPtr<GstElement>> make_ts_segmenter(const TsSegmenterOptions& options,
                                                      TsSegmenterEvents events);

}  // namespace weir::segment
