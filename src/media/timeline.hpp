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
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "media/time.hpp"
#include "media/track.hpp"

namespace weir::media {

// One slot of the programme, complete in every rendition.
struct Slot {
    std::int64_t number = 0;  // EXT-X-MEDIA-SEQUENCE
    MediaTime start{};
    MediaTime end{};
    std::string run;                        // the run that made it; part of the segments' names
    bool discontinuity = false;             // encoder or timeline changed since the slot before
    bool gap = false;                       // nothing can be fetched for it (EXT-X-GAP)
    std::vector<std::uint64_t> size_bytes;  // one for each track, in the tracks' order
    // Which other rendition's segment plays in the playlist of one that was not encoded then (it
    // was added later, or has been removed); null: each has its own.
    std::shared_ptr<const std::map<std::string, std::string>> stand_ins{};
};

// A part of the timeline: what one playlist shows.
struct Window {
    std::vector<Slot> slots;
    // RFC 8216bis 4.4.3.3: the discontinuities before the first slot; its own is not counted, since
    // its tag is still in the playlist.
    std::int64_t discontinuity_sequence = 0;
    bool from_start = false;  // the programme's first slot is in it
    bool ended = false;       // no slot will follow
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
    void change_tracks(std::int64_t first_number, const std::vector<Track>& tracks);
    // Requires: there is a track of that name.
    [[nodiscard]] std::size_t index_of(const std::string& track) const;

    // The codec string of a track, from its own parameter sets, and its bandwidth bound. Set once,
    // before its first segment.
    void set_codecs(std::size_t track, std::string codecs);

    // The same for a track of which nothing is known until it comes; its name stays.
    void describe(std::size_t track, Track description);

    // A segment of `track` can be fetched (or, with nullopt, never will be). Numbers of one track
    // go up; what it leaves out, it lacks. Returns the slots that this completed (gaps too, except
    // before the first slot). A slot that any track lacks is a gap. When a track is
    // more than kMaxPending slots behind, the oldest slots that wait for it become gaps. A number
    // that is not above the track's last one, or too late, and everything after finish() is
    // ignored.
    std::vector<Slot> add(std::size_t track, std::int64_t number, MediaTime start, MediaTime end,
                          const std::string& run, std::optional<std::uint64_t> size_bytes);

    // The next slot to become visible that is not a gap carries a discontinuity.
    void mark_discontinuity();

    // Above every discontinuity sequence number that a reader can have seen.
    [[nodiscard]] std::int64_t next_discontinuity_sequence() const;

    // No more slots; those not complete are dropped.
    void finish();

    // Everything there is.
    [[nodiscard]] Window all() const;

    // The newest slots that last at least `duration` together (or all there are), without the gaps
    // and what lies before them: a live playlist never begins with, or contains, a gap. While the
    // newest slots are gaps it ends before them: an empty playlist would stop every player.
    [[nodiscard]] Window latest(MediaTime duration) const;

    // Grows whenever what the readers see changes.
    [[nodiscard]] std::uint64_t version() const;
    [[nodiscard]] bool ended() const;
    [[nodiscard]] bool empty() const;

    // Forgets the slots that end at or before `time`, and the gaps that would then come first, and
    // returns them, so that their objects can be removed (a gap has some when only one track lacked
    // it).
    std::vector<Slot> trim(MediaTime time);

    // Measured over the slots without the gaps (RFC 8216bis 4.4.6.2), for a finished programme. The
    // peak is that of the largest set of contiguous segments that lasts between 0.5 and 1.5 target
    // durations, or of the largest segment when there is no such set. Rounded up.
    [[nodiscard]] Bandwidth measured(std::size_t track, MediaTime target_duration) const;

    static constexpr std::size_t kMaxPending = 8;

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
        std::shared_ptr<const std::map<std::string, std::string>> stand_ins;
    };

    [[nodiscard]] const Era& era_of(std::int64_t number) const;
    [[nodiscard]] static bool encodes(const Era& era, std::size_t track);
    [[nodiscard]] std::size_t stand_in(const Era& era, std::size_t track) const;
    [[nodiscard]] bool complete(const Pending& pending) const;
    Pending& pending_slot(std::int64_t number, MediaTime start, MediaTime end,
                          const std::string& run);
    void answer(Pending& pending, std::size_t track, std::optional<std::uint64_t> size_bytes);
    void publish_oldest();
    void append(Slot slot);
    void fill_hole(const Slot& next);
    [[nodiscard]] Window window_from(std::size_t first, std::size_t end) const;

    const std::string programme_;
    const std::int64_t first_discontinuity_;
    mutable std::mutex mutex_;  // guards all below
    std::vector<Track> tracks_;
    std::vector<Era> eras_;
    std::vector<Slot> slots_;
    std::map<std::int64_t, Pending> pending_;
    std::vector<std::optional<std::int64_t>> newest_;  // number, of each track
    std::optional<std::int64_t> first_number_;         // of the programme's first slot
    std::optional<Slot> last_;                         // visible or not any more: the hole's edge
    std::int64_t discontinuities_trimmed_ = 0;
    bool mark_next_ = false;
    bool ended_ = false;
    std::uint64_t version_ = 0;
};

// Where a programme that begins at `start` may begin its discontinuity sequence, so that it does
// not go back from one programme to the next, also over a restart without any saved state: it grows
// by one in a thousand seconds, and discontinuities are rarer than that. Small on purpose: hls.js
// keeps an array with this index, and needs 20 s to the first frame when it is a slot number.
std::int64_t discontinuity_base(MediaTime start);

// "<rendition>/<number>-<run>.ts": the segment's name below its programme.
std::string segment_file(const std::string& rendition, const Slot& slot,
                         const char* extension = "ts");

// "<programme>/<rendition>/<number>-<run>.ts": the segment's key below the channel (invariant 4).
std::string segment_name(const std::string& programme, const std::string& rendition,
                         const Slot& slot, const char* extension = "ts");

}  // namespace weir::media
