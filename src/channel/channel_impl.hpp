// SPDX-License-Identifier: MIT
// A channel's states, and one programme after another.
// Threads: thread-safe.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <weir/channel.hpp>

#include "base/executor.hpp"
#include "channel/event_bus.hpp"
#include "channel/frame_taps.hpp"
#include "channel/programme.hpp"
#include "origin/channel_endpoint.hpp"
#include "origin/thumbnail_endpoint.hpp"

namespace weir {

class Channel::Impl : public std::enable_shared_from_this<Channel::Impl> {
public:
    Impl(ChannelConfig config, std::shared_ptr<Store> store);

    Result<void> start();
    Result<void> end(bool finish, bool keep_inputs = false);
    void close();

    [[nodiscard]] ChannelState state() const;
    [[nodiscard]] std::string programme() const;
    [[nodiscard]] ChannelStats stats() const;
    [[nodiscard]] ChannelConfig config() const;
    [[nodiscard]] std::optional<Bytes> latest_thumbnail() const { return thumbnail_->latest(); }
    Subscription subscribe(std::function<void(const Event&)> handler);
    template <class Tap>
    Subscription tap(Tap tap);
    [[nodiscard]] std::shared_ptr<origin::Endpoint> endpoint() const { return thumbnail_; }

    Result<void> choose_input(std::optional<int> input, media::MediaTime at);
    Result<void> pause(bool paused);
    Result<void> update(const ChannelConfig& config);

private:
    channel::ProgrammeEvents programme_events();
    std::shared_ptr<channel::Thumbnailer> thumbnailer_of(const ChannelConfig& config);
    void begun(std::vector<origin::View> views);
    void forget_old_programmes(const std::string& begun);
    void on_event(EventDetail detail);
    void set_state(ChannelState state, const std::string& reason = {});
    void restart(const std::string& reason);
    bool acquire(std::unique_lock<std::mutex>& lock);
    [[nodiscard]] Error in_channel(const Error& error) const;

    Result<void> with_programme(const std::function<Result<void>(channel::Programme&)>& act);

    const std::string name_;
    const std::shared_ptr<Store> store_;
    const std::shared_ptr<base::Executor> executor_;
    const std::shared_ptr<channel::EventBus> events_;
    const std::shared_ptr<origin::ChannelEndpoint> endpoint_;
    const std::shared_ptr<origin::ThumbnailEndpoint> thumbnail_;
    const std::shared_ptr<channel::FrameTaps> taps_;

    mutable std::mutex mutex_;  // guards all below
    ChannelConfig config_;
    std::condition_variable released_;
    bool busy_ = false;  // a start, stop or finish is under way
    ChannelState state_ = ChannelState::idle;
    std::shared_ptr<channel::Programme> programme_;
    std::string last_programme_;
    std::vector<std::string> remembered_;  // programmes in a store that holds a window only
    channel::Continuation continuation_;
    std::shared_ptr<channel::InputSet> kept_inputs_;  // open, for the next programme
};

}  // namespace weir
