// SPDX-License-Identifier: MIT
#include <weir/channel.hpp>

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "channel/channel_impl.hpp"
#include "channel/live_changes.hpp"
#include "channel/subscription.hpp"

namespace weir {

Channel::Impl::Impl(ChannelConfig config, std::shared_ptr<Store> store)
    : name_(config.name),
      store_(std::move(store)),
      executor_(base::Executor::control()),
      events_(std::make_shared<channel::EventBus>(name_, executor_)),
      endpoint_(std::make_shared<origin::ChannelEndpoint>(name_, store_, executor_)),
      thumbnail_(std::make_shared<origin::ThumbnailEndpoint>(endpoint_)),
      taps_(std::make_shared<channel::FrameTaps>()),
      config_(std::move(config)) {}

Error Channel::Impl::in_channel(const Error& error) const {
    return error.in("channel \"" + name_ + "\"");
}

// Waits until no other call is at work; on the control thread, which that call needs, it cannot.
bool Channel::Impl::acquire(std::unique_lock<std::mutex>& lock) {
    if (busy_ && executor_->is_current()) return false;
    released_.wait(lock, [&] { return !busy_; });
    busy_ = true;
    return true;
}

std::shared_ptr<channel::Thumbnailer> Channel::Impl::thumbnailer_of(const ChannelConfig& config) {
    if (config.thumbnail_interval <= std::chrono::milliseconds::zero()) return nullptr;
    return std::make_shared<channel::Thumbnailer>(
        config.thumbnail_interval,
        [thumbnail = thumbnail_](Bytes picture) { thumbnail->set(std::move(picture)); });
}

Result<void> Channel::Impl::start() {
    std::unique_lock lock(mutex_);
    if (!acquire(lock)) {
        return in_channel({ErrorCode::unavailable, "another call is starting or ending it"});
    }
    const auto release = [&] {
        busy_ = false;
        released_.notify_all();
    };
    if (state_ != ChannelState::idle && state_ != ChannelState::failed) {
        release();
        return in_channel({ErrorCode::already_exists, "it is " + std::string(to_string(state_))});
    }
    const auto former = std::exchange(programme_, nullptr);
    lock.unlock();
    if (former) former->stop();
    lock.lock();
    if (former) continuation_.raise_to(former->continuation());
    auto programme = channel::make_programme(config_,
                                             {.store = store_,
                                              .clock = base::system_clock(),
                                              .executor = executor_,
                                              .continuation = continuation_,
                                              .taps = taps_,
                                              .thumbnailer = thumbnailer_of(config_),
                                              .inputs = std::exchange(kept_inputs_, nullptr)},
                                             programme_events());
    programme_ = programme;
    set_state(ChannelState::starting);
    lock.unlock();
    Result<void> started;
    executor_->run([&] { started = programme->start(); });
    if (!started) programme->stop();
    lock.lock();
    if (!started) {
        programme_.reset();
        set_state(ChannelState::idle, started.error().message);
    }
    release();
    if (!started) return in_channel(started.error());
    return {};
}

Result<void> Channel::Impl::end(bool finish, bool keep_inputs) {
    std::unique_lock lock(mutex_);
    if (!acquire(lock)) {
        return in_channel({ErrorCode::unavailable, "another call is starting or ending it"});
    }
    const auto programme = programme_;
    Result<void> ended;
    if (programme) {
        set_state(ChannelState::stopping);
        lock.unlock();
        std::shared_ptr<channel::InputSet> kept;
        if (keep_inputs) executor_->run([&] { kept = programme->hand_over(); });
        if (finish) {
            ended = programme->finish();
        } else {
            programme->stop();
        }
        lock.lock();
        continuation_.raise_to(programme->continuation());
        programme_.reset();
        set_state(ChannelState::idle);
        kept_inputs_ = std::move(kept);
    }
    busy_ = false;
    released_.notify_all();
    lock.unlock();
    // The host has heard of the end before it reads it here.
    executor_->run([] {});
    if (!ended) return in_channel(ended.error());
    return {};
}

void Channel::Impl::close() {
    static_cast<void>(end(false));
    events_->close();
}

channel::ProgrammeEvents Channel::Impl::programme_events() {
    // From the programme's threads; what changes the state goes through the control thread.
    const auto post = [weak = weak_from_this(), executor = executor_](auto act) {
        executor->post([weak, act = std::move(act)] {
            if (const auto self = weak.lock()) act(*self);
        });
    };
    return {.event = [this](EventDetail detail) { on_event(std::move(detail)); },
            .begun = [this](std::vector<origin::View> views) { begun(std::move(views)); },
            .first_slot =
                [post] {
                    post([](Impl& self) {
                        const std::lock_guard lock(self.mutex_);
                        if (self.state_ != ChannelState::starting) return;
                        const bool lost = self.programme_ && self.programme_->input_lost();
                        self.set_state(lost ? ChannelState::recovering : ChannelState::running);
                    });
                },
            .failed =
                [post](std::string cause) {
                    post([cause = std::move(cause)](Impl& self) {
                        const std::lock_guard lock(self.mutex_);
                        if (self.state_ == ChannelState::idle ||
                            self.state_ == ChannelState::failed ||
                            self.state_ == ChannelState::stopping) {
                            return;
                        }
                        self.set_state(ChannelState::failed, cause);
                    });
                },
            .over =
                [post](std::string reason) {
                    post([reason = std::move(reason)](Impl& self) { self.restart(reason); });
                }};
}

void Channel::Impl::on_event(EventDetail detail) {
    const bool lost = std::holds_alternative<InputLost>(detail);
    const bool connected = std::holds_alternative<InputConnected>(detail);
    events_->raise(std::move(detail));
    if (!lost && !connected) return;
    const std::lock_guard lock(mutex_);
    // While another input delivers nothing is to be recovered.
    const bool all_lost = lost && (!programme_ || programme_->input_lost());
    if (all_lost && state_ == ChannelState::running) {
        set_state(ChannelState::recovering, "input lost");
    }
    if (connected && state_ == ChannelState::recovering) set_state(ChannelState::running);
}

void Channel::Impl::begun(std::vector<origin::View> views) {
    const std::string programme = views.front().timeline->programme();
    const bool recorded = views.front().recorded;
    {
        const std::lock_guard lock(mutex_);
        last_programme_ = programme;
    }
    endpoint_->begin(std::move(views));
    if (!recorded) forget_old_programmes(programme);
}

// A store that holds a window only keeps the present programme and, for those who still play it,
// the one before.
void Channel::Impl::forget_old_programmes(const std::string& begun) {
    remembered_.push_back(begun);
    while (remembered_.size() > 2) {
        const auto objects = store_->list(name_ + "/" + remembered_.front() + "/");
        if (objects) {
            for (const auto& object : *objects) static_cast<void>(store_->remove(object.key));
        }
        remembered_.erase(remembered_.begin());
    }
}

// Another programme takes over: numbers go on, the live address shows the new one. Who sends does
// not notice. On the control thread, so that nothing happens to the inputs in between.
void Channel::Impl::restart(const std::string& reason) {
    GST_WARNING("channel %s: %s: a new programme begins", name_.c_str(), reason.c_str());
    static_cast<void>(end(true, true));
    static_cast<void>(start());
    const std::lock_guard lock(mutex_);
    kept_inputs_.reset();  // there is no other programme
}

void Channel::Impl::set_state(ChannelState state, const std::string& reason) {
    if (state_ == state) return;
    state_ = state;
    events_->raise(StateChanged{.state = state, .reason = reason});
}

ChannelState Channel::Impl::state() const {
    const std::lock_guard lock(mutex_);
    return state_;
}

std::string Channel::Impl::programme() const {
    const std::lock_guard lock(mutex_);
    return last_programme_;
}

ChannelStats Channel::Impl::stats() const {
    const auto programme = [&] {
        const std::lock_guard lock(mutex_);
        return programme_;
    }();
    return programme ? programme->stats() : ChannelStats{};
}

ChannelConfig Channel::Impl::config() const {
    const std::lock_guard lock(mutex_);
    return config_;
}

// What the programme is told on the control thread, when there is one.
Result<void> Channel::Impl::with_programme(
    const std::function<Result<void>(channel::Programme&)>& act) {
    const auto programme = [&] {
        const std::lock_guard lock(mutex_);
        return programme_;
    }();
    if (!programme) return in_channel({ErrorCode::unavailable, "it is idle"});
    Result<void> done;
    executor_->run([&] { done = act(*programme); });
    if (!done) return in_channel(done.error());
    return {};
}

Result<void> Channel::Impl::choose_input(std::optional<int> input, media::MediaTime at) {
    const auto count = static_cast<int>(config().inputs.size());
    if (input && (*input < 0 || *input >= count)) {
        return in_channel({ErrorCode::invalid_argument, "inputs[" + std::to_string(*input) +
                                                            "]: there are " +
                                                            std::to_string(count) + " inputs"});
    }
    return with_programme([&](channel::Programme& programme) {
        const auto index =
            input ? std::optional(static_cast<std::size_t>(*input)) : std::optional<std::size_t>();
        return programme.choose_input(index, at);
    });
}

Result<void> Channel::Impl::pause(bool paused) {
    return with_programme([paused](channel::Programme& programme) -> Result<void> {
        return paused ? programme.pause() : programme.resume();
    });
}

Result<void> Channel::Impl::update(const ChannelConfig& config) {
    std::unique_lock lock(mutex_);
    if (!acquire(lock)) {
        return in_channel({ErrorCode::unavailable, "another call is starting or ending it"});
    }
    const ChannelConfig before = config_;
    const auto programme = programme_;
    lock.unlock();
    auto problems = validate(config);
    if (problems.empty()) problems = channel::cannot_change(before, config, programme != nullptr);
    Result<void> done;
    if (!problems.empty()) {
        done = in_channel({ErrorCode::invalid_argument, to_string(problems)});
    } else if (programme) {
        executor_->run([&] { done = programme->update(config); });
        if (!done) done = in_channel(done.error());
    }
    lock.lock();
    if (done) config_ = config;
    busy_ = false;
    released_.notify_all();
    return done;
}

template <class Tap>
Subscription Channel::Impl::tap(Tap tap) {
    return make_subscription([taps = taps_, id = taps_->add(std::move(tap))] { taps->remove(id); });
}

Subscription Channel::Impl::subscribe(std::function<void(const Event&)> handler) {
    return events_->subscribe(std::move(handler));
}

Result<Channel> Channel::create(ChannelConfig config) {
    base::ensure_gst_initialised();
    if (const auto problems = validate(config); !problems.empty()) {
        return Error{ErrorCode::invalid_argument,
                     "channel \"" + config.name + "\": " + to_string(problems)};
    }
    auto store = open_store(config.store);
    if (!store) {
        const bool folder = std::holds_alternative<DirectoryStore>(config.store);
        return store.error()
            .in(folder ? "store.path" : "store")
            .in("channel \"" + config.name + "\"");
    }
    return Channel(std::make_shared<Impl>(std::move(config), std::move(*store)));
}

Channel::Channel(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Channel::Channel(Channel&&) noexcept = default;

Channel& Channel::operator=(Channel&& other) noexcept {
    std::swap(impl_, other.impl_);
    return *this;
}

Channel::~Channel() {
    if (impl_) impl_->close();
}

Result<void> Channel::start() {
    return impl_->start();
}
Result<void> Channel::stop() {
    return impl_->end(false);
}
Result<void> Channel::finish() {
    return impl_->end(true);
}
ChannelState Channel::state() const {
    return impl_->state();
}
std::string Channel::programme() const {
    return impl_->programme();
}
ChannelStats Channel::stats() const {
    return impl_->stats();
}
ChannelConfig Channel::config() const {
    return impl_->config();
}
std::optional<Bytes> Channel::latest_thumbnail() const {
    return impl_->latest_thumbnail();
}
Result<void> Channel::switch_input(int input, std::chrono::sys_time<std::chrono::nanoseconds> at) {
    return impl_->choose_input(input, at.time_since_epoch());
}
Result<void> Channel::release_input(std::chrono::sys_time<std::chrono::nanoseconds> at) {
    return impl_->choose_input(std::nullopt, at.time_since_epoch());
}
Result<void> Channel::pause() {
    return impl_->pause(true);
}
Result<void> Channel::resume() {
    return impl_->pause(false);
}
Result<void> Channel::update(const ChannelConfig& config) {
    return impl_->update(config);
}
Subscription Channel::on_frame(VideoTap tap) {
    return impl_->tap(std::move(tap));
}
Subscription Channel::on_samples(AudioTap tap) {
    return impl_->tap(std::move(tap));
}

Subscription Channel::on_event(std::function<void(const Event&)> handler) {
    return impl_->subscribe(std::move(handler));
}

}  // namespace weir
