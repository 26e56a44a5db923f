// SPDX-License-Identifier: MIT
#include "channel/programme.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <utility>

#include "hls/programme_playlists.hpp"

namespace weir::channel {

using namespace std::chrono_literals;
using media::MediaTime;

namespace {

constexpr auto kInputPatience = 2s;    // for the first picture, before the programme begins without
constexpr auto kInputPoll = 10ms;      // between two looks for it
constexpr auto kFinishPatience = 10s;  // for the encoders' last segments
constexpr auto kSecondTrack = 250ms;   // for an input's other track, before it is described
constexpr auto kTrackPatience = 2s;    // before a missing track is an alert
constexpr auto kPipelineStart = 60ms;  // from the decision to the first tick
constexpr auto kShortestFirstSegment = 500ms;
constexpr auto kLagAlert = 1s;
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

std::string input_field(const std::string& field) {
    return field.empty() ? "inputs[0]" : "inputs[0]." + field;
}

}  // namespace

std::string programme_id(MediaTime start) {
    const auto ms = std::chrono::floor<std::chrono::milliseconds>(start);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(ms);
    const std::time_t time = seconds.count();
    std::tm utc{};
    gmtime_r(&time, &utc);
    char date[32];
    std::strftime(date, sizeof date, "%Y%m%dT%H%M%S", &utc);
    char text[48];
    std::snprintf(text, sizeof text, "%s%03dZ", date, static_cast<int>((ms - seconds).count()));
    return text;
}

Programme::Programme(const ChannelConfig& config, std::shared_ptr<Store> store,
                     std::shared_ptr<base::Clock> clock, std::shared_ptr<base::Executor> executor,
                     const Continuation& continuation, ProgrammeEvents events)
    : config_(config),
      sink_(std::get<HlsSink>(config_.outputs.front())),
      store_(std::move(store)),
      clock_(std::move(clock)),
      executor_(std::move(executor)),
      continuation_(continuation),
      events_(std::move(events)),
      format_(raw_format(config_.ladder)),
      playout_(std::make_shared<playout::Playout>(
          playout::PlayoutOptions{.format = format_, .repeat_duration = config_.repeat_duration},
          clock_)) {}

Programme::~Programme() {
    stop();
}

Result<void> Programme::start() {
    if (!clock_->synchronised()) {
        set_alert("clock_unsynchronised", true,
                  "the machine's clock is not kept by a time service: numbers and times of two "
                  "machines will not agree");
    }
    open_input();
    if (auto started = input_->start(); !started) {
        return Error{started.error().code, "inputs[0]." + started.error().message};
    }
    begin_when_ready(kInputPatience);
    return {};
}

void Programme::open_input() {
    input_ = std::make_shared<ingest::Input>(
        config_.inputs.front(), format_,
        [this](media::Pacing pacing) { return playout_->open(pacing); },
        ingest::InputEvents{
            [this](const ingest::StreamInfo& info) { on_connected(info); },
            [this](const std::string& field, const std::string& cause) { on_lost(field, cause); }},
        executor_);
}

void Programme::on_connected(const ingest::StreamInfo& info) {
    connected_ = true;
    input_lost_ = false;
    // The audio may come first; the picture's rate is asked for again when the programme begins.
    if (!source_rate_) source_rate_ = info.frame_rate;
    executor_->post_after(kSecondTrack, weak_from_this(), [this] { describe_input(); });
    executor_->post_after(kTrackPatience, weak_from_this(), [this] { check_tracks(); });
}

void Programme::describe_input() {
    if (!input_ || !connected_) return;
    const auto info = input_->info();
    std::string text = info.video.empty() ? "no video" : "video " + info.video;
    text += info.audio.empty() ? ", no audio" : ", audio " + info.audio;
    events_.event(InputConnected{.input = 0, .description = text});
}

void Programme::check_tracks() {
    if (!input_ || !connected_) return;
    const auto info = input_->info();
    const auto field = input_field(ingest::source_field(config_.inputs.front()));
    set_alert("no_video", info.video.empty(), field + ": there is no video in it; black is shown");
    if (format_.sample_rate > 0) {
        set_alert("no_audio", info.audio.empty(),
                  field + ": there is no audio in it; it is silent");
    }
}

void Programme::on_lost(const std::string& field, const std::string& cause) {
    connected_ = false;
    // The same attempt that fails in the same way, again and again, is told once.
    if (input_lost_.exchange(true) && cause == loss_) return;
    loss_ = cause;
    events_.event(InputLost{.input = 0, .field = input_field(field), .cause = cause});
}

// Begins with the input's first picture, or without it when that takes too long.
void Programme::begin_when_ready(std::chrono::milliseconds patience) {
    {
        const std::lock_guard lock(mutex_);
        if (ending_) return;
    }
    const bool ready = playout_->first_frame_time().has_value();
    if (ready || patience <= 0ms) return begin();
    executor_->post_after(kInputPoll, weak_from_this(),
                          [this, patience] { begin_when_ready(patience - kInputPoll); });
}

void Programme::begin() {
    const auto info = input_->info();
    if (info.frame_rate) source_rate_ = info.frame_rate;
    if (source_rate_ && !sane(*source_rate_)) source_rate_.reset();
    const Rational rate = config_.frame_rate.value_or(source_rate_.value_or(kFallbackRate));
    const media::Grid grid(rate, sink_.segment_duration);
    const std::int64_t frame = choose_first_frame(grid);
    if (auto begun = begin_output(grid, frame); !begun) events_.failed(begun.error().message);
}

std::int64_t Programme::choose_first_frame(const media::Grid& grid) const {
    const MediaTime soonest = playout_->clock().now() + kPipelineStart;
    std::int64_t frame =
        grid.frame_at_or_after(std::max(soonest, playout_->first_frame_time().value_or(soonest)));
    std::int64_t slot = grid.slot_of_frame(frame);
    const auto rest = grid.frame_time(grid.first_frame(slot + 1)) - grid.frame_time(frame);
    if (rest < kShortestFirstSegment) frame = grid.first_frame(++slot);
    // A slot is never used twice (invariant 4).
    if (slot < continuation_.slot) frame = grid.first_frame(continuation_.slot);
    return frame;
}

Result<void> Programme::begin_output(const media::Grid& grid, std::int64_t frame) {
    const auto id = programme_id(grid.frame_time(frame));
    auto hls = std::make_shared<HlsOutput>(
        HlsOutputOptions{
            .sink = sink_,
            .ladder = config_.ladder,
            .frame_rate = grid.frame_rate(),
            .prefix = config_.name,
            .programme = id,
            .recorded = !std::holds_alternative<MemoryStore>(config_.store),
            .discontinuity_sequence = std::max(media::discontinuity_base(grid.frame_time(frame)),
                                               continuation_.discontinuity_sequence)},
        store_,
        HlsOutputEvents{.on_slot = [this](const media::Slot& slot) { on_slot(slot); },
                        .on_store =
                            [this](bool failing, const std::string& text) {
                                set_alert("store", failing, "store: " + text);
                            },
                        .on_finished = [this] { on_finished(); },
                        .on_error = events_.failed});
    auto segmenters = hls->make_segmenters();
    if (!segmenters) return segmenters.error();
    auto output = OutputPipeline::create(config_.ladder, format_, grid.frame_rate(),
                                         std::move(*segmenters), events_.failed);
    if (!output) return output.error();
    if (auto started = (*output)->start(); !started) return started.error();
    {
        const std::lock_guard lock(mutex_);
        id_ = id;
        grid_ = grid;
        first_frame_ = frame;
        hls_ = hls;
        output_ = std::move(*output);
        pacer_ = std::make_unique<playout::Pacer>(playout_, clock_);
    }
    events_.begun(*hls);
    events_.event(ProgrammeStarted{.programme = id});
    pacer_->start(
        grid, frame, *output_, [this](auto condition) { on_clock(condition); },
        [this] { output_->end(); });
    return {};
}

void Programme::on_clock(playout::Pacer::Condition condition) {
    using Condition = playout::Pacer::Condition;
    set_alert("clock_step", condition == Condition::stepped,
              "the machine's clock was set; the programme keeps its own time until it ends");
    set_alert("encoder_overload", pacer_->lag() > kLagAlert,
              "the encoders are slower than the programme: fewer or smaller renditions, a faster "
              "preset or more threads are needed");
    if (condition == Condition::suspended) events_.suspended();
}

void Programme::on_slot(const media::Slot& slot) {
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        first = segments_++ == 0;
    }
    if (first) events_.first_slot();
    events_.event(
        SegmentPublished{.programme = hls_->options().programme,
                         .number = slot.number,
                         .start = std::chrono::sys_time<std::chrono::nanoseconds>(slot.start),
                         .duration = slot.end - slot.start});
}

