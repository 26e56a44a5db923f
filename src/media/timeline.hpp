// SPDX-License-Identifier: MIT
// The ordered slots of one programme, in all its renditions together. Written by the publisher once
// a segment's bytes can be fetched; every playlist is a window on it.
//
// A slot exists for readers when it is complete in every rendition, so all renditions always show
// the same numbers, discontinuities and times (invariants 3 and 6). The numbers of the slots are
// consecutive: a slot that nobody made is there as a gap, so that a client that counts from
// EXT-X-MEDIA-SEQUENCE is right. The first slot is never a gap: what was missed before the first
// complete slot does not belong to the programme, and hls.js never starts on a gap.
//
// Discontinuities: a slot carries one when it was asked for (mark_discontinuity), when another run
// made it than the slot before, and when the slot before is a gap. After a gap the timestamps and
// the encoder go on, but the decoder has lost its reference and the transport stream its continuity
// counters; the tag makes every player reset instead of some. The programme's first slot has none.
// Threads: thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "media/segment.hpp"
#include "media/slot_list.hpp"
#include "media/time.hpp"
#include "media/track.hpp"

namespace weir::media {

// A part of the timeline: what one playlist shows.
struct Window {
    SlotList slots;
    // RFC 8216bis 4.4.3.3: the discontinuities before the first slot; its own is not counted, since
    // its tag is still in the playlist.
    std::int64_t discontinuity_sequence = 0;
    bool from_start = false;  // the programme's first slot is in it
    bool has_gap = false;     // one of the slots is a gap
    bool ended = false;       // no slot will follow
    // At the live edge, where there are parts: the newest slots of the window and the one that is
    // being made, and the part after them.
    std::vector<std::shared_ptr<const PartialSlot>> partial{};
    std::optional<PartHint> hint{};
};

// How far the timeline has come.
struct Edge {
    std::optional<std::int64_t> last_number;   // of the last whole slot
    std::optional<std::int64_t> parts_number;  // of the slot that is being made
    std::size_t parts = 0;                     // how many of its parts can be fetched
    std::optional<PartHint> hint;              // what comes next
    MediaTime end{};                           // of the last whole slot
    bool ended = false;
};

// Is told whenever what the readers see has changed, on the thread of whoever changed it, which
// holds no lock of the timeline.
class TimelineObserver {
public:
    virtual ~TimelineObserver() = default;
    virtual void on_change() = 0;
};

class Timeline {
public:
    // The discontinuity sequence begins at the given number and each discontinuity adds one.
    Timeline(std::string programme, std::vector<Track> tracks,
             std::int64_t discontinuity_sequence = 0);

    [[nodiscard]] const std::string& programme() const { return programme_; }
    // Those that are encoded at the end of what readers see.
    [[nodiscard]] std::vector<Track> tracks() const;
    // Every one that there ever was; their order is that of the indices.
    [[nodiscard]] std::vector<Track> all_tracks() const;

    // From slot `first_number` on, which nobody has made yet, these are encoded: those with a known
    // name go on, the others end before it, the new ones come behind all known ones. Readers do not
    // notice: where a track is not encoded the one nearest in bandwidth stands in for it, so all
    // playlists show all slots. Such a change comes with a new run, hence with a discontinuity.
    // `run` is that run where it is known beforehand, as it must be where there are parts: the next
    // part's name is told before it is made.
    void change_tracks(std::int64_t first_number, const std::vector<Track>& tracks,
                       const std::string& run = {});
    // The first run's id, for the same purpose.
    void announce_run(const std::string& run);
    // The run has made its last part; until change_tracks() nobody is told what comes next.
    void end_parts();
    // Requires: there is a track of that name.
    [[nodiscard]] std::size_t index_of(const std::string& track) const;

    // The codec string of a track, from its own parameter sets, and its bandwidth bound. Set once,
    // before its first segment.
    void set_codecs(std::size_t track, std::string codecs);

    // The init segment of this track in this run, with its name below the programme. Once, before
    // the run's first part and segment of the track.
    void set_init(std::size_t track, const std::string& run, const std::string& file,
                  const Bytes& bytes);
    // The run that makes, or will make, this slot; "" when nobody knows.
    [[nodiscard]] std::string run_of(std::int64_t number) const;
    // The bytes of one of the last init segments, wherever the store is; nothing when it is none.
    [[nodiscard]] std::optional<Bytes> init(const std::string& file) const;

    // The same for a track of which nothing is known until it comes; its name stays.
    void describe(std::size_t track, Track description);

    // A segment of `track` can be fetched (or, with nullopt, never will be). Numbers of one track
    // go up; what it leaves out, it lacks. Returns the slots that this completed (gaps too, except
    // before the first slot). A slot that any track lacks is a gap. When a track is
    // more than kMaxPending slots behind, the oldest slots that wait for it become gaps. A number
    // that is not above the track's last one, or too late, and everything after finish() is
    // ignored. `keyframe_bytes`: see Slot.
    std::vector<Slot> add(std::size_t track, std::int64_t number, MediaTime start, MediaTime end,
                          const std::string& run, std::optional<std::uint64_t> size_bytes,
                          std::uint64_t keyframe_bytes = 0);

    // A part of `track`; the parts of a slot come in their order, before the segment itself. It is
    // seen when every track has it and the slot before is whole, so all playlists show the same
    // parts. Too late or out of order it is ignored.
    void add_part(std::size_t track, const Part& part);

    // The next slot to become visible that is not a gap carries a discontinuity.
    void mark_discontinuity();

    // Above every discontinuity sequence number that a reader can have seen.
    [[nodiscard]] std::int64_t next_discontinuity_sequence() const;

    // No more slots; those not complete are dropped.
    void finish();

    // Everything there is.
    [[nodiscard]] Window all() const;

