// SPDX-License-Identifier: MIT
#include "media/timeline.hpp"

#include <algorithm>
#include <cstdlib>
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
std::int64_t peak_from(const std::vector<Slot>& slots, std::size_t first, std::size_t track,
                       MediaTime target_duration) {
    std::int64_t peak = 0;
    std::uint64_t size_bytes = 0;
    MediaTime duration{};
    for (std::size_t i = first; i < slots.size() && !slots[i].gap; ++i) {
        size_bytes += slots[i].size_bytes[track];
        duration += slots[i].end - slots[i].start;
        if (2 * duration > 3 * target_duration) break;
        if (duration > MediaTime::zero() && 2 * duration >= target_duration) {
            peak = std::max(peak, bits_per_second(size_bytes, duration));
        }
    }
    return peak;
}

}  // namespace

Timeline::Timeline(std::string programme, std::vector<Track> tracks,
                   std::int64_t discontinuity_sequence)
    : programme_(std::move(programme)),
      first_discontinuity_(discontinuity_sequence),
      tracks_(std::move(tracks)),
      eras_{
          {.first_number = 0, .encoded = std::vector<bool>(tracks_.size(), true), .stand_ins = {}}},
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

void Timeline::change_tracks(std::int64_t first_number, const std::vector<Track>& tracks) {
    Expects(!tracks.empty());
    const std::lock_guard lock(mutex_);
    Era era{.first_number = first_number,
            .encoded = std::vector<bool>(tracks_.size(), false),
            .stand_ins = {}};
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
    for (Slot& slot : slots_) {
        const Era& its = era_of(slot.number);
        slot.stand_ins = its.stand_ins;
        for (std::size_t i = slot.size_bytes.size(); i < tracks_.size(); ++i) {
            slot.size_bytes.push_back(slot.size_bytes[stand_in(its, i)]);
        }
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

// The encoded track nearest in bandwidth.
std::size_t Timeline::stand_in(const Era& era, std::size_t track) const {
    std::optional<std::size_t> nearest;
    const auto distance = [&](std::size_t other) {
        return std::abs(tracks_[other].bandwidth.peak_bps - tracks_[track].bandwidth.peak_bps);
    };
    for (std::size_t i = 0; i < era.encoded.size(); ++i) {
        if (era.encoded[i] && (!nearest || distance(i) < distance(*nearest))) nearest = i;
    }
    return *nearest;
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

std::vector<Slot> Timeline::add(std::size_t track, std::int64_t number, MediaTime start,
                                MediaTime end, const std::string& run,
                                std::optional<std::uint64_t> size_bytes) {
    Expects(start <= end);
    const std::lock_guard lock(mutex_);
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
    answer(pending_slot(number, start, end, run), track, size_bytes);

    const std::size_t before = slots_.size();
    while (!pending_.empty() &&
           (complete(pending_.begin()->second) || pending_.size() > kMaxPending)) {
        publish_oldest();
    }
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
    pending.slot.size_bytes.resize(tracks_.size(), 0);
    for (std::size_t i = 0; i < tracks_.size(); ++i) {
        if (!encodes(era, i))
            pending.slot.size_bytes[i] = pending.slot.size_bytes[stand_in(era, i)];
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
        slot.discontinuity = last_ && (mark_next_ || last_->gap || last_->run != slot.run);
        mark_next_ = false;
    }
    if (!first_number_) first_number_ = slot.number;
    last_ = slot;
    if (slot.gap && slots_.empty()) return;  // all before it is trimmed: it would come first
    slots_.push_back(std::move(slot));
    ++version_;
}

void Timeline::mark_discontinuity() {
    const std::lock_guard lock(mutex_);
    mark_next_ = true;
}

std::int64_t Timeline::next_discontinuity_sequence() const {
    const std::lock_guard lock(mutex_);
    return first_discontinuity_ + discontinuities_trimmed_ + 1 +
           std::count_if(slots_.begin(), slots_.end(),
                         [](const Slot& slot) { return slot.discontinuity; });
}

void Timeline::finish() {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    pending_.clear();
    ended_ = true;
    ++version_;
}

Window Timeline::window_from(std::size_t first, std::size_t end) const {
    Window window;
    window.ended = ended_;
    window.discontinuity_sequence = first_discontinuity_ + discontinuities_trimmed_;
    for (std::size_t i = 0; i < first; ++i)
        window.discontinuity_sequence += slots_[i].discontinuity;
    window.slots.assign(slots_.begin() + static_cast<std::ptrdiff_t>(first),
                        slots_.begin() + static_cast<std::ptrdiff_t>(end));
    window.from_start = !window.slots.empty() && window.slots.front().number == *first_number_;
    return window;
}

Window Timeline::all() const {
    const std::lock_guard lock(mutex_);
    return window_from(0, slots_.size());
}

Window Timeline::latest(MediaTime duration) const {
    const std::lock_guard lock(mutex_);
    std::size_t end = slots_.size();
    while (end > 0 && slots_[end - 1].gap) --end;
    std::size_t first = end;
    MediaTime sum{};
    while (first > 0 && sum < duration && !slots_[first - 1].gap) {
        --first;
        sum += slots_[first].end - slots_[first].start;
    }
    return window_from(first, end);
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
    auto keep = std::find_if(slots_.begin(), slots_.end(),
                             [time](const Slot& slot) { return slot.end > time; });
    if (keep == slots_.begin()) return {};
    keep = std::find_if(keep, slots_.end(), [](const Slot& slot) { return !slot.gap; });
    std::vector<Slot> trimmed(std::make_move_iterator(slots_.begin()),
                              std::make_move_iterator(keep));
    slots_.erase(slots_.begin(), keep);
    discontinuities_trimmed_ += std::count_if(trimmed.begin(), trimmed.end(),
                                              [](const Slot& slot) { return slot.discontinuity; });
    ++version_;
    return trimmed;
}

Bandwidth Timeline::measured(std::size_t track, MediaTime target_duration) const {
    const std::lock_guard lock(mutex_);
    Expects(track < tracks_.size());
    Bandwidth bandwidth;
    std::int64_t largest_segment = 0;
    std::uint64_t size_bytes = 0;
    MediaTime duration{};
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        const Slot& slot = slots_[i];
        if (slot.gap || slot.end == slot.start) continue;
        size_bytes += slot.size_bytes[track];
        duration += slot.end - slot.start;
        largest_segment = std::max(largest_segment,
                                   bits_per_second(slot.size_bytes[track], slot.end - slot.start));
        bandwidth.peak_bps =
            std::max(bandwidth.peak_bps, peak_from(slots_, i, track, target_duration));
    }
    if (bandwidth.peak_bps == 0) bandwidth.peak_bps = largest_segment;
    if (duration > MediaTime::zero()) bandwidth.average_bps = bits_per_second(size_bytes, duration);
    return bandwidth;
}

std::int64_t discontinuity_base(MediaTime start) {
    constexpr MediaTime kFrom =
        std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}.time_since_epoch();
    constexpr MediaTime kStep = std::chrono::seconds(1000);
    return std::max<std::int64_t>((start - kFrom) / kStep, 0);
}

std::string segment_file(const std::string& rendition, const Slot& slot, const char* extension) {
    const bool stands_in = slot.stand_ins && slot.stand_ins->contains(rendition);
    return (stands_in ? slot.stand_ins->at(rendition) : rendition) + '/' +
           std::to_string(slot.number) + '-' + slot.run + '.' + extension;
}

std::string segment_name(const std::string& programme, const std::string& rendition,
                         const Slot& slot, const char* extension) {
    return programme + '/' + segment_file(rendition, slot, extension);
}

}  // namespace weir::media
