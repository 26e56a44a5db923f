// SPDX-License-Identifier: MIT
#include "channel/event_bus.hpp"

#include <algorithm>
#include <utility>

#include "base/clock.hpp"
#include "channel/subscription.hpp"

namespace weir {

Subscription::Subscription(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Subscription::Subscription(Subscription&&) noexcept = default;

Subscription& Subscription::operator=(Subscription&& other) noexcept {
    std::swap(impl_, other.impl_);
    return *this;
}

Subscription::~Subscription() = default;

}  // namespace weir

namespace weir::channel {

EventBus::EventBus(std::string channel, std::shared_ptr<base::Executor> executor)
    : channel_(std::move(channel)), executor_(std::move(executor)) {}

void EventBus::raise(EventDetail detail) {
    Event event{
        .channel = channel_,
        .time = std::chrono::sys_time<std::chrono::nanoseconds>(base::system_clock()->utc()),
        .detail = std::move(detail)};
    executor_->post([weak = weak_from_this(), event = std::move(event)] {
        if (const auto self = weak.lock()) self->deliver(event);
    });
}

Subscription EventBus::subscribe(std::function<void(const Event&)> handler) {
    auto subscriber = std::make_shared<Subscriber>();
    subscriber->handler = std::move(handler);
    {
        const std::lock_guard lock(mutex_);
        subscribers_.push_back(subscriber);
    }
    return make_subscription([subscriber] {
        const std::lock_guard lock(subscriber->mutex);
        subscriber->active = false;
    });
}

void EventBus::deliver(const Event& event) {
    std::vector<std::shared_ptr<Subscriber>> present;
    {
        const std::lock_guard lock(mutex_);
        std::erase_if(subscribers_, [](const auto& weak) { return weak.expired(); });
        for (const auto& weak : subscribers_) present.push_back(weak.lock());
    }
    for (const auto& subscriber : present) {
        if (!subscriber) continue;
        const std::lock_guard lock(subscriber->mutex);
        if (subscriber->active) subscriber->handler(event);
    }
}

void EventBus::close() {
    std::vector<std::weak_ptr<Subscriber>> all;
    {
        const std::lock_guard lock(mutex_);
        all.swap(subscribers_);
    }
    for (const auto& weak : all) {
        const auto subscriber = weak.lock();
        if (!subscriber) continue;
        const std::lock_guard lock(subscriber->mutex);
        subscriber->active = false;
    }
}

}  // namespace weir::channel
