// SPDX-License-Identifier: MIT
// From the bytes of an MPEG transport stream to a UnitFeed: TsReader takes it apart, GStreamer's
// parsers make access units with caps of it. Shared by whatever receives transport streams.
// Threads: push() and end() by one thread at a time; stop() by any.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "base/pipeline.hpp"
#include "ingest/ts_reader.hpp"
#include "ingest/unit_feed.hpp"
#include "ingest/unit_tap.hpp"

namespace weir::ingest {

class TsFeed {
public:
    // The parsers are put into `pipeline`, which must outlive this object, as must `feed`.
    TsFeed(base::Pipeline& pipeline, UnitFeed& feed, TsSelection select,
           std::function<void(std::string)> failed);

    // Waits while the decoder is behind. Errors: as TsReader::push.
    Result<void> push(std::span<const std::byte> bytes) { return reader_.push(bytes); }
    // Nothing follows: what is there is decoded, then the feed's end is told.
    void end();
    // Wakes whoever waits in push(). Before the feed's stop().
    void stop();
    // Hands nothing over any more. After the feed's stop(), before the pipeline goes to NULL.
    void close() { tap_->stop(); }

private:
    struct Track {
        GstElement* appsrc = nullptr;  // in the pipeline
        TsCodec codec = TsCodec::h264;
    };

    void on_track(const TsTrack& track);
    void on_unit(const TsUnit& unit);
    void on_ended();
    [[nodiscard]] Track& track(media::UnitKind kind);

    base::Pipeline& pipeline_;
    UnitFeed& feed_;
    const std::function<void(std::string)> failed_;
    const std::shared_ptr<UnitTap> tap_;
    std::mutex mutex_;  // guards the tracks' appsrc, and what follows
    bool ending_ = false;
    bool stopping_ = false;
    Track video_;
    Track audio_;
    TsReader reader_;
};

}  // namespace weir::ingest
