// SPDX-License-Identifier: MIT
// One run's HLS-TS: a segmenter for each video rendition, the publisher behind them and the
// programme's timeline.
// Threads: make_segmenters() once, by the owner; the rest is thread-safe. Events come from the
// publisher's thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
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
    EncoderLadder ladder;
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

    // Bins with pads "video" and, if the ladder has audio, "audio", in the ladder's order. They
    // keep this object alive. Errors: unsupported.
    Result<std::vector<base::ObjectPtr<GstElement>>> make_segmenters();

    // Publishes what has come and ends the timeline, though the segmenters have not ended.
    void finish() { publisher_->finish(); }

    // Gives up what is not published; no event comes after it. Once nothing flows any more.
    void close() { publisher_->close(); }

    [[nodiscard]] std::shared_ptr<media::Timeline> timeline() const { return timeline_; }
    [[nodiscard]] const HlsOutputOptions& options() const { return options_; }

private:
    void on_end();

    const HlsOutputOptions options_;
    const HlsOutputEvents events_;
    const std::shared_ptr<media::Timeline> timeline_;
    std::atomic<std::size_t> running_;  // segmenters that have not ended
    std::unique_ptr<Publisher> publisher_;
};

// EXT-X-TARGETDURATION of what this sink writes at this frame rate.
std::int64_t target_duration(const HlsSink& sink, const Rational& frame_rate);

}  // namespace weir::channel
