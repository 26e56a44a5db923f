// SPDX-License-Identifier: MIT
// Which input's access units go on as they are: those of the input that is on, from its next
// keyframe on.
// Threads: thread-safe; the units come from the inputs' threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "media/unit_sink.hpp"

namespace weir::channel {

class UnitRouter : public std::enable_shared_from_this<UnitRouter> {
public:
    // `open` gives a sink for each connection that is on, and for each that comes on.
    explicit UnitRouter(std::function<std::shared_ptr<media::UnitSink>()> open)
        : open_(std::move(open)) {}

    // A connection of the input with this key.
    std::shared_ptr<media::UnitSink> connect(std::uint64_t key);

    void choose(std::uint64_t key);

private:
    class Connection;

    const std::function<std::shared_ptr<media::UnitSink>()> open_;
    std::mutex mutex_;  // guards all below; held in open_
    std::optional<std::uint64_t> chosen_;
};

}  // namespace weir::channel
