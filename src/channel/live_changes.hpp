// SPDX-License-Identifier: MIT
// Which fields of a channel's configuration cannot change at the moment.
// Threads: pure functions.
#pragma once

#include <vector>

#include <weir/config.hpp>

namespace weir::channel {

// One problem for each field that differs and must not; `running`: it has a programme.
std::vector<Problem> cannot_change(const ChannelConfig& before, const ChannelConfig& after,
                                   bool running);

}  // namespace weir::channel
