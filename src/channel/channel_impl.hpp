// SPDX-License-Identifier: MIT
// A channel's states, and one programme after another.
// Threads: thread-safe.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <weir/channel.hpp>

#include "base/executor.hpp"
#include "channel/event_bus.hpp"
#include "channel/programme.hpp"
#include "origin/hls_endpoint.hpp"

namespace weir {

class Channel::Impl : public std::enable_shared_from_this<Channel::Impl> {
public:
    Impl(ChannelConfig config, std::shared_ptr<Store> store);

    Result<void> start();
    Result<void> end(bool finish);
    void close();

    [[nodiscard]] ChannelState state() const;
    [[nodiscard]] std::string programme() const;
    [[nodiscard]] ChannelStats stats() const;
    [[nodiscard]] const ChannelConfig& config() const { return config_; }
    Subscription subscribe(std::function<void(const Event&)> handler);
    [[nodiscard]] std::shared_ptr<origin::HlsEndpoint> endpoint() const { return endpoint_; }

private:
    channel::ProgrammeEvents programme_events();
    void begun(const channel::HlsOutput& hls);
    void forget_old_programmes(const std::string& begun);
    void on_event(EventDetail detail);
    void set_state(ChannelState state, const std::string& reason = {});
    void restart(const std::string& reason);
    bool acquire(std::unique_lock<std::mutex>& lock);
    [[nodiscard]] Error in_channel(const Error& error) const;

    const ChannelConfig config_;
    const std::shared_ptr<Store> store_;
    const std::shared_ptr<base::Executor> executor_;
    const std::shared_ptr<channel::EventBus> events_;
    const std::shared_ptr<origin::HlsEndpoint> endpoint_;

    mutable std::mutex mutex_;  // guards all below
    std::condition_variable released_;
    bool busy_ = false;  // a start, stop or finish is under way
    ChannelState state_ = ChannelState::idle;
    std::shared_ptr<channel::Programme> programme_;
    std::string last_programme_;
    std::vector<std::string> remembered_;  // programmes in a store that holds a window only
    channel::Continuation continuation_;
};

}  // namespace weir
