// SPDX-License-Identifier: MIT
// A programme's HLS-TS: its timeline, the publisher behind it, and one run of the encoders after
// another, each with a segmenter for each video rendition.
// Threads: begin_run() by the owner; the rest is thread-safe. Events come from the publisher's
// thread, on_run_end from GStreamer's.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <weir/encoder_ladder.hpp>
#include <weir/hls_sink.hpp>
#include <weir/rational.hpp>
#include <weir/store.hpp>

#include "base/gst_ptr.hpp"
#include "channel/publisher.hpp"
#include "media/timeline.hpp"

namespace weir::channel {

struct HlsOutputOptions {
    HlsSink sink;
    EncoderLadder ladder;                     // of the first run
    Rational frame_rate;                      // for the playlists' truths
    std::string prefix;                       // of the keys in the store
    std::string programme;                    // the programme's id
    bool recorded = false;                    // the store keeps everything
    std::int64_t discontinuity_sequence = 0;  // of the programme's first slot
};

struct HlsOutputEvents {
    std::function<void(const media::Slot&)> on_slot;
    std::function<void(bool failing, const std::string& text)> on_store;
    std::function<void()> on_finished;  // the timeline has ended, everything is published
    std::function<void(std::string)> on_error;
    std::function<void()> before_eos = {};  // see TsSegmenterEvents
};

class HlsOutput : public std::enable_shared_from_this<HlsOutput> {
public:
    HlsOutput(HlsOutputOptions options, std::shared_ptr<Store> store, HlsOutputEvents events);

    // Another run of the encoders, with a discontinuity, from slot `first_number` on (nobody asks
    // for the first run's). Bins with pads "video" and, if the ladder has audio, "audio", in the
    // ladder's order; they keep this object alive. `on_end`: all of them have had their
    // end-of-stream and given their last segments. Errors: unsupported.
    Result<std::vector<base::ObjectPtr<GstElement>>> begin_run(const EncoderLadder& ladder,
                                                               std::int64_t first_number,
                                                               std::function<void()> on_end = {});

    // No other run will begin: with the end of the present one the timeline ends, or at once if
    // there is none.
    void expect_end();

    // Publishes what has come and ends the timeline, though the segmenters have not ended.
    void finish() { publisher_->finish(); }

    // Gives up what is not published; no event comes after it. Once nothing flows any more.
    void close() { publisher_->close(); }

    [[nodiscard]] std::shared_ptr<media::Timeline> timeline() const { return timeline_; }
    [[nodiscard]] const HlsOutputOptions& options() const { return options_; }

private:
    void on_segmenter_end(std::size_t& running, const std::function<void()>& on_end);

    const HlsOutputOptions options_;
    const HlsOutputEvents events_;
    const std::shared_ptr<media::Timeline> timeline_;
    std::unique_ptr<Publisher> publisher_;
    std::mutex mutex_;  // guards all below
    std::size_t runs_begun_ = 0;
    std::size_t runs_open_ = 0;  // begun and not ended
    bool expect_end_ = false;
};

// EXT-X-TARGETDURATION of what this sink writes at this frame rate.
std::int64_t target_duration(const HlsSink& sink, const Rational& frame_rate);

}  // namespace weir::channel
