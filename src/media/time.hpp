// SPDX-License-Identifier: MIT
// Media time: nanoseconds since the Unix epoch for a live channel, since the start for a job.
// Threads: values.
#pragma once

#include <chrono>
#include <cstdint>

namespace weir::media {

using MediaTime = std::chrono::nanoseconds;

}  // namespace weir::media
