// SPDX-License-Identifier: MIT
#include "media/timeline.hpp"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include <gsl/gsl>

namespace weir::media {
namespace {

__extension__ typedef unsigned __int128 Uint128;

// A day of 100 Mbit/s in bits times 1e9 does not fit into 64 bits. Rounded up: a bound must hold.
std::int64_t bits_per_second(std::uint64_t size_bytes, MediaTime duration) {
    const auto nanoseconds = static_cast<std::uint64_t>(duration.count());
    return static_cast<std::int64_t>((Uint128(size_bytes) * 8 * 1'000'000'000 + nanoseconds - 1) /
                                     nanoseconds);
}

// The largest bit rate of the sets of contiguous segments that begin with `first` and last between
// half and one and a half target durations; 0 when there is none.
template <typename SizeOf>
std::int64_t peak_from(const SlotList& slots, std::size_t first, const SizeOf& size_of,
                       MediaTime target_duration) {
    std::int64_t peak = 0;
    std::uint64_t size_bytes = 0;
    MediaTime duration{};
    for (std::size_t i = first; i < slots.size() && !slots[i].gap; ++i) {
        size_bytes += size_of(slots[i]);
        duration += slots[i].end - slots[i].start;
        if (2 * duration > 3 * target_duration) break;
        if (duration > MediaTime::zero() && 2 * duration >= target_duration) {
            peak = std::max(peak, bits_per_second(size_bytes, duration));
        }
    }
    return peak;
}

// Over the slots without the gaps.
template <typename SizeOf>
Bandwidth measure(const SlotList& slots, const SizeOf& size_of, MediaTime target_duration) {
    Bandwidth bandwidth;
    std::int64_t largest_segment = 0;
    std::uint64_t size_bytes = 0;
    MediaTime duration{};
    for (std::size_t i = 0; i < slots.size(); ++i) {
        const Slot& slot = slots[i];
        if (slot.gap || slot.end == slot.start) continue;
        size_bytes += size_of(slot);
        duration += slot.end - slot.start;
        largest_segment =
            std::max(largest_segment, bits_per_second(size_of(slot), slot.end - slot.start));
        bandwidth.peak_bps =
            std::max(bandwidth.peak_bps, peak_from(slots, i, size_of, target_duration));
    }
    if (bandwidth.peak_bps == 0) bandwidth.peak_bps = largest_segment;
    if (duration > MediaTime::zero()) bandwidth.average_bps = bits_per_second(size_bytes, duration);
    return bandwidth;
}

// Of one track; 0 when nobody said it.
std::uint64_t keyframe_bytes(const Slot& slot, std::size_t track) {
    return track < slot.keyframe_bytes.size() ? slot.keyframe_bytes[track] : 0;
}

}  // namespace

Timeline::Timeline(std::string programme, std::vector<Track> tracks,
                   std::int64_t discontinuity_sequence)
    : programme_(std::move(programme)),
      first_discontinuity_(discontinuity_sequence),
      tracks_(std::move(tracks)),
      eras_{{.first_number = 0,
             .encoded = std::vector<bool>(tracks_.size(), true),
             .stand_ins = {},
             .run = {}}},
      newest_(tracks_.size()) {
    Expects(!tracks_.empty());
}

std::vector<Track> Timeline::tracks() const {
    const std::lock_guard lock(mutex_);
    const Era& era = last_ ? era_of(last_->number) : eras_.front();
    std::vector<Track> encoded;
    for (std::size_t i = 0; i < tracks_.size(); ++i) {
        if (encodes(era, i)) encoded.push_back(tracks_[i]);
    }
    return encoded;
}

std::vector<Track> Timeline::all_tracks() const {
    const std::lock_guard lock(mutex_);
    return tracks_;
}

std::size_t Timeline::index_of(const std::string& track) const {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(tracks_.begin(), tracks_.end(),
                                    [&](const Track& known) { return known.name == track; });
    Expects(found != tracks_.end());
    return static_cast<std::size_t>(found - tracks_.begin());
}

void Timeline::announce_run(const std::string& run) {
    const std::lock_guard lock(mutex_);
    eras_.front().run = run;
}

void Timeline::end_parts() {
    {
        const std::lock_guard lock(mutex_);
        parts_ended_ = true;
        ++version_;
    }
    changed();
}

void Timeline::change_tracks(std::int64_t first_number, const std::vector<Track>& tracks,
                             const std::string& run) {
    Expects(!tracks.empty());
    const std::lock_guard lock(mutex_);
    parts_ended_ = false;
    Era era{.first_number = first_number,
            .encoded = std::vector<bool>(tracks_.size(), false),
            .stand_ins = {},
            .run = run};
    for (const Track& track : tracks) {
        const auto found = std::find_if(tracks_.begin(), tracks_.end(),
                                        [&](const Track& t) { return t.name == track.name; });
        const auto index = static_cast<std::size_t>(found - tracks_.begin());
        if (found == tracks_.end()) {
            tracks_.push_back(track);
            newest_.emplace_back();
            era.encoded.push_back(true);
        } else {
            const std::string codecs = found->codecs;  // until the new run says its own
            *found = track;
            found->codecs = codecs;
            era.encoded[index] = true;
        }
    }
    while (!eras_.empty() && eras_.back().first_number >= first_number) eras_.pop_back();
    eras_.push_back(std::move(era));
    for (Era& each : eras_) {
        auto names = std::make_shared<std::map<std::string, std::string>>();
        for (std::size_t i = 0; i < tracks_.size(); ++i) {
            if (!encodes(each, i)) (*names)[tracks_[i].name] = tracks_[stand_in(each, i)].name;
        }
        if (!names->empty()) each.stand_ins = std::move(names);
    }
    const SlotList before = std::exchange(slots_, {});
    for (Slot slot : before) {
        const Era& its = era_of(slot.number);
        slot.stand_ins = its.stand_ins;
        for (std::size_t i = slot.size_bytes.size(); i < tracks_.size(); ++i) {
            slot.size_bytes.push_back(slot.size_bytes[stand_in(its, i)]);
            if (i == slot.keyframe_bytes.size()) {
                slot.keyframe_bytes.push_back(slot.keyframe_bytes[stand_in(its, i)]);
            }
        }
        slots_.push_back(std::move(slot));
    }
    ++version_;
}

const Timeline::Era& Timeline::era_of(std::int64_t number) const {
    const auto later = std::find_if(eras_.begin() + 1, eras_.end(),
                                    [number](const Era& era) { return era.first_number > number; });
    return *(later - 1);
}

bool Timeline::encodes(const Era& era, std::size_t track) {
    return track < era.encoded.size() && era.encoded[track];
}

// The encoded track of its kind that is nearest in bandwidth.
std::size_t Timeline::stand_in(const Era& era, std::size_t track) const {
    std::optional<std::size_t> nearest;
    const auto distance = [&](std::size_t other) {
        return std::abs(tracks_[other].bandwidth.peak_bps - tracks_[track].bandwidth.peak_bps);
    };
    for (std::size_t i = 0; i < era.encoded.size(); ++i) {
        if (tracks_[i].kind != tracks_[track].kind) continue;
        if (era.encoded[i] && (!nearest || distance(i) < distance(*nearest))) nearest = i;
    }
    return nearest.value_or(track);
}

bool Timeline::complete(const Pending& pending) const {
    const Era& era = era_of(pending.slot.number);
    for (std::size_t i = 0; i < era.encoded.size(); ++i) {
        if (era.encoded[i] && (i >= pending.answered.size() || !pending.answered[i])) return false;
    }
    return true;
}

void Timeline::set_codecs(std::size_t track, std::string codecs) {
    const std::lock_guard lock(mutex_);
    Expects(track < tracks_.size());
    tracks_[track].codecs = std::move(codecs);
    ++version_;
}

void Timeline::describe(std::size_t track, Track description) {
    const std::lock_guard lock(mutex_);
    Expects(track < tracks_.size());
    description.name = tracks_[track].name;
    tracks_[track] = std::move(description);
    ++version_;
}

void Timeline::set_init(std::size_t track, const std::string& run, const std::string& file,
                        const Bytes& bytes) {
    const std::lock_guard lock(mutex_);
    Expects(track < tracks_.size());
    init_bytes_.emplace_back(file, bytes);
    if (init_bytes_.size() > kInits) init_bytes_.pop_front();
    const auto before = inits_of(run);
    auto files = before ? *before : std::map<std::string, std::string>();
    files[tracks_[track].name] = file;
    inits_[run] = std::make_shared<const std::map<std::string, std::string>>(std::move(files));
}

std::optional<Bytes> Timeline::init(const std::string& file) const {
    const std::lock_guard lock(mutex_);
    const auto found =
        std::ranges::find_if(init_bytes_, [&](const auto& known) { return known.first == file; });
    return found == init_bytes_.end() ? std::nullopt : std::optional(found->second);
}

std::string Timeline::run_of(std::int64_t number) const {
    const std::lock_guard lock(mutex_);
    return era_of(number).run;
}

Names Timeline::inits_of(const std::string& run) const {
    const auto found = inits_.find(run);
    return found == inits_.end() ? nullptr : found->second;
}

std::vector<Slot> Timeline::add(std::size_t track, std::int64_t number, MediaTime start,
                                MediaTime end, const std::string& run,
                                std::optional<std::uint64_t> size_bytes,
                                std::uint64_t keyframe_bytes) {
    Expects(start <= end);
    std::vector<Slot> added;
    {
        const std::lock_guard lock(mutex_);
        added = add_locked(track, number, start, end, run, size_bytes, keyframe_bytes);
    }
    if (!added.empty()) changed();
    return added;
}

std::vector<Slot> Timeline::add_locked(std::size_t track, std::int64_t number, MediaTime start,
                                       MediaTime end, const std::string& run,
                                       std::optional<std::uint64_t> size_bytes,
                                       std::uint64_t keyframe_bytes) {
    Expects(track < tracks_.size());
    if (ended_ || (newest_[track] && number <= *newest_[track])) return {};
    if (last_ && number <= last_->number) {  // the others did not wait for it
        newest_[track] = number;
        return {};
    }
    for (auto& [waiting, pending] : pending_) {
        if (waiting < number && (!newest_[track] || waiting > *newest_[track])) {
            answer(pending, track, std::nullopt);
        }
    }
    newest_[track] = number;
    Pending& pending = pending_slot(number, start, end, run);
    answer(pending, track, size_bytes);
    if (keyframe_bytes > 0) {
        pending.slot.keyframe_bytes.resize(tracks_.size(), 0);
        pending.slot.keyframe_bytes[track] = keyframe_bytes;
    }

    const std::size_t before = slots_.size();
    while (!pending_.empty() &&
           (complete(pending_.begin()->second) || pending_.size() > kMaxPending)) {
        publish_oldest();
    }
    show_parts();
    return {slots_.begin() + static_cast<std::ptrdiff_t>(before), slots_.end()};
}

Timeline::Pending& Timeline::pending_slot(std::int64_t number, MediaTime start, MediaTime end,
                                          const std::string& run) {
    auto [position, is_new] = pending_.try_emplace(number);
    Pending& pending = position->second;
    if (is_new) {
        pending.slot.number = number;
        pending.slot.start = start;
        pending.slot.end = end;
        pending.slot.run = run;
        // A track that is further on already has left this slot out.
        for (std::size_t other = 0; other < tracks_.size(); ++other) {
            if (newest_[other] && *newest_[other] > number) answer(pending, other, std::nullopt);
        }
    }
    return pending;
}

void Timeline::answer(Pending& pending, std::size_t track,
                      std::optional<std::uint64_t> size_bytes) {
    if (!encodes(era_of(pending.slot.number), track)) return;
    pending.slot.size_bytes.resize(tracks_.size(), 0);
    pending.answered.resize(tracks_.size(), false);
    pending.slot.size_bytes[track] = size_bytes.value_or(0);
    pending.missing = pending.missing || !size_bytes;
    pending.answered[track] = true;
}

void Timeline::publish_oldest() {
    Pending pending = std::move(pending_.extract(pending_.begin()).mapped());
    const Era& era = era_of(pending.slot.number);
    pending.slot.gap = pending.missing || !complete(pending);
    pending.slot.stand_ins = era.stand_ins;
    pending.slot.inits = inits_of(pending.slot.run);
    std::vector<std::uint64_t>& sizes = pending.slot.size_bytes;
    std::vector<std::uint64_t>& keyframes = pending.slot.keyframe_bytes;
    sizes.resize(tracks_.size(), 0);
    if (!keyframes.empty()) keyframes.resize(tracks_.size(), 0);
    for (std::size_t i = 0; i < tracks_.size(); ++i) {
        if (encodes(era, i)) continue;
        sizes[i] = sizes[stand_in(era, i)];
        if (!keyframes.empty()) keyframes[i] = keyframes[stand_in(era, i)];
    }
    if (last_) fill_hole(pending.slot);
    append(std::move(pending.slot));
}

// Gives the slots between the last and `next`, which no track made, an equal share of the time.
void Timeline::fill_hole(const Slot& next) {
    const Slot before = *last_;
    const std::int64_t missing = next.number - before.number - 1;
    const MediaTime hole = std::max(MediaTime::zero(), next.start - before.end);
    const MediaTime share = hole / std::max<std::int64_t>(1, missing);
    for (std::int64_t i = 0; i < missing; ++i) {
        Slot slot;
        slot.number = before.number + 1 + i;
        slot.start = before.end + i * share;
        slot.end = i + 1 == missing ? before.end + hole : slot.start + share;
        slot.run = before.run;
        slot.gap = true;
        slot.size_bytes.assign(tracks_.size(), 0);
        append(std::move(slot));
    }
}

void Timeline::append(Slot slot) {
    if (slot.gap && !first_number_) return;  // before the programme's first slot
    if (!slot.gap) {
        slot.discontinuity = is_discontinuity(slot.run);
        mark_next_ = false;
    }
    join(slot);
    if (!first_number_) first_number_ = slot.number;
    if (last_) slot.position = last_->position + (last_->end - last_->start);
    last_ = slot;
    if (slot.gap && slots_.empty()) return;  // all before it is trimmed: it would come first
    if (slot.gap) gaps_.push_back(slot.number);
    slots_.push_back(std::move(slot));
    ++version_;
}

// What the slot has from the one before it, and what begins with it.
void Timeline::join(Slot& slot) const {
    slot.discontinuity_sequence =
        (last_ ? last_->discontinuity_sequence : first_discontinuity_) + slot.discontinuity;
    const bool begins = !last_ || slot.discontinuity;
    slot.unbroken_number = begins ? slot.number : last_->unbroken_number;
    slot.unbroken_start = begins ? slot.start : last_->unbroken_start;
}

bool Timeline::is_discontinuity(const std::string& run) const {
    return last_ && (mark_next_ || last_->gap || last_->run != run);
}

void Timeline::mark_discontinuity() {
    const std::lock_guard lock(mutex_);
    mark_next_ = true;
}

std::int64_t Timeline::next_discontinuity_sequence() const {
    const std::lock_guard lock(mutex_);
    return (last_ ? last_->discontinuity_sequence : first_discontinuity_) + 1;
}

void Timeline::finish() {
    {
        const std::lock_guard lock(mutex_);
        if (ended_) return;
        pending_.clear();
        parts_.clear();
        partial_.clear();
        ended_ = true;
        ++version_;
    }
    changed();
}

// ---- Parts ----------------------------------------------------------------------------------

void Timeline::add_part(std::size_t track, const Part& part) {
    {
        const std::lock_guard lock(mutex_);
        Expects(track < tracks_.size());
        if (ended_ || part.index >= part.count) return;
        if (last_ && part.number <= last_->number) return;
        if (!encodes(era_of(part.number), track)) return;
        auto& by_track = parts_[part.number];
        by_track.resize(tracks_.size());
        if (by_track[track].size() != part.index) return;
        by_track[track].push_back(part);
        // A slot that never becomes whole must not keep its parts for ever.
        while (parts_.size() > kMaxPending) parts_.erase(parts_.begin());
        const std::uint64_t before = version_;
        show_parts();
        if (version_ == before) return;
    }
    changed();
}

// Whether a reader who has all slots before it knows where slot `number` belongs.
bool Timeline::can_show(std::int64_t number) const {
    return !last_ || (last_->number == number - 1 && !last_->gap);
}

bool Timeline::complete_part(const Era& era, std::int64_t number, std::size_t index) const {
    const auto& by_track = parts_.at(number);
    for (std::size_t i = 0; i < tracks_.size(); ++i) {
        if (encodes(era, i) && (i >= by_track.size() || by_track[i].size() <= index)) return false;
    }
    return true;
}

// Moves what has come in every track to what is seen.
void Timeline::show_parts() {
    while (!parts_.empty() && last_ && parts_.begin()->first <= last_->number) {
        parts_.erase(parts_.begin());
    }
    // What became a gap was never there.
    std::erase_if(partial_, [this](const auto& partial) {
        const std::int64_t number = partial->slot.number;
        return last_ && number <= last_->number && !partial->complete();
    });
    if (!parts_.empty() && can_show(parts_.begin()->first)) {
        const auto& [number, by_track] = *parts_.begin();
        const Era& era = era_of(number);
        const bool begun = !partial_.empty() && partial_.back()->slot.number == number;
        auto next = std::make_shared<PartialSlot>(begun ? *partial_.back() : PartialSlot{});
        const std::size_t before = next->parts.size();
        while (complete_part(era, number, next->parts.size())) {
            PartEntry entry;
            entry.tracks.resize(tracks_.size());
            for (std::size_t i = 0; i < by_track.size(); ++i) {
                if (!encodes(era, i)) continue;
                const Part& part = by_track[i][next->parts.size()];
                entry.tracks[i] = {.bytes = part.bytes, .independent = part.independent};
                if (next->parts.empty()) next->slot.start = part.slot_start;
                entry.start = part.start;
                entry.end = part.end;
                next->count = part.count;
            }
            next->parts.push_back(std::move(entry));
        }
        if (next->parts.size() == before) return;
        if (!begun) {
            next->slot.number = number;
            next->slot.run = era.run;
            next->slot.stand_ins = era.stand_ins;
            next->slot.inits = inits_of(era.run);
            next->slot.discontinuity = is_discontinuity(era.run);
            join(next->slot);
        }
        next->slot.end = next->parts.back().end;
        if (begun) partial_.pop_back();
        partial_.push_back(std::move(next));
        while (partial_.size() > kSlotsWithParts + 1) partial_.erase(partial_.begin());
        ++version_;
    }
}

std::optional<PartHint> Timeline::hint() const {
    if (partial_.empty() || parts_ended_ || ended_) return std::nullopt;
    const PartialSlot& newest = *partial_.back();
    if (last_ && newest.slot.number < last_->number) return std::nullopt;
    PartHint next{.number = newest.slot.number,
                  .index = newest.parts.size(),
                  .run = newest.slot.run,
                  .stand_ins = newest.slot.stand_ins};
    if (!newest.complete()) return next;
    const Era& era = era_of(newest.slot.number + 1);
    if (era.run.empty()) return std::nullopt;
    return PartHint{
        .number = newest.slot.number + 1, .index = 0, .run = era.run, .stand_ins = era.stand_ins};
}

std::shared_ptr<const PartialSlot> Timeline::partial(std::int64_t number) const {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find_if(
        partial_, [number](const auto& partial) { return partial->slot.number == number; });
    return found == partial_.end() ? nullptr : *found;
}

// ---- What readers see -----------------------------------------------------------------------

Window Timeline::window_from(std::size_t first, std::size_t end) const {
    Window window;
    window.ended = ended_;
    window.slots = slots_.slice(first, end);
    window.discontinuity_sequence = last_ ? last_->discontinuity_sequence : first_discontinuity_;
    if (!window.slots.empty()) {
        const Slot& front = window.slots.front();
        window.discontinuity_sequence = front.discontinuity_sequence - front.discontinuity;
        window.from_start = front.number == *first_number_;
        const auto gap = std::ranges::lower_bound(gaps_, front.number);
        window.has_gap = gap != gaps_.end() && *gap <= window.slots.back().number;
    }
    if (end < slots_.size()) return window;
    const auto shown = [&](const PartialSlot& partial) {
        return slots_.empty() || partial.slot.number > slots_.back().number ||
               (!window.slots.empty() && partial.slot.number >= window.slots.front().number);
    };
    std::ranges::copy_if(partial_, std::back_inserter(window.partial),
                         [&](const auto& partial) { return shown(*partial); });
    window.hint = hint();
    if (slots_.empty()) window.from_start = true;
    return window;
}

Window Timeline::all() const {
    const std::lock_guard lock(mutex_);
    return window_from(0, slots_.size());
}

Window Timeline::between(MediaTime from, MediaTime to) const {
    const std::lock_guard lock(mutex_);
    const std::size_t first = first_ending_after(slots_, from);
    const auto end =
        std::ranges::partition_point(slots_, [to](const Slot& slot) { return slot.start < to; });
    return window_from(first, std::max(first, static_cast<std::size_t>(end - slots_.begin())));
}

// The index of the first of the fewest slots before `end` that last at least `duration` together.
// Requires: end > 0.
std::size_t Timeline::first_of_last(MediaTime duration, std::size_t end) const {
    const Slot& last = slots_[end - 1];
    const MediaTime from = last.position + (last.end - last.start) - duration;
    const auto behind = std::ranges::partition_point(
        slots_, [from](const Slot& slot) { return slot.position <= from; });
    const auto count = static_cast<std::size_t>(behind - slots_.begin());
    return std::min(end - 1, count > 0 ? count - 1 : 0);
}

std::optional<MediaTime> Timeline::start_of_last(MediaTime duration) const {
    const std::lock_guard lock(mutex_);
    if (slots_.empty()) return std::nullopt;
    const std::size_t first = first_of_last(duration, slots_.size());
    if (first == 0) return std::nullopt;
    return slots_[first].start;
}

Window Timeline::latest(MediaTime duration) const {
    const std::lock_guard lock(mutex_);
    std::size_t end = slots_.size();
    while (end > 0 && slots_[end - 1].gap) --end;
    if (end == 0) return window_from(end, end);
    std::size_t first = first_of_last(duration, end);
    // Behind the last gap before the end; those at the end are no hindrance.
    const auto gap = std::ranges::lower_bound(gaps_, slots_[end - 1].number);
    if (gap != gaps_.begin()) {
        const auto behind = *(gap - 1) + 1 - slots_.front().number;
        first = std::max(first, static_cast<std::size_t>(std::max<std::int64_t>(behind, 0)));
    }
    return window_from(first, end);
}

Edge Timeline::edge() const {
    const std::lock_guard lock(mutex_);
    Edge edge{.last_number = {},
              .parts_number = {},
              .parts = 0,
              .hint = hint(),
              .end = {},
              .ended = ended_};
    if (last_) {
        edge.last_number = last_->number;
        edge.end = last_->end;
    }
    if (!partial_.empty() && (!last_ || partial_.back()->slot.number > last_->number)) {
        edge.parts_number = partial_.back()->slot.number;
        edge.parts = partial_.back()->parts.size();
    }
    return edge;
}

void Timeline::observe(std::weak_ptr<TimelineObserver> observer) const {
    const std::lock_guard lock(mutex_);
    std::erase_if(observers_, [](const auto& known) { return known.expired(); });
    observers_.push_back(std::move(observer));
}

void Timeline::changed() {
    std::vector<std::weak_ptr<TimelineObserver>> observers;
    {
        const std::lock_guard lock(mutex_);
        observers = observers_;
    }
    for (const auto& weak : observers) {
        if (const auto observer = weak.lock()) observer->on_change();
    }
}

std::uint64_t Timeline::version() const {
    const std::lock_guard lock(mutex_);
    return version_;
}

bool Timeline::ended() const {
    const std::lock_guard lock(mutex_);
    return ended_;
}

bool Timeline::empty() const {
    const std::lock_guard lock(mutex_);
    return slots_.empty();
}

std::vector<Slot> Timeline::trim(MediaTime time) {
    const std::lock_guard lock(mutex_);
    std::size_t keep = first_ending_after(slots_, time);
    if (keep == 0) return {};
    while (keep < slots_.size() && slots_[keep].gap) ++keep;
    std::vector<Slot> trimmed(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(keep));
    slots_.drop_front(keep);
    while (!gaps_.empty() && gaps_.front() <= trimmed.back().number) gaps_.pop_front();
    ++version_;
    return trimmed;
}

Bandwidth Timeline::measured(std::size_t track, MediaTime target_duration) const {
    const std::lock_guard lock(mutex_);
    Expects(track < tracks_.size());
    return measure(
        slots_, [track](const Slot& slot) { return slot.size_bytes[track]; }, target_duration);
}

Bandwidth Timeline::measured_keyframes(std::size_t track, MediaTime target_duration) const {
    const std::lock_guard lock(mutex_);
    Expects(track < tracks_.size());
    return measure(
        slots_, [track](const Slot& slot) { return keyframe_bytes(slot, track); }, target_duration);
}

std::int64_t discontinuity_base(MediaTime start) {
    constexpr MediaTime kFrom =
        std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}.time_since_epoch();
    constexpr MediaTime kStep = std::chrono::seconds(1000);
    return std::max<std::int64_t>((start - kFrom) / kStep, 0);
}

}  // namespace weir::media