// On the publisher's thread, after the last slot: the playlists that are for ever go into the
// store.
void Programme::on_finished() {
    const auto& options = hls_->options();
    const auto timeline = hls_->timeline();
    std::string failure;
    for (const auto& [key, text] : hls::recorded_playlists(
             config_.name, *timeline, target_duration(sink_, options.frame_rate))) {
        if (auto put = store_->put(key, Bytes::from_string(text)); !put) {
            failure = put.error().message;
            break;
        }
    }
    const auto slots = timeline->all().slots;
    const auto duration = slots.empty() ? MediaTime{} : slots.back().end - slots.front().start;
    events_.event(ProgrammeFinished{.programme = options.programme, .duration = duration});
    if (!failure.empty()) set_alert("recording", true, "store: " + failure);
    const std::lock_guard lock(mutex_);
    finished_ = true;
    recording_failure_ = failure;
    finished_wake_.notify_all();
}

bool Programme::wait_finished(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    return finished_wake_.wait_for(lock, patience, [&] { return finished_; });
}

Result<void> Programme::finish() {
    bool begun = false;
    executor_->run([&] {
        const std::lock_guard lock(mutex_);
        ending_ = true;
        begun = pacer_ != nullptr;
        if (begun) pacer_->finish();
    });
    bool in_time = true;
    if (begun) {
        in_time = wait_finished(kFinishPatience);
        // Whatever the encoders hold is lost, but the playlists get their end.
        if (!in_time) hls_->finish();
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

void Programme::stop() {
    executor_->run([&] {
        {
            const std::lock_guard lock(mutex_);
            ending_ = true;
        }
        tear_down();
    });
}

// On the control thread. In the direction of the stream, so that nobody waits for a part that is
// gone; but the output is shut down first, or a push into it could hold up the playout.
void Programme::tear_down() {
    if (input_) input_->stop();
    input_.reset();
    if (output_) output_->shut_down();
    if (pacer_) pacer_->stop();
    if (hls_) hls_->close();
    const std::lock_guard lock(mutex_);
    output_.reset();
}

void Programme::set_alert(const std::string& code, bool set, const std::string& text) {
    {
        const std::lock_guard lock(mutex_);
        if (alerts_.contains(code) == set) return;
        if (set) {
            alerts_[code] = text;
        } else {
            alerts_.erase(code);
        }
    }
    events_.event(Alert{.code = code, .set = set, .text = text});
}

std::string Programme::id() const {
    const std::lock_guard lock(mutex_);
    return id_;
}

Continuation Programme::continuation() const {
    const std::lock_guard lock(mutex_);
    if (!grid_) return continuation_;
    const auto ticked = static_cast<std::int64_t>(playout_->stats().frames);
    const std::int64_t last = first_frame_ + std::max<std::int64_t>(ticked - 1, 0);
    return {.slot = grid_->slot_of_frame(last) + 1,
            .discontinuity_sequence = hls_->timeline()->next_discontinuity_sequence()};
}

ProgrammeFigures Programme::figures() const {
    const std::lock_guard lock(mutex_);
    return {.playout = playout_->stats(),
            .segments = segments_,
            .lag = pacer_ ? pacer_->lag() : std::chrono::nanoseconds{}};
}

}  // namespace weir::channel
