// SPDX-License-Identifier: MIT
#include "channel/encoded_programme.hpp"

#include <algorithm>
#include <utility>

#include "hls/programme_playlists.hpp"

namespace weir::channel {

using namespace std::chrono_literals;
using media::MediaTime;

namespace {

constexpr auto kInputPatience = 2s;    // for the first picture, before the programme begins without
constexpr auto kInputPoll = 10ms;      // between two looks for it
constexpr auto kWatchPeriod = 100ms;   // between two looks at how the inputs do
constexpr auto kFinishPatience = 10s;  // for the encoders' last segments
constexpr auto kLagAlert = 1s;
constexpr auto kLossAlert = 1s;  // shorter ones are in the figures
constexpr auto kMaxGap = 60s;    // a longer hole ends the programme
const Rational kFallbackRate{30, 1};

media::RawFormat raw_format(const EncoderLadder& ladder) {
    const auto& top = *std::max_element(
        ladder.video.begin(), ladder.video.end(),
        [](const auto& a, const auto& b) { return a.width * a.height < b.width * b.height; });
    media::RawFormat format{.width = top.width, .height = top.height};
    if (!ladder.audio.empty()) {
        format.sample_rate = ladder.audio.front().sample_rate;
        format.channels = ladder.audio.front().channels;
    }
    return format;
}

bool sane(const Rational& rate) {
    return rate.as_double() >= 1 && rate.as_double() <= 120;
}

}  // namespace

EncodedProgramme::EncodedProgramme(const ChannelConfig& config, ProgrammeContext context,
                                   ProgrammeEvents events)
    : config_(config),
      context_(std::move(context)),
      executor_(context_.executor),
      events_(std::move(events)),
      format_(raw_format(config_.ladder)),
      alerts_(std::make_shared<Alerts>(events_.event)),
      playout_(std::make_shared<playout::Playout>(
          playout::PlayoutOptions{
              .format = format_, .loss = config_.input_loss, .failover = config_.failover},
          context_.clock, [this](const playout::Switch& change) { on_switch(change); })),
      runs_(make_runs()),
      passthrough_(config_.ladder.passthrough
                       ? make_passthrough(config_, context_, false,
                                          {.alerts = alerts_,
                                           .on_slot = {},
                                           .on_finished = [this] { on_output_finished(); }})
                       : nullptr),
      units_(passthrough_
                 ? std::make_shared<UnitRouter>(
                       [passthrough = passthrough_] { return passthrough->open(); }, context_.clock)
                 : nullptr),
      slate_(format_, playout_, alerts_, executor_) {}

EncodedProgramme::~EncodedProgramme() {
    stop();
}

std::shared_ptr<EncoderRuns> EncodedProgramme::make_runs() {
    return std::make_shared<EncoderRuns>(
        EncoderRunsOptions{.outputs = config_.outputs,
                           .format = format_,
                           .prefix = config_.name,
                           .recorded = !std::holds_alternative<MemoryStore>(config_.store)},
        context_, playout_,
        EncoderRunsEvents{
            .on_slot = [this](const media::Slot& slot) { on_slot(slot); },
            .on_store =
                [this](bool failing, const std::string& text) {
                    alerts_->set("store", failing, "store: " + text);
                },
            .on_finished = [this](const EncodedOutput& output) { on_finished(output); },
            .on_clock = [this](auto condition) { on_clock(condition); },
            .failed = events_.failed});
}

Result<void> EncodedProgramme::start() {
    if (!context_.clock->synchronised()) {
        alerts_->set("clock_unsynchronised", true,
                     "the machine's clock is not kept by a time service: numbers and times of two "
                     "machines will not agree");
    }
    runs_->set_time_burn_in(config_.time_burn_in);
    if (auto laid = runs_->frames().set_overlays(config_.overlays, MediaTime{}); !laid) return laid;
    if (auto opened = open_inputs(); !opened) return opened;
    slate_.open(config_.input_loss.slate);
    begin_when_ready(kInputPatience);
    return {};
}

Result<void> EncodedProgramme::open_inputs() {
    const OpenInput open = [this](const InputKey& key, media::Pacing pacing) {
        return deliver(key, pacing);
    };
    const InputSetEvents events{[this](EventDetail detail) { on_input_event(std::move(detail)); },
                                [this](const std::string& code, bool set, const std::string& text) {
                                    alerts_->set(code, set, text);
                                }};
    inputs_ = context_.inputs;
    if (inputs_) {
        inputs_->take_over(open, events);
        input_lost_ = inputs_->all_lost();
    } else {
        inputs_ = std::make_shared<InputSet>(config_.failover.standby, format_.sample_rate > 0,
                                             open, executor_, events);
    }
    return set_inputs(config_.inputs);
}

std::shared_ptr<InputSet> EncodedProgramme::hand_over() {
    runs_->forbid();
    if (inputs_) inputs_->hand_over();
    return std::exchange(inputs_, nullptr);
}

Result<void> EncodedProgramme::set_inputs(const std::vector<Ingest>& inputs) {
    const auto keys = inputs_->plan(inputs);
    const auto before = lanes_;
    std::map<InputKey, std::shared_ptr<playout::Lane>> lanes;
    std::vector<std::shared_ptr<playout::Lane>> order;
    for (const auto& key : keys) {
        auto& known = lanes_[key];
        if (!known) known = playout_->make_lane();
        lanes[key] = known;
        order.push_back(known);
    }
    if (auto applied = inputs_->apply(inputs, keys); !applied) {
        lanes_ = before;
        return applied;
    }
    lanes_ = std::move(lanes);
    keys_ = keys;
    playout_->set_inputs(std::move(order));
    if (std::find(keys_.begin(), keys_.end(), units_key_) == keys_.end()) pass_units(0);
    return {};
}

ingest::Delivery EncodedProgramme::deliver(const InputKey& key, media::Pacing pacing) {
    return {.format = format_,
            .raw = lanes_.at(key)->open(pacing),
            .units = units_ ? units_->connect(key) : nullptr};
}

void EncodedProgramme::on_input_event(EventDetail detail) {
    if (std::holds_alternative<InputConnected>(detail)) input_lost_ = false;
    if (std::holds_alternative<InputLost>(detail)) input_lost_ = inputs_->all_lost();
    events_.event(std::move(detail));
}

// On the playout thread.
void EncodedProgramme::on_switch(const playout::Switch& change) {
    const std::chrono::sys_time<std::chrono::nanoseconds> time(change.time);
    events_.event(InputSwitched{.from = static_cast<int>(change.from),
                                .to = static_cast<int>(change.to),
                                .time = time,
                                .reason = change.reason});
    executor_->post_after(0ms, weak_from_this(), [this, to = change.to] { pass_units(to); });
}

// Passthrough goes with the programme.
void EncodedProgramme::pass_units(std::size_t on) {
    if (!units_ || on >= keys_.size()) return;
    units_key_ = keys_[on];
    units_->choose(keys_[on]);
}

// Begins with the first input's first picture. When that takes too long, with another one's, or
// with none if the channel is not to be idle then.
void EncodedProgramme::begin_when_ready(std::chrono::milliseconds patience) {
    if (runs_->ending()) return;
    const auto first = playout_->first_frame();
    const bool anything = first || config_.idle == Idle::slate;
    if ((first && first->input == 0) || (patience <= 0ms && anything)) return begin();
    const auto left = std::max<std::chrono::milliseconds>(patience - kInputPoll, 0ms);
    const auto poll = left > 0ms ? kInputPoll : kWatchPeriod;
    executor_->post_after(poll, weak_from_this(), [this, left] { begin_when_ready(left); });
}

void EncodedProgramme::begin() {
    auto source_rate = inputs_->frame_rate();
    if (source_rate && !sane(*source_rate)) source_rate.reset();
    const Rational rate = config_.frame_rate.value_or(source_rate.value_or(kFallbackRate));
    if (auto begun = runs_->begin(config_.ladder, rate); !begun) {
        return events_.failed(begun.error().message);
    }
    serve(id());
    events_.event(ProgrammeStarted{.programme = id()});
    runs_->start();
    executor_->post_after(kWatchPeriod, weak_from_this(), [this] { watch(); });
}

void EncodedProgramme::serve(const std::string& id) {
    std::vector<origin::View> views;
    for (const auto& output : runs_->outputs()) views.push_back(output->view());
    if (passthrough_) {
        passthrough_->begin(id, runs_->outputs().front()->options().discontinuity_sequence);
        views.push_back(passthrough_->view());
    }
    {
        const std::lock_guard lock(mutex_);
        unfinished_ = static_cast<int>(views.size());
        unfinished_encoded_ = static_cast<int>(runs_->outputs().size());
    }
    events_.begun(std::move(views));
}

Result<void> EncodedProgramme::choose_input(std::optional<std::size_t> input, MediaTime at) {
    if (!playout_->choose(input, at)) {
        return Error{ErrorCode::unavailable, "too many switches are scheduled already"};
    }
    if (units_) units_->choose_at(input ? std::optional(keys_.at(*input)) : std::nullopt, at);
    return {};
}

Result<void> EncodedProgramme::pause() {
    if (pause_ == Pause::idle) pause_ = Pause::host;
    if (pause_ == Pause::none) halt(Pause::host);
    return {};
}

Result<void> EncodedProgramme::resume() {
    if (pause_ == Pause::host) go_on();
    return {};
}

// The run ends soon, on the grid; nothing is encoded from then on.
void EncodedProgramme::halt(Pause pause) {
    pause_ = pause;
    if (runs_->pause()) events_.event(Paused{.paused = true});
}

void EncodedProgramme::go_on() {
    const bool running = runs_->running();
    if (running && runs_->gap() > kMaxGap) {
        return events_.over("it was paused for longer than a minute");
    }
    pause_ = Pause::none;
    if (!running) return;
    if (auto begun = runs_->resume(config_.ladder); !begun) {
        return events_.failed(begun.error().message);
    }
    events_.event(Paused{.paused = false});
}

Result<void> EncodedProgramme::update(const ChannelConfig& config) {
    const ChannelConfig before = config_;
    auto done = apply(config);
    // What there was before can be had again.
    if (!done) static_cast<void>(apply(before));
    return done;
}

// First what may be refused.
Result<void> EncodedProgramme::apply(const ChannelConfig& config) {
    const ChannelConfig before = config_;
    if (config.overlays != before.overlays) {
        auto laid = runs_->frames().set_overlays(config.overlays, playout_->last_tick());
        if (!laid) return laid;
        config_.overlays = config.overlays;
    }
    if (config.inputs != before.inputs) {
        if (auto set = set_inputs(config.inputs); !set) return set;
    }
    config_ = config;
    runs_->set_time_burn_in(config_.time_burn_in);
    playout_->set_options(config_.input_loss, config_.failover);
    if (config_.input_loss.slate != before.input_loss.slate) {
        slate_.open(config_.input_loss.slate);
    }
    // In a pause the next run has it.
    if (config_.ladder == before.ladder || pause_ != Pause::none) return {};
    return runs_->change_ladder(config_.ladder);
}

// Several times a second: who stands by, and whether anything is to be encoded at all.
void EncodedProgramme::watch() {
    if (runs_->ending()) return;
    const auto on = playout_->stats().input;
    inputs_->on_air(on, playout_->is_well());
    // Not each time: a switch that is scheduled may come to the units a frame earlier.
    if (on < keys_.size() && units_key_ != keys_[on]) pass_units(on);
    watch_health();
    watch_idle();
    executor_->post_after(kWatchPeriod, weak_from_this(), [this] { watch(); });
}

void EncodedProgramme::watch_health() {
    auto stats = inputs_->stats();
    for (std::size_t i = 0; i < stats.size(); ++i) {
        const auto input = playout_->input(i);
        stats[i].well = input.well;
        stats[i].frames_late = input.lane.late_frames;
        stats[i].drift_ppm = input.lane.drift_ppm;
        if (stats[i].frame_rate == 0) stats[i].frame_rate = input.lane.frame_rate;
    }
    const auto on = playout_->stats().input;
    const bool paused = pause_ != Pause::none;
    alerts_->set("input_loss", !paused && playout_->away_for() > kLossAlert,
                 "inputs[" + std::to_string(on) +
                     "]: it delivers no pictures; see input_loss for "
                     "what is shown");
    alerts_->set("failover", on != 0 && !playout_->is_manual(),
                 "inputs[0]: another input is on the programme");
    const std::lock_guard lock(mutex_);
    input_stats_ = std::move(stats);
}

void EncodedProgramme::watch_idle() {
    if (pause_ == Pause::idle) {
        if (playout_->first_frame()) go_on();
        return;
    }
    if (pause_ != Pause::none || config_.idle == Idle::slate) return;
    if (playout_->idle_for() < config_.idle_after) return;
    if (config_.idle == Idle::pause) return halt(Pause::idle);
    events_.over("no input has delivered for " + std::to_string(config_.idle_after.count() / 1000) +
                 " seconds");
}

void EncodedProgramme::on_clock(playout::Pacer::Condition condition) {
    using Condition = playout::Pacer::Condition;
    alerts_->set("clock_step", condition == Condition::stepped,
                 "the machine's clock was set; the programme keeps its own time until it ends");
    alerts_->set("encoder_overload", runs_->lag() > kLagAlert,
                 "the encoders are slower than the programme: fewer or smaller renditions, a "
                 "faster preset or more threads are needed");
    if (condition == Condition::suspended) events_.over("the machine was suspended");
}

void EncodedProgramme::on_slot(const media::Slot& slot) {
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        first = segments_++ == 0;
    }
    if (first) events_.first_slot();
    events_.event(
        SegmentPublished{.programme = runs_->id(),
                         .number = slot.number,
                         .start = std::chrono::sys_time<std::chrono::nanoseconds>(slot.start),
                         .duration = slot.end - slot.start});
}

