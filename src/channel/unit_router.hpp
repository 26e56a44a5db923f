// SPDX-License-Identifier: MIT
// Which input's access units go on as they are: those of the input that is chosen, from the first
// keyframe on that comes from it then. Until it comes, those of the input before go on.
// Threads: thread-safe; the units come from the inputs' threads.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "base/clock.hpp"
#include "media/presentation_clock.hpp"
#include "media/unit_sink.hpp"

namespace weir::channel {

class UnitRouter : public std::enable_shared_from_this<UnitRouter> {
public:
    // `open` gives a sink for each connection that is on, and for each that comes on. `on_switch`:
    // from this UTC on another input is on; on that input's thread, it must not call back.
    UnitRouter(std::function<std::shared_ptr<media::UnitSink>()> open,
               std::shared_ptr<base::Clock> clock,
               std::function<void(std::uint64_t key, media::MediaTime)> on_switch = {});

    // A connection of the input with this key.
    std::shared_ptr<media::UnitSink> connect(std::uint64_t key);

    void choose(std::uint64_t key);
    // The same from this UTC on; nothing: no other choice then. A later call for the same time
    // takes the place of an earlier one.
    void choose_at(std::optional<std::uint64_t> key, media::MediaTime at);

private:
    class Connection;

    void follow_schedule(media::MediaTime now);
    [[nodiscard]] bool passes(std::uint64_t key, bool entry);

    const std::function<std::shared_ptr<media::UnitSink>()> open_;
    const std::function<void(std::uint64_t, media::MediaTime)> on_switch_;
    std::mutex mutex_;  // guards all below; held in open_ and on_switch_
    const media::PresentationClock clock_;
    std::optional<std::uint64_t> chosen_;
    std::optional<std::uint64_t> on_;
    std::map<media::MediaTime, std::optional<std::uint64_t>> schedule_;
};

}  // namespace weir::channel
