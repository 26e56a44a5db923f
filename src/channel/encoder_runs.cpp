// SPDX-License-Identifier: MIT
#include "channel/encoder_runs.hpp"

#include <algorithm>
#include <utility>

#include "channel/output_pipeline.hpp"

namespace weir::channel {

using namespace std::chrono_literals;
using media::MediaTime;

namespace {

constexpr auto kPipelineStart = 60ms;  // from the decision to the first tick
constexpr auto kShortestFirstSegment = 500ms;
constexpr auto kChangeLead = 400ms;  // to get another pipeline ready

}  // namespace

EncoderRuns::EncoderRuns(EncoderRunsOptions options, const ProgrammeContext& context,
                         std::shared_ptr<playout::Playout> playout, EncoderRunsEvents events)
    : options_(std::move(options)),
      store_(context.store),
      clock_(context.clock),
      executor_(context.executor),
      before_(context.continuation),
      playout_(std::move(playout)),
      events_(std::move(events)),
      output_(std::make_shared<OutputSwitch>()),
      frames_(std::make_shared<FramePath>(options_.format, context.taps, context.thumbnailer,
                                          output_)) {}

void EncoderRuns::set_time_burn_in(bool shown) {
    time_burn_in_ = shown;
    output_->set_time_burn_in(shown);
}

Result<void> EncoderRuns::begin(const EncoderLadder& ladder, const Rational& frame_rate) {
    const media::Grid grid(frame_rate, options_.sink.segment_duration);
    first_frame_ = choose_first_frame(grid);
    make_output(ladder, grid);
    return begin_run(ladder);
}

// A slot is never used twice (invariant 4): none that the programme before has used.
std::int64_t EncoderRuns::choose_first_frame(const media::Grid& grid) const {
    const MediaTime soonest = playout_->now() + kPipelineStart;
    const auto first = playout_->first_frame();
    std::int64_t frame = grid.frame_at_or_after(first ? std::max(soonest, first->time) : soonest);
    std::int64_t slot = grid.slot_of_frame(frame);
    const auto rest = grid.frame_time(grid.first_frame(slot + 1)) - grid.frame_time(frame);
    if (rest < kShortestFirstSegment) frame = grid.first_frame(++slot);
    return slot < before_.slot ? grid.first_frame(before_.slot) : frame;
}

void EncoderRuns::make_output(const EncoderLadder& ladder, const media::Grid& grid) {
    const MediaTime start = grid.frame_time(first_frame_);
    const auto id = programme_id(start);
    auto hls = std::make_shared<HlsOutput>(
        HlsOutputOptions{.sink = options_.sink,
                         .ladder = ladder,
                         .frame_rate = grid.frame_rate(),
                         .prefix = options_.prefix,
                         .programme = id,
                         .recorded = options_.recorded,
                         .discontinuity_sequence = first_discontinuity(start, before_)},
        store_,
        HlsOutputEvents{.on_slot = events_.on_slot,
                        .on_store = events_.on_store,
                        .on_finished = events_.on_finished,
                        .on_error = events_.failed});
    frames_->set_frame_rate(grid.frame_rate());
    const std::lock_guard lock(mutex_);
    id_ = id;
    grid_ = grid;
    hls_ = std::move(hls);
}

// From first_frame_ on, which begins a slot or the programme.
Result<void> EncoderRuns::begin_run(const EncoderLadder& ladder) {
    const auto pipeline = std::make_shared<const OutputPipeline*>(nullptr);
    const auto retire = [weak = weak_from_this(), executor = executor_, pipeline] {
        executor->post([weak, pipeline] {
            if (const auto self = weak.lock()) self->output_->retire(*pipeline);
        });
    };
    auto segmenters = hls_->begin_run(ladder, grid_->slot_of_frame(first_frame_), retire);
    if (!segmenters) return segmenters.error();
    auto output = OutputPipeline::create(ladder, options_.format, grid_->frame_rate(),
                                         std::move(*segmenters), events_.failed);
    if (!output) return output.error();
    if (auto started = (*output)->start(); !started) return started.error();
    (*output)->set_time_burn_in(time_burn_in_);
    *pipeline = output->get();
    output_->change(std::move(*output), grid_->frame_time(first_frame_));
    return {};
}

void EncoderRuns::start() {
    {
        const std::lock_guard lock(mutex_);
        pacer_ = std::make_unique<playout::Pacer>(playout_, clock_);
    }
    pacer_->start(*grid_, first_frame_, *frames_, events_.on_clock, [this] { on_last_tick(); });
}

// Before a pause, or before the end.
void EncoderRuns::on_last_tick() {
    output_->end();
    playout_->suspend();
    const std::lock_guard lock(mutex_);
    if (ending_) hls_->expect_end();
}

// The first slot that another pipeline can be ready for.
std::int64_t EncoderRuns::next_edge() const {
    return grid_->slot_of(playout_->now() + kChangeLead) + 1;
}

Result<void> EncoderRuns::change_ladder(const EncoderLadder& ladder) {
    if (!running()) return {};
    first_frame_ = grid_->first_frame(next_edge());
    return begin_run(ladder);
}

bool EncoderRuns::pause() {
    const std::lock_guard lock(mutex_);
    if (!pacer_ || ending_) return false;
    pacer_->finish();
    return true;
}

MediaTime EncoderRuns::gap() const {
    pacer_->wait();
    return playout_->now() - grid_->frame_time(grid_->first_frame(continuation().slot));
}

Result<void> EncoderRuns::resume(const EncoderLadder& ladder) {
    first_frame_ = grid_->first_frame(std::max(continuation().slot, next_edge()));
    if (auto begun = begin_run(ladder); !begun) return begun;
    start();
    return {};
}

bool EncoderRuns::finish() {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    if (!pacer_) return false;
    if (pacer_->ended()) {
        hls_->expect_end();
    } else {
        pacer_->finish();
    }
    return true;
}

void EncoderRuns::give_up() {
    hls_->finish();
}

void EncoderRuns::forbid() {
    const std::lock_guard lock(mutex_);
    ending_ = true;
}

// The output first, or a push into it could hold up the playout; and once more, for what the last
// tick has begun.
void EncoderRuns::shut_down() {
    output_->shut_down();
    if (pacer_) pacer_->stop();
    output_->shut_down();
    if (hls_) hls_->close();
}

bool EncoderRuns::running() const {
    const std::lock_guard lock(mutex_);
    return pacer_ && !ending_;
}

bool EncoderRuns::ending() const {
    const std::lock_guard lock(mutex_);
    return ending_;
}

std::string EncoderRuns::id() const {
    const std::lock_guard lock(mutex_);
    return id_;
}

std::chrono::nanoseconds EncoderRuns::lag() const {
    const std::lock_guard lock(mutex_);
    return pacer_ ? pacer_->lag() : std::chrono::nanoseconds{};
}

Continuation EncoderRuns::continuation() const {
    const std::lock_guard lock(mutex_);
    if (!grid_) return before_;
    return {.slot = grid_->slot_of(playout_->last_tick()) + 1,
            .discontinuity_sequence = hls_->timeline()->next_discontinuity_sequence()};
}

}  // namespace weir::channel
