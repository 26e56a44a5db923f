// SPDX-License-Identifier: MIT
// Which part of a programme a manifest shows: the live edge, a start-over, a past hour.
// Threads: pure functions of a Timeline, which is thread-safe itself.
#pragma once

#include <weir/result.hpp>

#include "media/timeline.hpp"
#include "origin/manifest_query.hpp"
#include "origin/view.hpp"

namespace weir::origin {

struct Selection {
    enum class Kind {
        sliding,  // live: the window moves
        growing,  // EVENT: slots come at the end, none goes
        whole     // VOD: nothing changes any more
    };
    media::Window window;
    Kind kind = Kind::sliding;
};

// `own`: at the programme's own address, which shows a recording from its start.
//
// `start` gives a growing list from the slot that it lies in, which is whole once the programme
// ends; with an `end` that has passed it is whole at once. Before the programme's first slot it is
// that slot. `time_delay` ends everything so much earlier than the newest slot.
// Errors: not_found when the time is out of the viewer's reach or not there yet; unavailable while
// the programme has no slot.
Result<Selection> select_window(const View& view, bool own, const ManifestQuery& query);

}  // namespace weir::origin
