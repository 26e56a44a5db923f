// SPDX-License-Identifier: MIT
#include "playout/audio_resampler.hpp"

#include <algorithm>
#include <cmath>

#include <gsl/gsl>

namespace weir::playout {

namespace {

// The resampler takes whole rates: this gives steps of a tenth of a millionth. More would overflow
// its 32-bit phase.
constexpr int kInRate = 10'000'000;
constexpr guint kQuality = 8;
// Sample times; longer than the filter.
constexpr std::size_t kPast = 256;

}  // namespace

AudioResampler::AudioResampler(int channels) : channels_(gsl::narrow<std::size_t>(channels)) {
    Expects(channels > 0);
}

std::int64_t AudioResampler::latency() const {
    if (!resampler_) return 0;
    return static_cast<std::int64_t>(gst_audio_resampler_get_max_latency(resampler_.get()));
}

void AudioResampler::reset() {
    resampler_.reset();
    past_.clear();
    surplus_ = 0;
    owed_ = 0;
}

std::span<const float> AudioResampler::resample(std::span<const float> samples, double rate) {
    Expects(samples.size() % channels_ == 0 && std::abs(rate) <= 0.01);
    if (!resampler_) {
        if (rate == 0) {
            remember(samples);
            return samples;
        }
        start();
    }
    const int out_rate = next_rate(static_cast<double>(samples.size() / channels_), rate);
    if (out_rate != out_rate_) {
        // Without options it keeps its filter, its past and its phase: nothing clicks.
        gst_audio_resampler_update(resampler_.get(), kInRate, out_rate, nullptr);
        out_rate_ = out_rate;
    }
    run(samples);
    const auto surplus = std::min(surplus_, out_.size() / channels_);
    surplus_ -= surplus;
    return std::span<const float>(out_).subspan(surplus * channels_);
}

// The nearest whole rate that makes up for what the last ones were off. Never 1:1: then GStreamer
// leaves its filter, and with it goes the delay of the filter (16 samples, with a click).
int AudioResampler::next_rate(double frames, double rate) {
    constexpr double kRounding = 1e-6;  // of this very computation
    const double wanted = kInRate + kInRate * rate;
    const int step = owed_ >= 0 ? 1 : -1;
    int result =
        static_cast<int>(step > 0 ? std::ceil(wanted - kRounding) : std::floor(wanted + kRounding));
    if (result == kInRate) result += step;
    owed_ += frames * (wanted - result) / kInRate;
    return result;
}

void AudioResampler::start() {
    GstStructure* options = gst_structure_new_empty("options");
    gst_audio_resampler_options_set_quality(GST_AUDIO_RESAMPLER_METHOD_KAISER, kQuality, kInRate,
                                            kInRate, options);
    // By default each new rate may move the phase by a tenth of a sample, which adds up; and cubic
    // interpolation of the filter is late by an eighth of a sample.
    gst_structure_set(options, GST_AUDIO_RESAMPLER_OPT_MAX_PHASE_ERROR, G_TYPE_DOUBLE, 0.0,
                      GST_AUDIO_RESAMPLER_OPT_FILTER_INTERPOLATION,
                      GST_TYPE_AUDIO_RESAMPLER_FILTER_INTERPOLATION,
                      GST_AUDIO_RESAMPLER_FILTER_INTERPOLATION_LINEAR, nullptr);
    resampler_.reset(gst_audio_resampler_new(
        GST_AUDIO_RESAMPLER_METHOD_KAISER, GST_AUDIO_RESAMPLER_FLAG_VARIABLE_RATE,
        GST_AUDIO_FORMAT_F32, static_cast<gint>(channels_), kInRate, kInRate + 1, options));
    gst_structure_free(options);
    out_rate_ = kInRate + 1;
    // Its filter begins with what was played, as if it had been in use all the time.
    run(past_);
    surplus_ = (past_.size() - out_.size()) / channels_;
    past_.clear();
}

void AudioResampler::remember(std::span<const float> samples) {
    const auto most = kPast * channels_;
    const auto fresh = samples.last(std::min(samples.size(), most));
    past_.insert(past_.end(), fresh.begin(), fresh.end());
    if (past_.size() > most) {
        past_.erase(past_.begin(), past_.end() - static_cast<std::ptrdiff_t>(most));
    }
}

void AudioResampler::run(std::span<const float> samples) {
    const auto in_frames = samples.size() / channels_;
    const auto out_frames = gst_audio_resampler_get_out_frames(resampler_.get(), in_frames);
    out_.resize(out_frames * channels_);
    // It does not write to what comes in.
    gpointer in = const_cast<float*>(samples.data());
    gpointer out = out_.data();
    gst_audio_resampler_resample(resampler_.get(), &in, in_frames, &out, out_frames);
}

}  // namespace weir::playout
