// SPDX-License-Identifier: MIT
// What a Subscription holds: how it ends.
// Threads: as `end`.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include <weir/channel.hpp>

namespace weir {

class Subscription::Impl {
public:
    // `end` returns when no call runs any more, unless it is made from within one.
    explicit Impl(std::function<void()> end) : end_(std::move(end)) {}
    ~Impl() { end_(); }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

private:
    const std::function<void()> end_;
};

inline Subscription make_subscription(std::function<void()> end) {
    return Subscription(std::make_unique<Subscription::Impl>(std::move(end)));
}

}  // namespace weir
