// SPDX-License-Identifier: MIT
// Where an input's access units go that nobody decodes: one UnitSink for each connection.
// Threads: thread-safe; calls come from the threads of the source.
#pragma once

#include "base/gst_ptr.hpp"

namespace weir::media {

enum class UnitKind { video, audio };

class UnitSink {
public:
    virtual ~UnitSink() = default;

    // What follows has these caps, codec_data included where the stream format has it:
    // "video/x-h264, stream-format=avc, alignment=au", "audio/mpeg, mpegversion=4,
    // stream-format=raw". Again when the codec's configuration changes.
    virtual void configure(UnitKind kind, const base::MiniPtr<GstCaps>& caps) = 0;

    // One access unit in decoding order, with PTS and DTS in source time (audio and video share the
    // base) and GST_BUFFER_FLAG_DELTA_UNIT unless it is a keyframe. Never blocks. False: nobody
    // wants more.
    virtual bool push(UnitKind kind, base::MiniPtr<GstBuffer> unit) = 0;

    // The connection is over.
    virtual void close() = 0;
};

}  // namespace weir::media
