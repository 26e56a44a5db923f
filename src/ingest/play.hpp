// SPDX-License-Identifier: MIT
// Sets a source's pipeline to PLAYING.
// Threads: control thread; `failed` is called on GStreamer's threads.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <weir/result.hpp>

#include "base/pipeline.hpp"

namespace weir::ingest {

// Reports the pipeline's errors. One that comes while the state still changes makes the change fail
// or not, as the threads run: it is reported all the same, and only a failure without any message
// is an error at once.
inline Result<void> play(base::Pipeline& pipeline, std::function<void(std::string)> failed) {
    const auto reported = std::make_shared<std::atomic<bool>>(false);
    pipeline.on_message([failed = std::move(failed), reported](GstMessage* message) {
        if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_ERROR) return;
        *reported = true;
        failed(base::message_text(message));
    });
    auto started = pipeline.start();
    if (!started && *reported) return {};
    return started;
}

// Work on a pipeline that waits for others (a name server, a seek), on a thread of GStreamer's so
// that the control thread does not. Called off, or waited for, when this object goes: nothing may
// start a pipeline again that was stopped.
class Later {
public:
    Later() = default;
    Later(const Later&) = delete;
    Later& operator=(const Later&) = delete;
    ~Later() { call_off(); }

    void run(GstElement* element, std::function<void(GstElement*)> work) {
        struct Work {
            std::shared_ptr<State> state;
            std::function<void(GstElement*)> work;
        };
        gst_element_call_async(
            element,
            +[](GstElement* subject, gpointer data) noexcept {
                const auto& own = *static_cast<Work*>(data);
                const std::lock_guard lock(own.state->mutex);
                if (!own.state->off) own.work(subject);
            },
            new Work{state_, std::move(work)},
            +[](gpointer data) noexcept { delete static_cast<Work*>(data); });
    }
    void call_off() {
        const std::lock_guard lock(state_->mutex);
        state_->off = true;
    }

private:
    struct State {
        std::mutex mutex;  // held while the work is done
        bool off = false;
    };
    const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace weir::ingest