    // The slots that overlap [from, to); with `to` behind the last one the parts as well.
    [[nodiscard]] Window between(MediaTime from, MediaTime to) const;

    [[nodiscard]] Edge edge() const;

    // The slot that is being made or was lately, with its parts; null when there is none of this
    // number.
    [[nodiscard]] std::shared_ptr<const PartialSlot> partial(std::int64_t number) const;

    // For as long as the observer lives.
    void observe(std::weak_ptr<TimelineObserver> observer) const;

    // The newest slots that last at least `duration` together (or all there are), without the gaps
    // and what lies before them: a live playlist never begins with, or contains, a gap. While the
    // newest slots are gaps it ends before them: an empty playlist would stop every player.
    [[nodiscard]] Window latest(MediaTime duration) const;

    // Grows whenever what the readers see changes.
    [[nodiscard]] std::uint64_t version() const;
    [[nodiscard]] bool ended() const;
    [[nodiscard]] bool empty() const;

    // Where the fewest of the newest slots begin that last at least `duration` together; nothing
    // when they are all there are.
    [[nodiscard]] std::optional<MediaTime> start_of_last(MediaTime duration) const;

    // Forgets the slots that end at or before `time`, and the gaps that would then come first, and
    // returns them, so that their objects can be removed (a gap has some when only one track lacked
    // it).
    std::vector<Slot> trim(MediaTime time);

    // Measured over the slots without the gaps (RFC 8216bis 4.4.6.2), for a finished programme. The
    // peak is that of the largest set of contiguous segments that lasts between 0.5 and 1.5 target
    // durations, or of the largest segment when there is no such set. Rounded up.
    [[nodiscard]] Bandwidth measured(std::size_t track, MediaTime target_duration) const;
    // The same of the keyframes alone; zeros when they are not known.
    [[nodiscard]] Bandwidth measured_keyframes(std::size_t track, MediaTime target_duration) const;

    static constexpr std::size_t kMaxPending = 8;
    // Whole slots whose parts can be fetched: a playlist shows them for three target durations, and
    // RFC 8216bis 6.2.2 wants them to be there for three more.
    static constexpr std::size_t kSlotsWithParts = 7;
    // Init segments that are kept in memory; older ones are in the store.
    static constexpr std::size_t kInits = 64;

private:
    struct Pending {
        Slot slot;
        std::vector<bool> answered;  // by track
        bool missing = false;
    };

    // The tracks that are encoded from a slot on.
    struct Era {
        std::int64_t first_number = 0;
        std::vector<bool> encoded;  // by track; those behind its end are not
        Names stand_ins;
        std::string run;  // empty: not known beforehand
    };

    [[nodiscard]] const Era& era_of(std::int64_t number) const;
    [[nodiscard]] static bool encodes(const Era& era, std::size_t track);
    [[nodiscard]] std::size_t stand_in(const Era& era, std::size_t track) const;
    [[nodiscard]] bool complete(const Pending& pending) const;
    std::vector<Slot> add_locked(std::size_t track, std::int64_t number, MediaTime start,
                                 MediaTime end, const std::string& run,
                                 std::optional<std::uint64_t> size_bytes,
                                 std::uint64_t keyframe_bytes);
    Pending& pending_slot(std::int64_t number, MediaTime start, MediaTime end,
                          const std::string& run);
    void answer(Pending& pending, std::size_t track, std::optional<std::uint64_t> size_bytes);
    void publish_oldest();
    void append(Slot slot);
    void join(Slot& slot) const;
    void fill_hole(const Slot& next);
    [[nodiscard]] bool is_discontinuity(const std::string& run) const;
    [[nodiscard]] Names inits_of(const std::string& run) const;
    [[nodiscard]] std::size_t first_of_last(MediaTime duration, std::size_t end) const;
    [[nodiscard]] Window window_from(std::size_t first, std::size_t end) const;
    void show_parts();
    [[nodiscard]] bool can_show(std::int64_t number) const;
    [[nodiscard]] bool complete_part(const Era& era, std::int64_t number, std::size_t index) const;
    [[nodiscard]] std::optional<PartHint> hint() const;
    void changed();

    // The parts of one track in a slot.
    using TrackParts = std::vector<Part>;

    const std::string programme_;
    const std::int64_t first_discontinuity_;
    mutable std::mutex mutex_;  // guards all below
    std::vector<Track> tracks_;
    std::vector<Era> eras_;
    SlotList slots_;
    std::map<std::int64_t, Pending> pending_;
    std::vector<std::optional<std::int64_t>> newest_;  // number, of each track
    std::optional<std::int64_t> first_number_;         // of the programme's first slot
    std::deque<std::int64_t> gaps_;                    // their numbers, among slots_
    std::optional<Slot> last_;                         // visible or not any more: the hole's edge
    std::map<std::string, Names> inits_;               // by run
    std::deque<std::pair<std::string, Bytes>> init_bytes_;     // by file, the oldest first
    std::map<std::int64_t, std::vector<TrackParts>> parts_;    // that have come, by track
    std::vector<std::shared_ptr<const PartialSlot>> partial_;  // that are seen
    bool parts_ended_ = false;
    bool mark_next_ = false;
    bool ended_ = false;
    std::uint64_t version_ = 0;
    mutable std::vector<std::weak_ptr<TimelineObserver>> observers_;
};

// Where a programme that begins at `start` may begin its discontinuity sequence, so that it does
// not go back from one programme to the next, also over a restart without any saved state: it grows
// by one in a thousand seconds, and discontinuities are rarer than that. Small on purpose: hls.js
// keeps an array with this index, and needs 20 s to the first frame when it is a slot number.
std::int64_t discontinuity_base(MediaTime start);

}  // namespace weir::media
