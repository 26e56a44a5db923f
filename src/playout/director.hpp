// SPDX-License-Identifier: MIT
// Decides at each tick which input is on: the schedule's switches and the host's choice first, else
// the failover.
// Threads: one thread at a time.
#pragma once

#include <cstddef>
#include <iterator>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "media/time.hpp"
#include "playout/failover.hpp"

namespace weir::playout {

// Another input came on.
struct Switch {
    std::size_t from = 0;
    std::size_t to = 0;
    media::MediaTime time{};  // of its first frame
    std::string reason;
};

class Director {
public:
    static constexpr std::size_t kMaxScheduled = 1000;

    explicit Director(const Failover& config) : config_(config) {}

    void set_config(const Failover& config) { config_ = config; }

    // From the tick at or after `at` on this input is on, whatever happens; nothing: whichever the
    // failover chooses. A later call for the same time takes the place of an earlier one.
    // False: too many are scheduled.
    bool choose(std::optional<std::size_t> input, media::MediaTime at) {
        if (schedule_.size() >= kMaxScheduled && !schedule_.contains(at)) return false;
        schedule_[at] = input;
        return true;
    }

    // The list has changed: input i is number `now[i]`; nothing: it was removed, and what the host
    // wanted of it with it.
    void renumber(std::span<const std::optional<std::size_t>> now) {
        const auto number = [&](std::size_t input) -> std::optional<std::size_t> {
            return input < now.size() ? now[input] : std::nullopt;
        };
        if (manual_) manual_ = number(*manual_);
        for (auto at = schedule_.begin(); at != schedule_.end();) {
            const bool names_one = at->second.has_value();
            if (names_one) at->second = number(*at->second);
            at = names_one && !at->second ? schedule_.erase(at) : std::next(at);
        }
    }

    // The host's choice that rules now, for who asks.
    [[nodiscard]] std::optional<std::size_t> manual() const { return manual_; }

    // Which one is on from this tick on. Requires: there is an input.
    Choice decide(media::MediaTime now, std::span<InputCondition> inputs, std::size_t present) {
        while (!schedule_.empty() && schedule_.begin()->first <= now) {
            manual_ = schedule_.begin()->second;
            schedule_.erase(schedule_.begin());
        }
        for (auto& input : inputs) observe(input, config_, now);
        if (manual_ && *manual_ >= inputs.size()) manual_.reset();
        if (present >= inputs.size()) return {manual_.value_or(0), "the input before was removed"};
        return playout::choose(inputs, config_, present, manual_, now);
    }

    [[nodiscard]] bool is_well(media::MediaTime now, const InputCondition& input) const {
        return ailment(input, config_, now) == Ailment::none;
    }

private:
    Failover config_;
    std::optional<std::size_t> manual_;
    std::map<media::MediaTime, std::optional<std::size_t>> schedule_;
};

}  // namespace weir::playout
