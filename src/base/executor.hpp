// SPDX-License-Identifier: MIT
// A thread that runs tasks one after another: the control thread. What lives on it needs no lock.
// Threads: thread-safe.
#pragma once

#include <glib.h>

#include <chrono>
#include <functional>
#include <memory>
#include <thread>

namespace weir::base {

class Executor {
public:
    using Task = std::function<void()>;

    Executor();
    // Runs what was posted before, then ends. Not from a task of its own.
    ~Executor();
    Executor(const Executor&) = delete;
    Executor& operator=(const Executor&) = delete;

    // Runs `task` after all tasks posted before it.
    void post(Task task);
    // Runs `task` at the earliest after `delay`, unless `alive` is gone by then.
    void post_after(std::chrono::milliseconds delay, std::weak_ptr<void> alive, Task task);
    // Runs `task` and waits for it; in place when called from a task.
    void run(const Task& task);
    [[nodiscard]] bool is_current() const { return std::this_thread::get_id() == thread_.get_id(); }

    // The one of this process: made at the first use, there until the process ends.
    static std::shared_ptr<Executor> control();

private:
    GMainContext* context_;
    GMainLoop* loop_;
    std::thread thread_;
};

}  // namespace weir::base
