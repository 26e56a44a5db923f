// SPDX-License-Identifier: MIT
#include "channel/passthrough_programme.hpp"

#include <algorithm>
#include <utility>

#include "playout/director.hpp"

namespace weir::channel {

using namespace std::chrono_literals;
using media::MediaTime;

namespace {
constexpr auto kPassthroughWatchPeriod = 100ms;
constexpr auto kStorePatience = 10s;  // for the store
}  // namespace

PassthroughProgramme::PassthroughProgramme(const ChannelConfig& config, ProgrammeContext context,
                                           ProgrammeEvents events)
    : config_(config),
      context_(std::move(context)),
      events_(std::move(events)),
      alerts_(std::make_shared<Alerts>(events_.event)),
      output_(make_passthrough(config_, context_, true,
                               {.alerts = alerts_,
                                .on_slot = [this](const media::Slot& slot) { on_slot(slot); },
                                .on_finished = [this] { on_finished(); }})),
      units_(std::make_shared<UnitRouter>(
          [output = output_] { return output->open(); }, context_.clock,
          [this](InputKey key, MediaTime time) {
              context_.executor->post([weak = weak_from_this(), key, time] {
                  if (const auto self = weak.lock()) self->on_switch(key, time);
              });
          })),
      clock_(context_.clock) {}

PassthroughProgramme::~PassthroughProgramme() {
    stop();
}

Result<void> PassthroughProgramme::start() {
    inputs_ = std::make_shared<InputSet>(
        config_.failover.standby, true,
        [this](InputKey key, media::Pacing) {
            return ingest::Delivery{.format = {}, .raw = nullptr, .units = units_->connect(key)};
        },
        context_.executor,
        InputSetEvents{[this](EventDetail detail) { on_input_event(std::move(detail)); },
                       [this](const std::string& code, bool set, const std::string& text) {
                           alerts_->set(code, set, text);
                       }});
    if (auto set = set_inputs(config_.inputs); !set) return set;
    watch();
    return {};
}

Result<void> PassthroughProgramme::set_inputs(const std::vector<Ingest>& inputs) {
    const auto chosen = keys_.empty() ? std::nullopt : std::optional(keys_[chosen_]);
    const auto keys = inputs_->plan(inputs);
    if (auto applied = inputs_->apply(inputs, keys); !applied) return applied;
    keys_ = keys;
    chosen_ = index_of(chosen).value_or(0);
    on_ = index_of(on_key_).value_or(chosen_);
    units_->choose(keys_[chosen_]);
    return {};
}

void PassthroughProgramme::on_input_event(EventDetail detail) {
    if (std::holds_alternative<InputConnected>(detail)) input_lost_ = false;
    if (std::holds_alternative<InputLost>(detail)) input_lost_ = inputs_->all_lost();
    events_.event(std::move(detail));
}

void PassthroughProgramme::watch() {
    {
        const std::lock_guard lock(mutex_);
        if (ending_) return;
    }
    choose();
    if (id().empty() && inputs_->stats()[chosen_].connected) begin();
    auto stats = inputs_->stats();
    for (auto& input : stats) input.well = input.connected;
    {
        const std::lock_guard lock(mutex_);
        input_stats_ = std::move(stats);
        input_on_ = static_cast<int>(on_);
    }
    context_.executor->post_after(kPassthroughWatchPeriod, weak_from_this(), [this] { watch(); });
}

// The first of the list that is connected, or the host's choice.
void PassthroughProgramme::choose() {
    while (!schedule_.empty() && schedule_.begin()->first <= clock_.now()) {
        manual_ = schedule_.begin()->second;
        schedule_.erase(schedule_.begin());
    }
    const auto stats = inputs_->stats();
    std::size_t best = chosen_;
    if (manual_ && *manual_ < stats.size()) {
        best = *manual_;
    } else if (config_.failover.automatic) {
        for (std::size_t i = stats.size(); i-- > 0;) {
            if (stats[i].connected) best = i;
        }
    }
    inputs_->on_air(best, stats[best].connected);
    if (best == chosen_) return;
    reason_ = manual_ ? "chosen by the host" : "input " + std::to_string(chosen_) + " is lost";
    if (!manual_ && best < chosen_) reason_ = "input " + std::to_string(best) + " is back";
    chosen_ = best;
    units_->choose(keys_[chosen_]);
}

// The input's keyframe has come.
void PassthroughProgramme::on_switch(InputKey key, MediaTime time) {
    const auto to = index_of(key);
    {
        const std::lock_guard lock(mutex_);
        if (ending_ || !to) return;
    }
    choose();  // a switch that was scheduled is a reason
    on_key_ = key;
    const auto from = std::exchange(on_, *to);
    if (from == on_) return;
    events_.event(InputSwitched{.from = static_cast<int>(from),
                                .to = static_cast<int>(on_),
                                .time = std::chrono::sys_time<std::chrono::nanoseconds>(time),
                                .reason = reason_});
}

std::optional<std::size_t> PassthroughProgramme::index_of(std::optional<InputKey> key) const {
    if (!key) return std::nullopt;
    const auto found = std::find(keys_.begin(), keys_.end(), *key);
    if (found == keys_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - keys_.begin());
}

void PassthroughProgramme::begin() {
    const MediaTime now = clock_.now();
    const auto id = programme_id(now);
    output_->begin(id, first_discontinuity(now, context_.continuation));
    {
        const std::lock_guard lock(mutex_);
        id_ = id;
    }
    events_.begun({output_->view()});
    events_.event(ProgrammeStarted{.programme = id});
}

Result<void> PassthroughProgramme::update(const ChannelConfig& config) {
    if (config.inputs != config_.inputs) {
        if (auto set = set_inputs(config.inputs); !set) return set;
    }
    config_ = config;
    return {};
}

Result<void> PassthroughProgramme::choose_input(std::optional<std::size_t> input, MediaTime at) {
    at = std::max(at, clock_.now());
    if (schedule_.size() >= playout::Director::kMaxScheduled && !schedule_.contains(at)) {
        return Error{ErrorCode::unavailable, "too many switches are scheduled already"};
    }
    schedule_[at] = input;
    units_->choose_at(input ? std::optional(keys_.at(*input)) : std::nullopt, at);
    choose();
    return {};
}

Result<void> PassthroughProgramme::pause() {
    return Error{ErrorCode::unsupported, "passthrough cannot pause"};
}

Result<void> PassthroughProgramme::resume() {
    return pause();
}

// On the publisher's thread.
void PassthroughProgramme::on_slot(const media::Slot& slot) {
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        first = segments_++ == 0;
    }
    if (first) events_.first_slot();
    events_.event(
        SegmentPublished{.programme = id(),
                         .number = slot.number,
                         .start = std::chrono::sys_time<std::chrono::nanoseconds>(slot.start),
                         .duration = slot.end - slot.start});
}

