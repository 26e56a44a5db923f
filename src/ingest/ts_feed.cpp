// SPDX-License-Identifier: MIT
#include "ingest/ts_feed.hpp"

#include <gst/app/gstappsrc.h>

#include <utility>

namespace weir::ingest {

using base::adopt_mini;
using base::adopt_object;
using media::UnitKind;

namespace {

constexpr guint64 kParserQueueBytes = 8'000'000;  // before the parser; the next one waits

const char* caps_of(TsCodec codec) {
    switch (codec) {
        case TsCodec::h264:
            return "video/x-h264,stream-format=byte-stream";
        case TsCodec::hevc:
            return "video/x-h265,stream-format=byte-stream";
        case TsCodec::mpeg_video:
            return "video/mpeg,mpegversion=2,systemstream=false";
        case TsCodec::aac_adts:
            return "audio/mpeg,mpegversion=4,stream-format=adts";
        case TsCodec::aac_latm:
            return "audio/mpeg,mpegversion=4,stream-format=loas";
        case TsCodec::mpeg_audio:
            return "audio/mpeg,mpegversion=1";
        case TsCodec::ac3:
            return "audio/x-ac3";
        case TsCodec::eac3:
            return "audio/x-eac3";
    }
    return "";
}

GstClockTime time_of(std::int64_t ticks) {
    return gst_util_uint64_scale(static_cast<guint64>(ticks), GST_SECOND, 90'000);
}

}  // namespace

TsFeed::TsFeed(base::Pipeline& pipeline, UnitFeed& feed, TsSelection select,
               std::function<void(std::string)> failed)
    : pipeline_(pipeline),
      feed_(feed),
      failed_(std::move(failed)),
      tap_(std::make_shared<UnitTap>(
          // Times are never negative already.
          pipeline, feed, TapEvents{.ended = [this] { on_ended(); }, .failed = failed_}, 0)),
      reader_(std::move(select), {[this](const TsTrack& track) { on_track(track); },
                                  [this](const TsUnit& unit) { on_unit(unit); }}) {}

TsFeed::Track& TsFeed::track(UnitKind kind) {
    return kind == UnitKind::video ? video_ : audio_;
}

void TsFeed::on_track(const TsTrack& track_) {
    Track& own = track(track_.kind);
    // Another PID with the same codec: the parser sees what changed in the stream itself.
    if (own.appsrc && own.codec == track_.codec) return;
    if (own.appsrc) {
        gst_app_src_end_of_stream(GST_APP_SRC(own.appsrc));
        tap_->wait_end(track_.kind);
    }
    auto source = pipeline_.add("appsrc");
    if (!source) return failed_(source.error().message);
    const auto caps = adopt_mini(gst_caps_from_string(caps_of(track_.codec)));
    g_object_set(*source, "format", GST_FORMAT_TIME, "caps", caps.get(), "max-bytes",
                 kParserQueueBytes, "block", TRUE, nullptr);
    GstElement* before = nullptr;
    {
        const std::lock_guard lock(mutex_);
        before = std::exchange(own.appsrc, *source);
        own.codec = track_.codec;
        if (stopping_) gst_app_src_end_of_stream(GST_APP_SRC(*source));
    }
    // The new branch takes the place of the former one, which ends here.
    tap_->replace(adopt_object(gst_element_get_static_pad(*source, "src")).get(), caps.get());
    gst_element_sync_state_with_parent(*source);
    if (before) {
        gst_element_set_state(before, GST_STATE_NULL);
        gst_bin_remove(pipeline_.bin(), before);
    }
}

void TsFeed::on_unit(const TsUnit& unit) {
    GstElement* source = track(unit.kind).appsrc;
    if (!source) return;
    auto buffer = adopt_mini(gst_buffer_new_allocate(nullptr, unit.payload.size(), nullptr));
    gst_buffer_fill(buffer.get(), 0, unit.payload.data(), unit.payload.size());
    if (unit.pts) GST_BUFFER_PTS(buffer.get()) = time_of(*unit.pts);
    if (unit.dts) GST_BUFFER_DTS(buffer.get()) = time_of(*unit.dts);
    if (unit.lost_before) GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_DISCONT);
    gst_app_src_push_buffer(GST_APP_SRC(source), buffer.release());
}

void TsFeed::end() {
    reader_.finish();
    const bool nothing = [&] {
        const std::lock_guard lock(mutex_);
        ending_ = true;
        return !video_.appsrc && !audio_.appsrc;
    }();
    if (nothing) return feed_.end();
    stop();  // which is an end of stream behind what is queued
}

// The parsers have given all; one that is stopped comes to its end too.
void TsFeed::on_ended() {
    {
        const std::lock_guard lock(mutex_);
        if (!ending_) return;
    }
    feed_.end();
}

void TsFeed::stop() {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (GstElement* source : {video_.appsrc, audio_.appsrc}) {
        if (source) gst_app_src_end_of_stream(GST_APP_SRC(source));
    }
}

}  // namespace weir::ingest
