// SPDX-License-Identifier: MIT
// Times as an MPD spells them, exact to the nanosecond.
// Threads: pure functions.
#pragma once

#include <string>

#include "media/time.hpp"

namespace weir::dash {

// Decimal seconds without superfluous places: "1.666". Requires: duration >= 0.
std::string seconds_text(media::MediaTime duration);

// xs:duration: "PT1.666S".
std::string duration_text(media::MediaTime duration);

// xs:dateTime in UTC, rounded down to milliseconds: "2026-11-22T08:00:00.000Z".
std::string utc_text(media::MediaTime time);

}  // namespace weir::dash