// On the publisher's thread, after the last slot.
void PassthroughProgramme::on_finished() {
    const auto slots = output_->timeline()->all().slots;
    const auto duration = slots.empty() ? MediaTime{} : slots.back().end - slots.front().start;
    events_.event(ProgrammeFinished{.programme = id(), .duration = duration});
    const std::lock_guard lock(mutex_);
    finished_ = true;
    finished_wake_.notify_all();
}

bool PassthroughProgramme::wait_finished(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    return finished_wake_.wait_for(lock, patience, [&] { return finished_; });
}

Result<void> PassthroughProgramme::finish() {
    bool begun = false;
    context_.executor->run([&] {
        const std::lock_guard lock(mutex_);
        ending_ = true;
        begun = !id_.empty();
    });
    context_.executor->run([&] {
        if (inputs_) inputs_->stop();
    });
    bool in_time = true;
    if (begun) {
        output_->finish();
        in_time = wait_finished(kStorePatience);
    }
    stop();
    if (in_time) return {};
    return Error{ErrorCode::timed_out, "the store did not take the last segments in time"};
}

void PassthroughProgramme::stop() {
    context_.executor->run([&] {
        {
            const std::lock_guard lock(mutex_);
            ending_ = true;
        }
        tear_down();
    });
}

void PassthroughProgramme::tear_down() {
    if (inputs_) inputs_->stop();
    output_->close();
}

std::string PassthroughProgramme::id() const {
    const std::lock_guard lock(mutex_);
    return id_;
}

Continuation PassthroughProgramme::continuation() const {
    const auto timeline = output_->timeline();
    if (!timeline) return context_.continuation;
    return {.slot = output_->next_number(),
            .discontinuity_sequence = timeline->next_discontinuity_sequence()};
}

ChannelStats PassthroughProgramme::stats() const {
    const std::lock_guard lock(mutex_);
    return {.input = input_on_, .segments = segments_, .inputs = input_stats_};
}

}  // namespace weir::channel
