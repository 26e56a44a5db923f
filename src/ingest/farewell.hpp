// SPDX-License-Identifier: MIT
// The end of a connection whose sender is gone, as a source tells it: what came is decoded first.
// Whatever the pipeline says from then on (that it has ended, or that there was nothing whole to
// decode) is this end. Threads: thread-safe; wrapped() before there are any others.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "ingest/source.hpp"

namespace weir::ingest {

class Farewell {
public:
    // The source's events, for whoever decodes its media. An end that was not begun here is told as
    // it is.
    SourceEvents wrapped(SourceEvents events) {
        const auto as_begun = [state = state_](const std::function<void()>& otherwise) {
            const auto tell = [&] {
                const std::lock_guard lock(state->mutex);
                return state->tell;
            }();
            tell ? tell() : otherwise();
        };
        return {.connected = std::move(events.connected),
                .ended = [as_begun, ended = std::move(events.ended)] { as_begun(ended); },
                .failed = [as_begun, failed = std::move(events.failed)](
                              std::string cause) { as_begun([&] { failed(std::move(cause)); }); }};
    }

    // From now on the end, of whatever kind, is told so. Then what decodes is to be given its end.
    void begin(std::function<void()> tell) {
        const std::lock_guard lock(state_->mutex);
        if (!state_->tell) state_->tell = std::move(tell);
    }
    [[nodiscard]] bool begun() const {
        const std::lock_guard lock(state_->mutex);
        return state_->tell != nullptr;
    }

private:
    struct State {
        std::mutex mutex;  // guards all below
        std::function<void()> tell;
    };
    const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace weir::ingest
