// SPDX-License-Identifier: MIT
// Sets a source's pipeline to PLAYING.
// Threads: control thread; `failed` is called on GStreamer's threads.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
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

}  // namespace weir::ingest
