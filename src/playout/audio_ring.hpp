// SPDX-License-Identifier: MIT
// Audio by absolute sample number: written where its time says, read in order, silent where nothing
// was written.
//
// Packets are placed by continuity, because time stamps are often rounded to milliseconds: a packet
// follows the one before it, and a lasting error of more than 5 ms is taken up one sample a packet.
// More than 10 ms is no rounding but a lost packet (one of AAC lasts 21 ms) or a new timeline, and
// places anew; with exact stamps (a file's) 2 ms do.
// Threads: one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "playout/fade.hpp"

namespace weir::playout {

class AudioRing {
public:
    AudioRing(int sample_rate, int channels);

    // Reading begins at `sample`; what lies before it is dropped.
    void begin(std::int64_t sample);

    // Everything lies so much later, the next read too.
    void shift(std::int64_t samples);

    // The next read begins at `sample`; what lies before it is dropped.
    void seek(std::int64_t sample);

    // Whether a packet at `sample` fits now; one far ahead must wait.
    [[nodiscard]] bool has_room(std::int64_t sample) const;

    // Interleaved samples that belong at `sample`.
    void write(std::int64_t sample, std::span<const float> samples, bool exact = false);

    // The next packet does not follow the last one: a new connection or timeline.
    void break_continuity() { next_.reset(); }

    // Fills `samples` (interleaved) with the next ones; silence where nothing had been written.
    // Returns where something had.
    std::vector<SignalRange> read(std::span<float> samples);

    // How many of the next sample times have been written without a hole; looks at `most`.
    [[nodiscard]] std::int64_t written(std::int64_t most) const;

private:
    [[nodiscard]] std::int64_t place(std::int64_t sample, bool exact);
    [[nodiscard]] std::size_t index(std::int64_t sample) const;
    [[nodiscard]] float* at(std::int64_t sample) { return &ring_[index(sample)]; }

    const int rate_;
    const int channels_;
    const std::int64_t capacity_;  // in sample times
    std::vector<float> ring_;      // NaN: nothing written
    std::int64_t shift_ = 0;       // where sample 0 lies in the ring
    std::int64_t read_ = 0;
    std::optional<std::int64_t> next_;  // where the packet after the last one goes
    double error_ = 0;                  // low-passed, in samples
};

}  // namespace weir::playout
