// SPDX-License-Identifier: MIT
#include "playout/playout.hpp"

#include <gst/video/video.h>

#include <algorithm>
#include <utility>

namespace weir::playout {

using base::adopt_mini;
using base::borrow_mini;
using base::MiniPtr;
using media::MediaTime;

namespace {

MiniPtr<GstBuffer> make_black(const media::RawFormat& format) {
    GstVideoInfo info;
    gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, static_cast<guint>(format.width),
                              static_cast<guint>(format.height));
    auto buffer = adopt_mini(gst_buffer_new_allocate(nullptr, GST_VIDEO_INFO_SIZE(&info), nullptr));
    const auto luma = GST_VIDEO_INFO_PLANE_OFFSET(&info, 1);
    gst_buffer_memset(buffer.get(), 0, 16, luma);
    gst_buffer_memset(buffer.get(), luma, 128, GST_VIDEO_INFO_SIZE(&info) - luma);
    return buffer;
}

GstClockTime clock_time(MediaTime time) {
    return static_cast<GstClockTime>(time.count());
}

// The same memory with its own time: nothing is copied.
MiniPtr<GstBuffer> stamped(GstBuffer* buffer, MediaTime start, MediaTime end) {
    auto copy = adopt_mini(gst_buffer_copy(buffer));
    GST_BUFFER_PTS(copy.get()) = clock_time(start);
    GST_BUFFER_DTS(copy.get()) = GST_CLOCK_TIME_NONE;
    GST_BUFFER_DURATION(copy.get()) = clock_time(end - start);
    GST_BUFFER_OFFSET(copy.get()) = GST_BUFFER_OFFSET_NONE;
    GST_BUFFER_FLAG_UNSET(copy.get(), GST_BUFFER_FLAG_DISCONT);
    return copy;
}

}  // namespace

Playout::Playout(const PlayoutOptions& options, std::shared_ptr<base::Clock> clock,
                 OnSwitch on_switch)
    : format_(options.format),
      on_switch_(std::move(on_switch)),
      clock_(std::move(clock)),
      director_(options.failover),
      failover_(options.failover),
      loss_(options.loss),
      black_(make_black(options.format)) {}

Playout::~Playout() = default;

std::shared_ptr<Lane> Playout::make_lane() const {
    auto lane = std::make_shared<Lane>(format_, [this] { return now(); });
    const std::lock_guard lock(mutex_);
    lane->configure(loss_.fade_duration, failover_);
    return lane;
}

MediaTime Playout::now() const {
    const std::lock_guard lock(clock_mutex_);
    return clock_.now();
}

MediaTime Playout::last_tick() const {
    const std::lock_guard lock(mutex_);
    return last_tick_;
}

void Playout::suspend() {
    const std::lock_guard lock(mutex_);
    ticking_ = false;
    for (auto& input : inputs_) input.lane->suspend();
    if (slate_) slate_->suspend();
}

void Playout::set_inputs(std::vector<std::shared_ptr<Lane>> lanes) {
    const std::lock_guard lock(mutex_);
    std::vector<Input> inputs;
    std::vector<InputCondition> conditions;
    std::optional<std::size_t> still_on;
    std::vector<std::optional<std::size_t>> numbers(inputs_.size());
    for (auto& lane : lanes) {
        const auto known = std::find_if(inputs_.begin(), inputs_.end(),
                                        [&](const Input& input) { return input.lane == lane; });
        if (known != inputs_.end()) {
            const auto former = static_cast<std::size_t>(known - inputs_.begin());
            if (former == on_) still_on = inputs.size();
            numbers[former] = inputs.size();
            conditions.push_back(conditions_[former]);
            inputs.push_back(std::move(*known));
            known->lane.reset();
        } else {
            conditions.emplace_back();
            inputs.push_back({.lane = lane});
            const auto frame = grid_ ? grid_->frame_at_or_after(last_tick_) + 1 : 0;
            if (ticking_) lane->begin(*grid_, frame, next_sample(), false);
        }
    }
    inputs_ = std::move(inputs);
    conditions_ = std::move(conditions);
    director_.renumber(numbers);
    on_ = still_on.value_or(inputs_.size());  // nothing, until the director chooses
    if (!grid_) on_ = 0;
}

void Playout::set_slate(std::shared_ptr<Lane> lane) {
    const std::lock_guard lock(mutex_);
    slate_ = std::move(lane);
    slate_on_ = false;
    slate_picture_.reset();
    if (slate_ && ticking_) {
        slate_->begin(*grid_, grid_->frame_at_or_after(last_tick_) + 1, next_sample(), false);
    }
}

