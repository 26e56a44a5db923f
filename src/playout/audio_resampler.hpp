// SPDX-License-Identifier: MIT
// Sound that lasts a little longer or shorter, by GStreamer's resampler: what an input whose clock
// drifts needs (drift.hpp).
// Threads: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <gst/audio/audio.h>

namespace weir::playout {

class AudioResampler {
public:
    explicit AudioResampler(int channels);

    // Interleaved samples, stretched by 1 + rate from here on (|rate| <= 0.01). While the rate has
    // always been 0, what goes in comes out. All that came out is as long as all that went in times
    // 1 + its rate, but for latency() and less than one sample time. The answer is valid until the
    // next call.
    std::span<const float> resample(std::span<const float> samples, double rate);

    // How many sample times that went in have not come out yet: none until the rate was not 0, a
    // constant then. The first that comes out still belongs where the first that went in does.
    [[nodiscard]] std::int64_t latency() const;

    // What follows does not belong to what was there.
    void reset();

private:
    void start();
    int next_rate(double frames, double rate);
    void remember(std::span<const float> samples);
    void run(std::span<const float> samples);

    struct Free {
        void operator()(GstAudioResampler* resampler) const { gst_audio_resampler_free(resampler); }
    };

    const std::size_t channels_;
    std::unique_ptr<GstAudioResampler, Free> resampler_;  // made when it is needed
    int out_rate_ = 0;                                    // as told to it
    double owed_ = 0;          // sample times that rounded rates have not given yet
    std::vector<float> past_;  // the last samples while there is none: its filter reaches back
    std::vector<float> out_;
    std::size_t surplus_ = 0;  // sample times that come out but were given already
};

}  // namespace weir::playout
