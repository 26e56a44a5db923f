// SPDX-License-Identifier: MIT
#include "base/executor.hpp"

#include <future>
#include <utility>

namespace weir::base {

namespace {

gboolean run_task(gpointer data) noexcept {
    (*static_cast<Executor::Task*>(data))();
    return G_SOURCE_REMOVE;
}

void delete_task(gpointer data) noexcept {
    delete static_cast<Executor::Task*>(data);
}

void attach(GSource* source, GMainContext* context, Executor::Task task) {
    // One priority for all, so that tasks run in the order in which they were posted.
    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(source, run_task, new Executor::Task(std::move(task)), delete_task);
    g_source_attach(source, context);
    g_source_unref(source);
}

}  // namespace

Executor::Executor() : context_(g_main_context_new()), loop_(g_main_loop_new(context_, FALSE)) {
    std::promise<void> running;
    post([&] { running.set_value(); });
    thread_ = std::thread([this] {
        g_main_context_push_thread_default(context_);
        g_main_loop_run(loop_);
        g_main_context_pop_thread_default(context_);
    });
    running.get_future().wait();
}

Executor::~Executor() {
    post([this] { g_main_loop_quit(loop_); });
    thread_.join();
    g_main_loop_unref(loop_);
    g_main_context_unref(context_);
}

void Executor::post(Task task) {
    attach(g_idle_source_new(), context_, std::move(task));
}

void Executor::post_after(std::chrono::milliseconds delay, std::weak_ptr<void> alive, Task task) {
    attach(g_timeout_source_new(static_cast<guint>(delay.count())), context_,
           [alive = std::move(alive), task = std::move(task)] {
               if (const auto keep = alive.lock()) task();
           });
}

void Executor::run(const Task& task) {
    if (is_current()) return task();
    std::promise<void> done;
    post([&] {
        task();
        done.set_value();
    });
    done.get_future().wait();
}

std::shared_ptr<Executor> Executor::control() {
    // Never destroyed: its last user may well be one of its own tasks, which could not wait for the
    // thread that runs it.
    static const auto* const instance = new std::shared_ptr<Executor>(std::make_shared<Executor>());
    return *instance;
}

}  // namespace weir::base
