// SPDX-License-Identifier: MIT
// Something that another thread changes, and a test waits for.
// Threads: thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace weir::test {

class Watched {
public:
    template <class Change>
    void note(const Change& change) {
        const std::lock_guard lock(mutex_);
        change();
        changed_.notify_all();
    }
    template <class Condition>
    bool wait(const Condition& condition) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(20), condition);
    }

    // Looks at it in a moment in which nobody changes it.
    template <class Look>
    auto look(const Look& look) {
        const std::lock_guard lock(mutex_);
        return look();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
};

}  // namespace weir::test
