// SPDX-License-Identifier: MIT
// A ladder from drawn pictures to segments, and what its segmenters gave.
// Threads: one owner.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "segment/ts_segmenter.hpp"
#include "support/ladder_run.hpp"

namespace weir::test {

// What one segmenter gave, in its order.
struct SegmenterOutput {
    std::vector<std::string> order;  // "codecs", "segment", "end", "before_eos", "error ..."
    std::string codecs;
    std::vector<media::Segment> segments;
};

// Segments the ladder; the outputs in the order of its renditions.
class SegmentRun {
public:
    SegmentRun(LadderRun::Options options, media::MediaTime duration) : duration_(duration) {
        const auto ladder = options.ladder;
        outputs_.resize(ladder.video.size());
        run_ = std::make_unique<LadderRun>(std::move(options));
        for (std::size_t i = 0; i < ladder.video.size(); ++i) {
            run_->connect(ladder.video[i].name, segmenter(i, !ladder.audio.empty()));
        }
        finished_ = run_->run();
    }

    [[nodiscard]] bool finished() const { return finished_; }
    [[nodiscard]] const std::string& error() const { return run_->error(); }
    [[nodiscard]] const LadderRun& ladder() const { return *run_; }
    [[nodiscard]] const SegmenterOutput& output(std::size_t i = 0) const { return outputs_[i]; }
    [[nodiscard]] std::size_t outputs() const { return outputs_.size(); }
    [[nodiscard]] media::MediaTime duration() const { return duration_; }

private:
    base::ObjectPtr<GstElement> segmenter(std::size_t i, bool audio) {
        const auto note = [this, i](const std::string& what) {
            const std::lock_guard lock(mutex_);
            outputs_[i].order.push_back(what);
        };
        auto made = segment::make_ts_segmenter(
            {.segment_duration = duration_, .has_audio = audio},
            {.on_codecs =
                 [this, i, note](std::string codecs) {
                     note("codecs");
                     outputs_[i].codecs = std::move(codecs);
                 },
             .on_segment =
                 [this, i, note](media::Segment segment) {
                     note("segment");
                     outputs_[i].segments.push_back(std::move(segment));
                 },
             .on_end = [note] { note("end"); },
             .on_error = [note](const std::string& cause) { note("error " + cause); },
             .before_eos = [note] { note("before_eos"); }});
        return std::move(made.value());
    }

    const media::MediaTime duration_;
    std::mutex mutex_;
    std::vector<SegmenterOutput> outputs_;
    std::unique_ptr<LadderRun> run_;
    bool finished_ = false;
};

}  // namespace weir::test
