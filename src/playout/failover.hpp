// SPDX-License-Identifier: MIT
// Which of the inputs is on air: the first of the list that is well, unless somebody chose one by
// hand. Away from a lost one at once; back to one that goes before the present one only when it
// has been well for a while, so that one that flaps is not followed.
// Threads: pure functions of values.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include <weir/config.hpp>

#include "media/time.hpp"

namespace weir::playout {

// What is known of an input. All times are of one monotonic clock.
struct InputCondition {
    // Somebody looks: false for a cold standby, which is tried when nothing better is there.
    bool watched = true;
    // When the last picture came; before the first one, when it was asked to connect (later, to
    // give it time); empty: it cannot.
    std::optional<media::MediaTime> last_picture{};
    std::optional<media::MediaTime> black_since{};
    std::optional<media::MediaTime> silent_since{};
    // Nothing has ailed it since: kept by observe().
    std::optional<media::MediaTime> well_since{};
};

// What is wrong with an input, from good to bad.
enum class Ailment { none, silent, black, unwatched, lost };

Ailment ailment(const InputCondition& input, const Failover& config, media::MediaTime now);

// Brings `well_since` up to date. To be called whenever something is known anew, before choose().
void observe(InputCondition& input, const Failover& config, media::MediaTime now);

struct Choice {
    std::size_t input = 0;
    std::string reason{};  // "input 0 (lost for 0.5 s)", for an event; empty: as before

    friend bool operator==(const Choice&, const Choice&) = default;
};

// Requires: `present` and `manual`, if there is one, are among the inputs.
Choice choose(std::span<const InputCondition> inputs, const Failover& config, std::size_t present,
              std::optional<std::size_t> manual, media::MediaTime now);

}  // namespace weir::playout