void Playout::set_options(const InputLoss& loss, const Failover& failover) {
    const std::lock_guard lock(mutex_);
    loss_ = loss;
    failover_ = failover;
    for (auto& input : inputs_) input.lane->configure(loss.fade_duration, failover);
    if (slate_) slate_->configure(loss.fade_duration, {});
    director_.set_config(failover);
}

bool Playout::choose(std::optional<std::size_t> input, MediaTime at) {
    const std::lock_guard lock(mutex_);
    return director_.choose(input, at);
}

std::optional<Playout::FirstFrame> Playout::first_frame() const {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
        if (const auto time = inputs_[i].lane->first_frame_time()) return FirstFrame{i, *time};
    }
    return std::nullopt;
}

MediaTime Playout::idle_for() const {
    const std::lock_guard lock(mutex_);
    return last_tick_ - last_delivery_;
}

bool Playout::is_well() const {
    const std::lock_guard lock(mutex_);
    return on_ < inputs_.size() && director_.is_well(last_tick_, conditions_[on_]);
}

MediaTime Playout::away_for() const {
    const std::lock_guard lock(mutex_);
    if (on_ >= inputs_.size()) return {};
    return last_tick_ - inputs_[on_].picture_time.value_or(std::min(on_since_, last_tick_));
}

bool Playout::is_manual() const {
    const std::lock_guard lock(mutex_);
    return director_.manual() == on_;
}

Playout::InputReport Playout::input(std::size_t index) const {
    const std::lock_guard lock(mutex_);
    if (index >= inputs_.size()) return {};
    return {.well = director_.is_well(last_tick_, conditions_[index]),
            .lane = inputs_[index].lane->status()};
}

media::PresentationClock::Condition Playout::observe_clock() {
    const std::lock_guard lock(clock_mutex_);
    return clock_.observe();
}

// An AAC encoder delays its signal by one frame (priming), so what goes in is taken one frame
// ahead.
std::int64_t Playout::next_sample() const {
    return (next_aac_frame_ + 1) * media::kAacFrameSamples;
}

void Playout::begin(const media::Grid& grid, std::int64_t frame) {
    const std::lock_guard lock(mutex_);
    grid_ = grid;
    ticking_ = true;
    on_since_ = last_tick_ = last_delivery_ = grid.frame_time(frame);
    slate_on_ = false;
    if (format_.sample_rate > 0) {
        const auto sample = media::sample_at_or_after(on_since_, format_.sample_rate);
        const auto step = media::kAacFrameSamples;
        next_aac_frame_ = (sample + step - 1) / step;
    }
    // The first of the list that has a picture already.
    for (std::size_t i = inputs_.size(); i-- > 0;) {
        if (inputs_[i].lane->first_frame_time()) on_ = i;
    }
    if (on_ >= inputs_.size()) on_ = 0;
    conditions_.assign(inputs_.size(), {});
    if (!conditions_.empty()) conditions_[on_].last_picture = on_since_;
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
        inputs_[i] = {.lane = std::move(inputs_[i].lane)};
        inputs_[i].lane->begin(grid, frame, next_sample(), i == on_);
    }
    if (slate_) slate_->begin(grid, frame, next_sample(), false);
}

// Asks the director, who goes by the last tick, and puts on whom it names.
std::optional<Switch> Playout::direct(std::int64_t frame, MediaTime now) {
    if (inputs_.empty()) return std::nullopt;
    const Choice choice = director_.decide(now, conditions_, on_);
    if (choice.input == on_) return std::nullopt;
    const Switch change{.from = on_, .to = choice.input, .time = now, .reason = choice.reason};
    if (on_ < inputs_.size()) inputs_[on_].lane->hold(true, frame, next_sample());
    on_ = choice.input;
    inputs_[on_].lane->hold(false, frame, next_sample());
    on_since_ = now;
    return change;
}

void Playout::show_slate(bool on, std::int64_t frame) {
    if (!slate_ || std::exchange(slate_on_, on) == on) return;
    slate_->hold(!on, frame, next_sample());
}

// What is seen at this tick: the newest picture that is due, or what the filler says.
MiniPtr<GstBuffer> Playout::fill(std::int64_t frame, MediaTime now) {
    const Input* input = on_ < inputs_.size() ? &inputs_[on_] : nullptr;
    // Where there never was a picture the hole began when this input came on.
    std::optional<MediaTime> away;
    if (input && input->picture_time) away = now - *input->picture_time;
    Fill fill = fill_for(loss_, away);
    if (!away && now - on_since_ < loss_.black_duration) fill = Fill::black;
    totals_.add(fill, grid_->frame_time(frame + 1) - now);
    show_slate(fill == Fill::slate, frame);
    if (slate_on_) {
        if (auto picture = slate_->tick(frame)) slate_picture_ = std::move(picture);
    }
    switch (fill) {
        case Fill::picture:
            return borrow_mini(input->picture.get());
        case Fill::repeat:
            ++stats_.repeated;
            return borrow_mini(input->picture.get());
        case Fill::black:
            ++stats_.black;
            break;
        case Fill::slate:
            ++stats_.slate;
            if (slate_picture_) return borrow_mini(slate_picture_.get());
            break;
    }
    return borrow_mini(black_.get());
}

