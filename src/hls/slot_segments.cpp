// SPDX-License-Identifier: MIT
#include "hls/slot_segments.hpp"

#include <algorithm>
#include <chrono>

namespace weir::hls {
namespace {

constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;

// The nearest microsecond. Always of a time, never of a duration, so the errors cannot add up.
std::int64_t to_microseconds(media::MediaTime time) {
    return std::chrono::round<std::chrono::microseconds>(time).count();
}

std::int64_t microseconds_up(media::MediaTime duration) {
    return std::chrono::ceil<std::chrono::microseconds>(duration).count();
}

// What the slots [first, last] last together. Not the difference of their times: what was passed
// through may leave time out between slots.
media::MediaTime span(const media::SlotList& slots, std::size_t first, std::size_t last) {
    return slots[last].position + (slots[last].end - slots[last].start) - slots[first].position;
}

const media::PartialSlot* parts_of(const media::Window& window, std::int64_t number) {
    const auto found = std::ranges::find_if(
        window.partial, [number](const auto& partial) { return partial->slot.number == number; });
    return found == window.partial.end() ? nullptr : found->get();
}

// The slot that is being made.
const media::PartialSlot* growing_of(const media::Window& window) {
    if (window.partial.empty()) return nullptr;
    const media::PartialSlot& newest = *window.partial.back();
    const bool whole = !window.slots.empty() && newest.slot.number <= window.slots.back().number;
    return whole || newest.parts.empty() ? nullptr : &newest;
}

// RFC 8216bis 4.4.4.9: parts further than three target durations from the end are not shown, so
// that they are in no more than three segments, with the one that is being made.
std::size_t first_with_parts(const media::Window& window) {
    constexpr std::size_t kSegmentsWithParts = 3;
    std::size_t shown = growing_of(window) != nullptr ? 1 : 0;
    std::size_t first = window.slots.size();
    for (; first > 0 && shown < kSegmentsWithParts; --first, ++shown) {
        const media::Slot& slot = window.slots[first - 1];
        if (slot.gap || parts_of(window, slot.number) == nullptr) break;
    }
    return first;
}

// How many of the first slots lie further from the end of the last whole segment than the Skip
// Boundary.
std::size_t skippable(const media::SlotList& slots, const SlotSegments& segments,
                      std::int64_t can_skip_until_us) {
    if (slots.empty()) return 0;
    const media::MediaTime boundary =
        std::chrono::microseconds(can_skip_until_us + segments.jitter_us());
    const std::size_t last = slots.size() - 1;
    const auto near =
        std::partition_point(slots.begin(), slots.end(), [&](const media::Slot& slot) {
            const media::MediaTime behind = span(slots, 0, last) -
                                            (slot.position - slots.front().position) -
                                            (slot.end - slot.start);
            return behind > boundary;
        });
    return static_cast<std::size_t>(near - slots.begin());
}

std::vector<RenditionReport> reports_of(const media::Window& window,
                                        const std::vector<std::string>& uris) {
    std::optional<std::int64_t> last_part;
    std::int64_t last_number = 0;
    if (!window.slots.empty()) last_number = window.slots.back().number;
    if (!window.partial.empty() && !window.partial.back()->parts.empty() &&
        (window.slots.empty() || window.partial.back()->slot.number >= last_number)) {
        last_number = window.partial.back()->slot.number;
        last_part = static_cast<std::int64_t>(window.partial.back()->parts.size()) - 1;
    }
    std::vector<RenditionReport> reports;
    for (const std::string& uri : uris) {
        reports.push_back({.uri = uri, .last_number = last_number, .last_part = last_part});
    }
    return reports;
}

// What only a playlist has that goes on.
void add_low_latency(PlaylistFrame& frame, const media::Window& window,
                     const SlotSegments& segments, const MediaPlaylistOptions& options) {
    MediaPlaylist& playlist = frame.playlist;
    playlist.server_control = options.server_control;
    if (options.part_target > media::MediaTime::zero() && !options.i_frames_only) {
        // The schedule adds a nanosecond for what its times were rounded down by, which must not
        // become a microsecond where they are exact.
        playlist.part_target_us = microseconds_up(options.part_target - media::MediaTime(1));
        frame.parts_begin = first_with_parts(window);
        if (window.hint) playlist.preload_hint = segments.hint_uri(*window.hint);
    }
    playlist.rendition_reports = reports_of(window, options.rendition_reports);
    if (!options.server_control || options.server_control->can_skip_until_us == 0) return;
    playlist.version = 9;
    if (options.delta) {
        frame.first = skippable(window.slots, segments, options.server_control->can_skip_until_us);
        frame.first = std::min(frame.first, frame.parts_begin);
        playlist.skipped_segments = static_cast<std::int64_t>(frame.first);
    }
}

}  // namespace

ServerControl server_control(std::int64_t target_duration, media::MediaTime longest_part) {
    ServerControl control{.can_block_reload = true,
                          .can_skip_until_us = 6 * target_duration * kMicrosecondsPerSecond,
                          .hold_back_us = 3 * target_duration * kMicrosecondsPerSecond};
    if (longest_part > media::MediaTime::zero()) {
        control.part_hold_back_us = 3 * microseconds_up(longest_part - media::MediaTime(1));
    }
    return control;
}

SlotSegments::SlotSegments(const std::string& rendition, const MediaPlaylistOptions& options)
    : rendition_(rendition),
      uri_prefix_(options.uri_prefix),
      extension_(options.extension),
      tracks_(options.tracks),
      target_duration_(options.target_duration),
      i_frames_only_(options.i_frames_only) {
    index_ = index_of(rendition);
    if (index_) track_ = tracks_[*index_];
}

std::optional<std::size_t> SlotSegments::index_of(const std::string& track) const {
    const auto found = std::ranges::find(tracks_, track, &media::Track::name);
    if (found == tracks_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - tracks_.begin());
}

std::string SlotSegments::map_uri(const media::Slot& slot) const {
    const std::string file = media::init_file(rendition_, slot);
    return file.empty() ? file : uri_prefix_ + file;
}

std::string SlotSegments::hint_uri(const media::PartHint& hint) const {
    return uri_prefix_ + media::part_file(rendition_, hint);
}

std::int64_t SlotSegments::duration_us(media::MediaTime start, media::MediaTime end) const {
    return to_microseconds(media::track_time(track_, end)) -
           to_microseconds(media::track_time(track_, start));
}

std::int64_t SlotSegments::jitter_us() const {
    if (track_.kind != media::TrackKind::audio || track_.sample_rate <= 0) return 1;
    return 1 + (track_.frame_samples * kMicrosecondsPerSecond) / track_.sample_rate;
}

MediaSegment SlotSegments::begin_of(const media::Slot& slot, std::string& map) const {
    MediaSegment segment;
    segment.program_date_time = media::track_time(track_, slot.start);
    segment.discontinuity = slot.discontinuity;
    segment.gap = slot.gap;
    if (slot.discontinuity) map.clear();
    std::string own = map_uri(slot);
    if (own.empty() || own == map) return segment;
    segment.map = own;
    map = std::move(own);
    return segment;
}

MediaSegment SlotSegments::whole(const media::Slot& slot, std::string& map) const {
    MediaSegment segment = begin_of(slot, map);
    segment.uri = uri_prefix_ + media::segment_file(rendition_, slot, extension_.c_str());
    segment.duration_us = duration_us(slot.start, slot.end);
    if (slot.gap) shorten_gap(segment);
    if (i_frames_only_) {
        const bool known = index_ && *index_ < slot.keyframe_bytes.size();
        segment.leading_bytes = known ? slot.keyframe_bytes[*index_] : 0;
        segment.gap = segment.gap || segment.leading_bytes == 0;
        if (segment.gap) segment.leading_bytes = 0;
    }
    return segment;
}

// A hole may be longer than the numbers in it have room for (the slot before it was cut short), and
// no EXTINF may be above the target duration: what a gap lacks then is at its beginning.
void SlotSegments::shorten_gap(MediaSegment& gap) const {
    const std::int64_t most = target_duration_ * kMicrosecondsPerSecond;
    if (most == 0 || gap.duration_us < most + kMicrosecondsPerSecond / 2) return;
    gap.program_date_time += std::chrono::microseconds(gap.duration_us - most);
    gap.duration_us = most;
}

MediaSegment SlotSegments::growing(const media::PartialSlot& parts, std::string& map) const {
    MediaSegment segment = begin_of(parts.slot, map);
    add_parts(segment, parts);
    return segment;
}

bool SlotSegments::independent(const media::PartialSlot& parts,
                               const media::PartEntry& part) const {
    if (track_.kind == media::TrackKind::audio) return true;
    const auto& stand_ins = parts.slot.stand_ins;
    const bool stands_in = stand_ins && stand_ins->contains(rendition_);
    const auto index = stands_in ? index_of(stand_ins->at(rendition_)) : index_;
    return index && *index < part.tracks.size() && part.tracks[*index].independent;
}

void SlotSegments::add_parts(MediaSegment& segment, const media::PartialSlot& parts) const {
    for (std::size_t i = 0; i < parts.parts.size(); ++i) {
        const media::PartEntry& part = parts.parts[i];
        segment.parts.push_back({.uri = uri_prefix_ + media::part_file(rendition_, parts.slot, i),
                                 .duration_us = duration_us(part.start, part.end),
                                 .independent = independent(parts, part)});
    }
}

PlaylistFrame make_frame(const media::Window& window, const SlotSegments& segments,
                         const MediaPlaylistOptions& options) {
    PlaylistFrame frame;
    MediaPlaylist& playlist = frame.playlist;
    playlist.target_duration = options.target_duration;
    playlist.type = options.type;
    playlist.independent_segments = options.independent_segments;
    playlist.discontinuity_sequence = window.discontinuity_sequence;
    playlist.end_list = window.ended;
    // RFC 8216bis 8: what EXT-X-GAP needs. A live window has none, and an I-frame may be missing.
    if (window.has_gap || options.i_frames_only) playlist.version = 8;
    playlist.i_frames_only = options.i_frames_only;
    playlist.start = options.start;
    const media::PartialSlot* growing = growing_of(window);
    if (!window.slots.empty()) {
        playlist.media_sequence = window.slots.front().number;
    } else if (growing != nullptr) {
        playlist.media_sequence = growing->slot.number;
    }
    frame.parts_begin = window.slots.size();
    if (!window.ended && options.type != MediaPlaylistType::vod) {
        add_low_latency(frame, window, segments, options);
    }
    return frame;
}

void add_live_edge(PlaylistFrame& frame, const media::Window& window, const SlotSegments& segments,
                   std::string& map) {
    MediaPlaylist& playlist = frame.playlist;
    if (playlist.part_target_us == 0) return;
    for (std::size_t i = frame.parts_begin; i < window.slots.size(); ++i) {
        MediaSegment segment = segments.whole(window.slots[i], map);
        segments.add_parts(segment, *parts_of(window, window.slots[i].number));
        playlist.segments.push_back(std::move(segment));
    }
    if (const auto* growing = growing_of(window)) {
        playlist.segments.push_back(segments.growing(*growing, map));
    }
}

}  // namespace weir::hls
