// SPDX-License-Identifier: MIT
#include "ingest/flv_feed.hpp"

#include <algorithm>
#include <utility>

namespace weir::ingest {

using base::adopt_mini;
using media::UnitKind;

namespace {

constexpr std::int64_t kMarginMs = 10'000;

base::MiniPtr<GstBuffer> copy_buffer(std::span<const std::byte> bytes) {
    auto buffer = adopt_mini(gst_buffer_new_allocate(nullptr, bytes.size(), nullptr));
    gst_buffer_fill(buffer.get(), 0, bytes.data(), bytes.size());
    return buffer;
}

base::MiniPtr<GstCaps> with_codec_data(const char* caps, std::span<const std::byte> config) {
    auto result = adopt_mini(gst_caps_from_string(caps));
    const auto data = copy_buffer(config);
    gst_caps_set_simple(result.get(), "codec_data", GST_TYPE_BUFFER, data.get(), nullptr);
    return result;
}

const char* video_caps(FlvCodec codec) {
    switch (codec) {
        case FlvCodec::hevc:
            return "video/x-h265,stream-format=hvc1,alignment=au";
        case FlvCodec::av1:
            return "video/x-av1,stream-format=obu-stream,alignment=tu";
        default:
            return "video/x-h264,stream-format=avc,alignment=au";
    }
}

}  // namespace

base::MiniPtr<GstCaps> caps_of(const FlvUnit& config) {
    return with_codec_data(config.kind == FlvUnit::Kind::video_config
                               ? video_caps(config.codec)
                               : "audio/mpeg,mpegversion=4,stream-format=raw,framed=true",
                           config.payload);
}

void FlvFeed::push(const FlvUnit& unit) {
    switch (unit.kind) {
        case FlvUnit::Kind::video_config:
            video_ = unit.codec;
            return feed_.configure(UnitKind::video, caps_of(unit));
        case FlvUnit::Kind::audio_config:
            has_audio_ = true;
            return feed_.configure(UnitKind::audio, caps_of(unit));
        case FlvUnit::Kind::video:
        case FlvUnit::Kind::audio:
            break;
    }
    const bool video = unit.kind == FlvUnit::Kind::video;
    const auto kind = video ? UnitKind::video : UnitKind::audio;
    if (video ? video_ != unit.codec : !has_audio_) return;  // nothing could read it
    // GStreamer has no time before zero: where composition goes back behind it the margin of the
    // repair is too late.
    const std::int64_t dts = unit.dts_ms + kMarginMs;
    const std::int64_t pts = std::max<std::int64_t>(dts + unit.composition_ms, 0);
    auto buffer = copy_buffer(unit.payload);
    GST_BUFFER_DTS(buffer.get()) = static_cast<GstClockTime>(dts) * GST_MSECOND;
    GST_BUFFER_PTS(buffer.get()) = static_cast<GstClockTime>(pts) * GST_MSECOND;
    if (!unit.keyframe) GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_DELTA_UNIT);
    feed_.push(kind, std::move(buffer));
}

}  // namespace weir::ingest
