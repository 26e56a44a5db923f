// SPDX-License-Identifier: MIT
#include "origin/time_shift.hpp"

#include <algorithm>

namespace weir::origin {

using media::MediaTime;

namespace {

void begin_at(media::Window& window, std::size_t first) {
    if (first == 0) return;
    window.slots = window.slots.slice(first, window.slots.size());
    window.from_start = false;
    if (window.slots.empty()) return;
    const media::Slot& front = window.slots.front();
    window.discontinuity_sequence = front.discontinuity_sequence - front.discontinuity;
}

// No manifest begins with a gap: hls.js never starts on one.
void drop_leading_gaps(media::Window& window) {
    std::size_t first = 0;
    while (first < window.slots.size() && window.slots[first].gap) ++first;
    begin_at(window, first);
}

// A sliding manifest contains no gap: a live one is fatal in shaka.
void drop_up_to_last_gap(media::Window& window) {
    std::size_t first = window.slots.size();
    while (first > 0 && !window.slots[first - 1].gap) --first;
    begin_at(window, first);
}

void make_whole(media::Window& window) {
    window.ended = true;
    window.partial.clear();
    window.hint.reset();
}

Error out_of_reach(const char* text) {
    return Error{ErrorCode::not_found, text};
}

// How far back a viewer may go, from the newest slot's end.
MediaTime reach(const View& view) {
    if (view.recorded || view.playlist_type == PlaylistType::event) return MediaTime::max();
    return std::max(view.time_shift, view.window);
}

Result<Selection> from_start_time(const View& view, const ManifestQuery& query,
                                  const media::Edge& edge, MediaTime newest) {
    if (*query.start >= newest) return out_of_reach("start is not there yet");
    const MediaTime far = reach(view);
    const bool too_far = far != MediaTime::max() && *query.start < edge.end - far;
    // A whole slot of slack: who has just been given this address may still use it.
    const bool gone = too_far && *query.start < edge.end - far - view.segment_duration;
    if (gone) return out_of_reach("start is further back than this channel keeps");
    const MediaTime end = std::min(query.end.value_or(MediaTime::max()), newest);
    Selection result{.window = view.timeline->between(*query.start, end), .kind = {}};
    auto& window = result.window;
    drop_leading_gaps(window);
    if (window.slots.empty()) return out_of_reach("there is nothing at this time");
    const bool begins_there = window.slots.front().start <= *query.start || window.from_start;
    const bool after_gap = window.slots.front().discontinuity;
    if (!begins_there && !after_gap) {
        return out_of_reach("start is further back than this channel keeps");
    }
    const bool reached = query.end && *query.end <= newest;
    if (reached || edge.ended) {
        make_whole(window);
        result.kind = Selection::Kind::whole;
    } else {
        result.kind = Selection::Kind::growing;
    }
    return result;
}

}  // namespace

Result<Selection> select_window(const View& view, bool own, const ManifestQuery& query) {
    const media::Timeline& timeline = *view.timeline;
    const media::Edge edge = timeline.edge();
    if (!edge.last_number && edge.parts == 0) {
        return Error{ErrorCode::unavailable, "the first segment is not complete yet"};
    }
    const MediaTime delay = query.time_delay.value_or(MediaTime::zero());
    // After the end nothing moves on, so that a delay would hide the rest for ever.
    const MediaTime newest = edge.ended ? edge.end : edge.end - delay;
    if (query.start) return from_start_time(view, query, edge, newest);
    const bool everything = view.playlist_type == PlaylistType::event || (own && view.recorded);
    Selection result;
    if (everything && !query.window && !query.time_delay) {
        result.window = timeline.all();
        result.kind = edge.ended ? Selection::Kind::whole : Selection::Kind::growing;
    } else {
        const MediaTime wanted = query.window.value_or(view.window);
        // Both are bounded by the query's reader, so the sum is no overflow.
        if (reach(view) != MediaTime::max() && wanted + delay > reach(view)) {
            return out_of_reach("further back than this channel keeps");
        }
        result.window =
            newest < edge.end ? timeline.between(newest - wanted, newest) : timeline.latest(wanted);
        drop_up_to_last_gap(result.window);
        result.kind = Selection::Kind::sliding;
    }
    if (result.window.slots.empty() && result.window.partial.empty()) {
        return out_of_reach("there is nothing at this time");
    }
    return result;
}

}  // namespace weir::origin
