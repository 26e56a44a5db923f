// SPDX-License-Identifier: MIT
// The alerts of a programme: each is told when it is set and when it is cleared, and not again in
// between.
// Threads: thread-safe.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include <weir/event.hpp>

namespace weir::channel {

class Alerts {
public:
    explicit Alerts(std::function<void(EventDetail)> event) : event_(std::move(event)) {}

    void set(const std::string& code, bool set, const std::string& text) {
        {
            const std::lock_guard lock(mutex_);
            if (set_.contains(code) == set) return;
            if (set) {
                set_[code] = text;
            } else {
                set_.erase(code);
            }
        }
        event_(Alert{.code = code, .set = set, .text = text});
    }

private:
    const std::function<void(EventDetail)> event_;
    std::mutex mutex_;  // guards set_
    std::map<std::string, std::string> set_;
};

}  // namespace weir::channel
