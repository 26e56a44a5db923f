// SPDX-License-Identifier: MIT
#include "channel/encoder_runs.hpp"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <type_traits>
#include <utility>
#include <variant>

#include "channel/cmaf_output.hpp"
#include "channel/hls_output.hpp"
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
    const media::Grid grid(frame_rate, segment_duration());
    first_frame_ = choose_first_frame(grid, ladder);
    make_outputs(ladder, grid);
    return begin_run(ladder);
}

// A slot is never used twice (invariant 4): none that the programme before has used.
std::int64_t EncoderRuns::choose_first_frame(const media::Grid& grid,
                                             const EncoderLadder& ladder) const {
    const MediaTime soonest = playout_->now() + kPipelineStart;
    const auto first = playout_->first_frame();
    std::int64_t frame = grid.frame_at_or_after(first ? std::max(soonest, first->time) : soonest);
    for (const Output& output : options_.outputs) {
        const auto* cmaf = std::get_if<CmafSink>(&output);
        const auto parts = cmaf ? part_schedule(*cmaf, ladder, grid.frame_rate()) : std::nullopt;
        if (parts) frame = parts->part_begin_at_or_after(frame);  // no short part
    }
    std::int64_t slot = grid.slot_of_frame(frame);
    const auto rest = grid.frame_time(grid.first_frame(slot + 1)) - grid.frame_time(frame);
    if (rest < kShortestFirstSegment) frame = grid.first_frame(++slot);
    return slot < before_.slot ? grid.first_frame(before_.slot) : frame;
}

void EncoderRuns::make_outputs(const EncoderLadder& ladder, const media::Grid& grid) {
    const MediaTime start = grid.frame_time(first_frame_);
    const EncodedOutputOptions common{
        .ladder = ladder,
        .frame_rate = grid.frame_rate(),
        .prefix = options_.prefix,
        .programme = programme_id(start),
        .recorded = options_.recorded,
        .discontinuity_sequence = first_discontinuity(start, before_)};
    std::vector<std::shared_ptr<EncodedOutput>> outputs;
    for (const Output& sink : options_.outputs) {
        outputs.push_back(make_output(sink, common, outputs.empty()));
    }
    frames_->set_frame_rate(grid.frame_rate());
    const std::lock_guard lock(mutex_);
    id_ = common.programme;
    grid_ = grid;
    outputs_ = std::move(outputs);
}

std::shared_ptr<EncodedOutput> EncoderRuns::make_output(const Output& sink,
                                                        const EncodedOutputOptions& options,
                                                        bool first) const {
    // The output that is being made: it lives as long as its events come.
    const auto self = std::make_shared<const EncodedOutput*>(nullptr);
    const EncodedOutputEvents events{
        .on_slot = first ? events_.on_slot : [](const media::Slot&) {},
        .on_store = events_.on_store,
        .on_finished = [finished = events_.on_finished, self] { finished(**self); },
        .on_error = events_.failed};
    auto made = std::visit(
        [&](const auto& value) -> std::shared_ptr<EncodedOutput> {
            if constexpr (std::is_same_v<std::decay_t<decltype(value)>, HlsSink>) {
                return std::make_shared<HlsOutput>(value, options, store_, events);
            } else {
                return std::make_shared<CmafOutput>(value, options, store_, events);
            }
        },
        sink);
    *self = made.get();
    return made;
}

MediaTime EncoderRuns::segment_duration() const {
    return std::visit([](const auto& sink) { return MediaTime(sink.segment_duration); },
                      options_.outputs.front());
}

// With low latency half a part: a lookahead of many frames would be seen in every viewer's latency.
std::optional<MediaTime> EncoderRuns::longest_delay() const {
    for (const Output& output : options_.outputs) {
        const auto* cmaf = std::get_if<CmafSink>(&output);
        if (cmaf && cmaf->low_latency) return MediaTime(cmaf->part_duration) / 2;
    }
    return std::nullopt;
}

// From first_frame_ on, which begins a slot or the programme.
Result<void> EncoderRuns::begin_run(const EncoderLadder& ladder) {
    const auto pipeline = std::make_shared<const OutputPipeline*>(nullptr);
    // When all outputs have had the run's end.
    const auto open = std::make_shared<std::atomic<std::size_t>>(outputs_.size());
    const auto retire = [weak = weak_from_this(), executor = executor_, pipeline, open] {
        if (--*open > 0) return;
        executor->post([weak, pipeline] {
            if (const auto self = weak.lock()) self->output_->retire(*pipeline);
        });
    };
    const RunPlan plan{.ladder = ladder,
                       .first_frame = first_frame_,
                       .first_number = grid_->slot_of_frame(first_frame_),
                       .run = random_run()};
    std::vector<Branch> branches;
    for (const auto& packaged : outputs_) {
        auto made = packaged->begin_run(plan, retire);
        if (!made) return made.error();
        std::ranges::move(*made, std::back_inserter(branches));
    }
    auto output = OutputPipeline::create({.ladder = ladder,
                                          .format = options_.format,
                                          .frame_rate = grid_->frame_rate(),
                                          .longest_delay = longest_delay()},
                                         std::move(branches), events_.failed);
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
    for (const auto& output : outputs_) {
        output->end_parts();
        if (ending_) output->expect_end();
    }
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
        for (const auto& output : outputs_) output->expect_end();
    } else {
        pacer_->finish();
    }
    return true;
}

void EncoderRuns::give_up() {
    for (const auto& output : outputs_) output->finish();
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
    for (const auto& output : outputs_) output->close();
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
    Continuation next{.slot = grid_->slot_of(playout_->last_tick()) + 1};
    for (const auto& output : outputs_) {
        next.raise_to(
            {.discontinuity_sequence = output->timeline()->next_discontinuity_sequence()});
    }
    return next;
}

}  // namespace weir::channel
