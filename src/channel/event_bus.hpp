// SPDX-License-Identifier: MIT
// Brings a channel's events to its host: in order, on the control thread, to whoever subscribes.
// Threads: thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <weir/channel.hpp>
#include <weir/event.hpp>

#include "base/executor.hpp"

namespace weir::channel {

class EventBus : public std::enable_shared_from_this<EventBus> {
public:
    EventBus(std::string channel, std::shared_ptr<base::Executor> executor);

    void raise(EventDetail detail);
    Subscription subscribe(std::function<void(const Event&)> handler);
    // No handler runs or will run when it returns, unless it is called by one.
    void close();

private:
    // The mutex is held while its handler runs, so that whoever ends the subscription waits for
    // that; it is recursive, so that the handler may end it itself.
    struct Subscriber {
        std::recursive_mutex mutex;
        bool active = true;
        std::function<void(const Event&)> handler;
    };
    void deliver(const Event& event);

    const std::string channel_;
    const std::shared_ptr<base::Executor> executor_;
    std::mutex mutex_;  // guards subscribers_
    std::vector<std::weak_ptr<Subscriber>> subscribers_;
};

}  // namespace weir::channel