void Playout::tick_input(std::size_t index, std::int64_t frame, MediaTime now) {
    Input& input = inputs_[index];
    if (auto picture = input.lane->tick(frame)) {
        input.picture = std::move(picture);
        input.picture_time = now;
    }
    const auto status = input.lane->status();
    // Where there are no pictures sound is what it delivers; one that stands still is ready.
    auto& delivery = conditions_[index].last_picture;
    delivery = status.last_frame ? status.last_frame : status.last_sound;
    if (status.ready) delivery = now;
    // One that has just come on is given time.
    if (!delivery && index == on_) delivery = on_since_;
    conditions_[index].black_since = status.black_since;
    conditions_[index].silent_since = status.silent_since;
    last_delivery_ = std::max(last_delivery_, delivery.value_or(MediaTime{}));
}

MiniPtr<GstBuffer> Playout::next_frame(std::int64_t frame, std::optional<Switch>& change) {
    const MediaTime now = last_tick_ = grid_->frame_time(frame);
    change = direct(frame, now);
    for (std::size_t i = 0; i < inputs_.size(); ++i) tick_input(i, frame, now);
    ++stats_.frames;
    stats_.input = on_;
    return stamped(fill(frame, now).get(), now, grid_->frame_time(frame + 1));
}

void Playout::tick(std::int64_t frame, PlayoutOutput& output) {
    MiniPtr<GstBuffer> buffer;
    std::optional<Switch> change;
    {
        const std::lock_guard lock(mutex_);
        buffer = next_frame(frame, change);
    }
    if (change && on_switch_) on_switch_(*change);
    output.push_frame(std::move(buffer));
    if (format_.sample_rate > 0) push_audio_until(grid_->frame_time(frame + 1), output);
}

void Playout::push_audio_until(MediaTime time, PlayoutOutput& output) {
    const auto count = static_cast<std::size_t>(media::kAacFrameSamples * format_.channels);
    while (true) {
        const std::int64_t first = next_aac_frame_ * media::kAacFrameSamples;
        const MediaTime start = media::sample_time(first, format_.sample_rate);
        if (start >= time) return;
        const MediaTime end =
            media::sample_time(first + media::kAacFrameSamples, format_.sample_rate);
        auto buffer = adopt_mini(gst_buffer_new_allocate(nullptr, count * sizeof(float), nullptr));
        std::vector<float> samples(count);
        {
            const std::lock_guard lock(mutex_);
            read_audio(samples);
        }
        gst_buffer_fill(buffer.get(), 0, samples.data(), count * sizeof(float));
        GST_BUFFER_PTS(buffer.get()) = clock_time(start);
        GST_BUFFER_DURATION(buffer.get()) = clock_time(end - start);
        output.push_audio(std::move(buffer));
    }
}

std::shared_ptr<Lane> Playout::heard() const {
    if (slate_on_) return slate_;
    return on_ < inputs_.size() ? inputs_[on_].lane : nullptr;
}

// All lanes go on by one AAC frame. From one that was heard to another the sound is crossfaded.
void Playout::read_audio(std::span<float> samples) {
    const auto now = heard();
    std::int64_t silent = media::kAacFrameSamples;
    std::vector<float> before(samples.size());
    std::vector<float> unheard(samples.size());
    const auto read = [&](const std::shared_ptr<Lane>& lane) {
        if (lane == now) {
            silent = lane->read(samples);
        } else {
            lane->read(lane == heard_before_ ? before : unheard);
        }
    };
    for (const auto& input : inputs_) read(input.lane);
    if (slate_) read(slate_);
    if (heard_before_ != now) {
        const auto fade = loss_.fade_duration.count() * format_.sample_rate / 1000;
        crossfade(before, samples, format_.channels, 0,
                  std::clamp<std::int64_t>(fade, 1, media::kAacFrameSamples));
        heard_before_ = now;
    }
    stats_.silent_samples += static_cast<std::uint64_t>(silent);
    ++next_aac_frame_;
}

PlayoutStats Playout::stats() const {
    const std::lock_guard lock(mutex_);
    PlayoutStats stats = stats_;
    stats.repeat_duration = totals_.repeat();
    stats.black_duration = totals_.black();
    stats.slate_duration = totals_.slate();
    return stats;
}

}  // namespace weir::playout
