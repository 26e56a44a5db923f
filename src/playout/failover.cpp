// SPDX-License-Identifier: MIT
#include "playout/failover.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include <gsl/gsl>

namespace weir::playout {

using media::MediaTime;

namespace {

std::string because(std::size_t input, const char* what, std::optional<MediaTime> duration = {}) {
    std::string text = "input " + std::to_string(input) + " (" + what;
    if (duration) {
        std::array<char, 32> seconds{};
        std::snprintf(seconds.data(), seconds.size(), " for %.1f s",
                      std::chrono::duration<double>(*duration).count());
        text += seconds.data();
    }
    return text + ")";
}

std::string what_ails(std::size_t index, const InputCondition& input, const Failover& config,
                      MediaTime now) {
    switch (ailment(input, config, now)) {
        case Ailment::silent:
            return because(index, "silent", now - *input.silent_since);
        case Ailment::black:
            return because(index, "black", now - *input.black_since);
        case Ailment::unwatched:
            return because(index, "not connected");
        case Ailment::lost:
            if (!input.last_picture) return because(index, "not connected");
            return because(index, "lost", now - *input.last_picture);
        case Ailment::none:
            break;
    }
    return because(index, "well", now - input.well_since.value_or(now));
}

bool well_for(const InputCondition& input, MediaTime duration, MediaTime now) {
    return input.well_since && now - *input.well_since >= duration;
}

// The best of the list; nothing when that is not better than the present one.
std::optional<std::size_t> rescue(std::span<const InputCondition> inputs, const Failover& config,
                                  std::size_t present, MediaTime now) {
    const auto worse = [&](const InputCondition& a, const InputCondition& b) {
        return ailment(a, config, now) < ailment(b, config, now);
    };
    const auto best = std::min_element(inputs.begin(), inputs.end(), worse);
    if (!worse(*best, inputs[present])) return std::nullopt;
    return static_cast<std::size_t>(best - inputs.begin());
}

}  // namespace

Ailment ailment(const InputCondition& input, const Failover& config, MediaTime now) {
    if (!input.watched) return Ailment::unwatched;
    if (!input.last_picture || now - *input.last_picture >= config.lost_after) {
        return Ailment::lost;
    }
    if (config.black_threshold && input.black_since &&
        now - *input.black_since >= config.black_after) {
        return Ailment::black;
    }
    if (config.silence_threshold && input.silent_since &&
        now - *input.silent_since >= config.silence_after) {
        return Ailment::silent;
    }
    return Ailment::none;
}

void observe(InputCondition& input, const Failover& config, MediaTime now) {
    if (ailment(input, config, now) != Ailment::none) {
        input.well_since.reset();
    } else if (!input.well_since) {
        input.well_since = now;
    }
}

Choice choose(std::span<const InputCondition> inputs, const Failover& config, std::size_t present,
              std::optional<std::size_t> manual, MediaTime now) {
    Expects(present < inputs.size() && (!manual || *manual < inputs.size()));
    if (manual) {
        return {*manual, *manual == present ? "" : because(*manual, "chosen by hand")};
    }
    if (!config.automatic) return {present, ""};
    const Ailment present_ailment = ailment(inputs[present], config, now);
    if (present_ailment >= Ailment::unwatched) {
        const auto saved = rescue(inputs, config, present, now);
        if (!saved) return {present, ""};
        return {*saved, what_ails(present, inputs[present], config, now)};
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (i == present || (i > present && present_ailment == Ailment::none)) continue;
        // The present one delivers something: it is not left for one that comes and goes.
        const auto patience =
            i < present ? config.recover_after : std::min(config.lost_after, config.recover_after);
        if (ailment(inputs[i], config, now) != Ailment::none ||
            !well_for(inputs[i], patience, now)) {
            continue;
        }
        const std::size_t why = present_ailment == Ailment::none ? i : present;
        return {i, what_ails(why, inputs[why], config, now)};
    }
    return {present, ""};
}

}  // namespace weir::playout
