// SPDX-License-Identifier: MIT
// A programme's HLS-TS: a segmenter for each video rendition, with the first audio rendition in it.
// Threads: as EncodedOutput.
#pragma once

#include <memory>

#include <weir/hls_sink.hpp>

#include "channel/encoded_output.hpp"

namespace weir::channel {

class HlsOutput final : public EncodedOutput {
public:
    HlsOutput(const HlsSink& sink, const EncodedOutputOptions& options,
              std::shared_ptr<Store> store, EncodedOutputEvents events);

    [[nodiscard]] const HlsSink& sink() const { return sink_; }
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> recorded_files() const override;
    [[nodiscard]] origin::View view() const override;

private:
    [[nodiscard]] std::vector<media::Track> make_tracks(const EncoderLadder& ladder) const override;
    [[nodiscard]] Result<std::vector<Branch>> make_branches(
        const RunPlan& plan, std::function<void()> on_branch_end) override;

    const HlsSink sink_;
};

// EXT-X-TARGETDURATION of what this sink writes at this frame rate.
std::int64_t target_duration(const HlsSink& sink, const Rational& frame_rate);

}  // namespace weir::channel
