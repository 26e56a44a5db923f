// SPDX-License-Identifier: MIT
// A programme's CMAF: a segmenter for each rendition of pictures and of sound, one track a file,
// from which HLS and DASH are served. Threads: as EncodedOutput.
#pragma once

#include <memory>
#include <optional>

#include <weir/cmaf_sink.hpp>

#include "channel/encoded_output.hpp"
#include "media/grid.hpp"
#include "media/part_schedule.hpp"

namespace weir::channel {

class CmafOutput final : public EncodedOutput {
public:
    CmafOutput(const CmafSink& sink, const EncodedOutputOptions& options,
               std::shared_ptr<Store> store, EncodedOutputEvents events);

    [[nodiscard]] const CmafSink& sink() const { return sink_; }
    // Nothing without low latency.
    [[nodiscard]] const std::optional<media::PartSchedule>& parts() const { return parts_; }
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> recorded_files() const override;
    [[nodiscard]] origin::View view() const override;

private:
    [[nodiscard]] std::vector<media::Track> make_tracks(const EncoderLadder& ladder) const override;
    [[nodiscard]] Result<std::vector<Branch>> make_branches(
        const RunPlan& plan, std::function<void()> on_branch_end) override;
    [[nodiscard]] Result<Branch> make_branch(const RunPlan& plan, const std::string& rendition,
                                             media::TrackKind kind,
                                             const std::function<void()>& on_end);

    const CmafSink sink_;
    const media::Grid grid_;
    const std::optional<media::PartSchedule> parts_;
};

// The parts of a low-latency output; nothing of another.
std::optional<media::PartSchedule> part_schedule(const CmafSink& sink, const EncoderLadder& ladder,
                                                 const Rational& frame_rate);

}  // namespace weir::channel
