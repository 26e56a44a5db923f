// SPDX-License-Identifier: MIT
#include "channel/passthrough_output.hpp"

#include <chrono>
#include <utility>

#include <gsl/gsl>

#include "hls/programme_playlists.hpp"

namespace weir::channel {

namespace {

PublisherOptions publisher_options(const PassthroughOutputOptions& options) {
    PublisherOptions result{.prefix = options.prefix, .keep = {}};
    if (options.recorded) return result;
    result.make_room = true;
    if (options.sink.playlist_type == PlaylistType::live) {
        // Invariant 6, as HlsOutput; but the window is exceeded by a segment that may be long.
        result.keep = 2 * options.sink.window + 5 * options.passthrough.max_segment_duration;
    }
    return result;
}

}  // namespace

PassthroughOutput::PassthroughOutput(const PassthroughOutputOptions& options,
                                     std::shared_ptr<Store> store, PassthroughOutputEvents events)
    : options_(options), store_(std::move(store)), events_(std::move(events)) {}

std::shared_ptr<PassthroughOutput> PassthroughOutput::create(
    const PassthroughOutputOptions& options, std::shared_ptr<Store> store,
    std::shared_ptr<base::Clock> clock, PassthroughOutputEvents events) {
    std::shared_ptr<PassthroughOutput> output(
        new PassthroughOutput(options, std::move(store), std::move(events)));
    output->make_segmenter(std::move(clock));
    return output;
}

// A source may push a little longer than this object lives.
void PassthroughOutput::make_segmenter(std::shared_ptr<base::Clock> clock) {
    const auto weak = weak_from_this();
    segmenter_ = std::make_shared<segment::PassthroughSegmenter>(
        segment::PassthroughOptions{
            .name = options_.passthrough.name,
            .segment_duration = options_.sink.segment_duration,
            .max_segment_duration = options_.passthrough.max_segment_duration,
            .first_number = options_.first_number},
        std::move(clock),
        segment::PassthroughEvents{
            .on_track =
                [weak](media::Track track) {
                    if (const auto self = weak.lock()) self->on_track(std::move(track));
                },
            .on_segment =
                [weak](media::Segment segment) {
                    if (const auto self = weak.lock()) self->on_segment(std::move(segment));
                },
            .on_alert =
                [weak](const std::string& code, bool set, const std::string& text) {
                    if (const auto self = weak.lock()) self->events_.on_alert(code, set, text);
                }});
}

PassthroughOutput::~PassthroughOutput() {
    close();
}

hls::PlaylistNames PassthroughOutput::names() const {
    return hls::passthrough_names(options_.passthrough.name, options_.alone);
}

std::int64_t PassthroughOutput::target_duration() const {
    return std::chrono::ceil<std::chrono::seconds>(options_.passthrough.max_segment_duration)
        .count();
}

std::shared_ptr<media::Timeline> PassthroughOutput::timeline() const {
    const std::lock_guard lock(mutex_);
    return timeline_;
}

void PassthroughOutput::begin(const std::string& programme, std::int64_t discontinuity_sequence) {
    const std::lock_guard lock(mutex_);
    Expects(!timeline_);
    if (closed_) return;
    timeline_ = std::make_shared<media::Timeline>(
        programme, std::vector{media::Track{.name = options_.passthrough.name}},
        discontinuity_sequence);
    if (track_) timeline_->describe(0, *track_);
    publisher_ = std::make_unique<Publisher>(
        publisher_options(options_), store_, timeline_,
        PublisherEvents{events_.on_slot, events_.on_store, [this] { on_finished(); }});
    for (auto& segment : waiting_) publisher_->publish(0, run_, std::move(segment));
    waiting_.clear();
}

void PassthroughOutput::on_track(media::Track track) {
    const std::lock_guard lock(mutex_);
    if (timeline_) timeline_->describe(0, track);
    track_ = std::move(track);
}

void PassthroughOutput::on_segment(media::Segment segment) {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    if (publisher_) return publisher_->publish(0, run_, std::move(segment));
    if (waiting_.size() == kMaxWaiting) waiting_.pop_front();
    waiting_.push_back(std::move(segment));
}

void PassthroughOutput::finish() {
    segmenter_->finish();
    const std::lock_guard lock(mutex_);
    if (publisher_ && !closed_) publisher_->finish();
}

void PassthroughOutput::close() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    segmenter_->finish();
    // Without the lock: the publisher's events may ask for the timeline.
    if (publisher_) publisher_->close();
}

// On the publisher's thread, after the last slot.
void PassthroughOutput::on_finished() {
    const auto timeline = this->timeline();
    const auto put = put_files(
        *store_, hls::recorded_playlists(options_.prefix, *timeline, target_duration(), names()));
    if (!put) events_.on_alert("recording", true, "store: " + put.error().message);
    events_.on_finished();
}

origin::View PassthroughOutput::view() const {
    return {.timeline = timeline(),
            .container = origin::Container::ts,
            .playlist_type = options_.sink.playlist_type,
            .segment_duration = options_.sink.segment_duration,
            .target_duration = target_duration(),
            .window = options_.sink.window,
            .time_shift = options_.sink.time_shift,
            .recorded = options_.recorded,
            .names = names()};
}

namespace {

// validate() has seen that there is one.
HlsSink hls_sink(const ChannelConfig& config) {
    const auto found = std::ranges::find_if(config.outputs, [](const Output& output) {
        return std::holds_alternative<HlsSink>(output);
    });
    return std::get<HlsSink>(*found);
}

}  // namespace

std::shared_ptr<PassthroughOutput> make_passthrough(const ChannelConfig& config,
                                                    const ProgrammeContext& context, bool alone,
                                                    PassthroughLinks links) {
    const auto alert = [executor = context.executor, alerts = links.alerts](
                           const std::string& code, bool set, const std::string& text) {
        executor->post([=] { alerts->set(code, set, text); });
    };
    return PassthroughOutput::create(
        {.sink = hls_sink(config),
         .passthrough = *config.ladder.passthrough,
         .alone = alone,
         .prefix = config.name,
         .recorded = !std::holds_alternative<MemoryStore>(config.store),
         .first_number = context.continuation.slot},
        context.store, context.clock,
        {.on_slot = links.on_slot ? links.on_slot : [](const media::Slot&) {},
         .on_store = [alert](
                         bool failing,
                         const std::string& text) { alert("store", failing, "store: " + text); },
         .on_finished = links.on_finished,
         .on_alert = alert});
}

}  // namespace weir::channel
