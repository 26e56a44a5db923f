// SPDX-License-Identifier: MIT
// One packaged form of the encoded renditions: a timeline, the publisher behind it, and one run of
// the encoders after another, each with segmenters of its own.
// Threads: begin_run() by the owner; the rest is thread-safe. Events come from the publisher's
// thread, on_error and the end of a run from GStreamer's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <weir/encoder_ladder.hpp>
#include <weir/rational.hpp>
#include <weir/store.hpp>

#include "base/gst_ptr.hpp"
#include "channel/publisher.hpp"
#include "media/timeline.hpp"
#include "origin/view.hpp"

namespace weir::channel {

struct EncodedOutputOptions {
    EncoderLadder ladder;                     // of the first run
    Rational frame_rate;                      // for the playlists' truths
    std::string prefix;                       // of the keys in the store
    std::string programme;                    // the programme's id
    bool recorded = false;                    // the store keeps everything
    std::int64_t discontinuity_sequence = 0;  // of the programme's first slot
};

struct EncodedOutputEvents {
    std::function<void(const media::Slot&)> on_slot;
    std::function<void(bool failing, const std::string& text)> on_store;
    std::function<void()> on_finished;  // the timeline has ended, everything is published
    std::function<void(std::string)> on_error;
    std::function<void()> before_eos = {};  // see TsSegmenterEvents
};

// What a run of the encoders is to make.
struct RunPlan {
    EncoderLadder ladder;
    std::int64_t first_frame = 0;   // on the grid
    std::int64_t first_number = 0;  // its slot
    std::string run;                // its id
};

// Where encoded renditions go: an element and the rendition for each of its pads.
struct Branch {
    struct Link {
        std::string pad;        // of the element
        std::string rendition;  // "video_<name>" or "audio_<name>", as the ladder's pads
    };
    base::ObjectPtr<GstElement> element;
    std::vector<Link> links;
};

class EncodedOutput : public std::enable_shared_from_this<EncodedOutput> {
public:
    virtual ~EncodedOutput() = default;

    // Another run of the encoders, with a discontinuity (the first has none). The branches keep
    // this object alive. `on_end`: all of them have had their end-of-stream and given their last
    // segments. Errors: unsupported.
    Result<std::vector<Branch>> begin_run(const RunPlan& plan, std::function<void()> on_end = {});

    // No other run will begin: with the end of the present one the timeline ends, or at once if
    // there is none.
    void expect_end();

    // The run's last frame has been made: nothing comes until another one begins.
    void end_parts() { timeline_->end_parts(); }

    // Publishes what has come and ends the timeline, though the segmenters have not ended.
    void finish() { publisher_->finish(); }

    // Gives up what is not published; no event comes after it. Once nothing flows any more.
    void close() { publisher_->close(); }

    [[nodiscard]] std::shared_ptr<media::Timeline> timeline() const { return timeline_; }
    [[nodiscard]] const EncodedOutputOptions& options() const { return options_; }

    // Keys and texts of what a finished programme leaves in the store, in the order in which they
    // may be seen. Requires: the timeline has ended.
    [[nodiscard]] virtual std::vector<std::pair<std::string, std::string>> recorded_files()
        const = 0;

    // How the origin serves it.
    [[nodiscard]] virtual origin::View view() const = 0;

protected:
    EncodedOutput(EncodedOutputOptions options, EncodedOutputEvents events,
                  PublisherOptions publishing, std::shared_ptr<Store> store,
                  std::vector<media::Track> tracks);

    [[nodiscard]] virtual std::vector<media::Track> make_tracks(
        const EncoderLadder& ladder) const = 0;
    // `on_branch_end` for each of them once.
    [[nodiscard]] virtual Result<std::vector<Branch>> make_branches(
        const RunPlan& plan, std::function<void()> on_branch_end) = 0;

    [[nodiscard]] Publisher& publisher() { return *publisher_; }
    [[nodiscard]] const EncodedOutputEvents& events() const { return events_; }

private:
    void on_branch_end(std::size_t& running, const std::function<void()>& on_end);

    const EncodedOutputOptions options_;
    const EncodedOutputEvents events_;
    const std::shared_ptr<media::Timeline> timeline_;
    std::unique_ptr<Publisher> publisher_;
    std::mutex mutex_;  // guards all below
    std::size_t runs_begun_ = 0;
    std::size_t runs_open_ = 0;  // begun and not ended
    bool expect_end_ = false;
};

}  // namespace weir::channel