// On the publisher's thread of an output, after its last slot: the playlists that are for ever go
// into the store.
void EncodedProgramme::on_finished(const EncodedOutput& output) {
    const auto put = put_files(*context_.store, output.recorded_files());
    if (!put) alerts_->set("recording", true, "store: " + put.error().message);
    bool last = false;
    {
        const std::lock_guard lock(mutex_);
        if (!put) recording_failure_ = put.error().message;
        last = --unfinished_encoded_ == 0;
    }
    if (last) {
        const auto slots = runs_->outputs().front()->timeline()->all().slots;
        const auto duration = slots.empty() ? MediaTime{} : slots.back().end - slots.front().start;
        events_.event(ProgrammeFinished{.programme = id(), .duration = duration});
    }
    on_output_finished();
}

void EncodedProgramme::on_output_finished() {
    const std::lock_guard lock(mutex_);
    --unfinished_;
    finished_wake_.notify_all();
}

bool EncodedProgramme::wait_finished(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    return finished_wake_.wait_for(lock, patience, [&] { return unfinished_ <= 0; });
}

Result<void> EncodedProgramme::finish() {
    bool begun = false;
    executor_->run([&] { begun = runs_->finish(); });
    bool in_time = true;
    if (begun && passthrough_) passthrough_->finish();
    if (begun) {
        in_time = wait_finished(kFinishPatience);
        if (!in_time) runs_->give_up();
        if (!in_time) wait_finished(kFinishPatience);
    }
    executor_->run([&] { tear_down(); });
    {
        const std::lock_guard lock(mutex_);
        if (!recording_failure_.empty()) {
            return Error{ErrorCode::io,
                         "store: the recording lacks playlists: " + recording_failure_};
        }
    }
    if (in_time) return {};
    return Error{ErrorCode::timed_out, "the encoders did not deliver their last segments in time"};
}

void EncodedProgramme::stop() {
    executor_->run([&] {
        runs_->forbid();
        tear_down();
    });
}

// On the control thread. In the direction of the stream, so that nobody waits for a part that is
// gone.
void EncodedProgramme::tear_down() {
    if (inputs_) inputs_->stop();
    slate_.close();
    runs_->shut_down();
    if (passthrough_) passthrough_->close();
}

ChannelStats EncodedProgramme::stats() const {
    const std::lock_guard lock(mutex_);
    const auto playout = playout_->stats();
    return {.frames = playout.frames,
            .frames_repeated = playout.repeated,
            .frames_black = playout.black,
            .frames_slate = playout.slate,
            .repeat_duration = playout.repeat_duration,
            .black_duration = playout.black_duration,
            .slate_duration = playout.slate_duration,
            .samples_silent = playout.silent_samples,
            .input = static_cast<int>(playout.input),
            .paused = pause_ != Pause::none,
            .segments = segments_,
            .lag = runs_->lag(),
            .inputs = input_stats_};
}

}  // namespace weir::channel
