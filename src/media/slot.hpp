// SPDX-License-Identifier: MIT
// A slot of a programme, as playlists know it, whole or while it is being made.
// Threads: values.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <weir/bytes.hpp>

#include "media/time.hpp"

namespace weir::media {

// By the name of a rendition.
using Names = std::shared_ptr<const std::map<std::string, std::string>>;

// One slot of the programme, complete in every rendition.
struct Slot {
    std::int64_t number = 0;  // EXT-X-MEDIA-SEQUENCE
    MediaTime start{};
    MediaTime end{};
    MediaTime position{};        // how long all slots before it last together
    std::string run;             // the run that made it; part of the segments' names
    bool discontinuity = false;  // encoder or timeline changed since the slot before
    // The discontinuities of the programme up to and with this slot, from its first number on.
    std::int64_t discontinuity_sequence = 0;
    // The first slot since the last discontinuity: itself, or one that may be forgotten by now.
    std::int64_t unbroken_number = 0;
    MediaTime unbroken_start{};
    bool gap = false;                       // nothing can be fetched for it (EXT-X-GAP)
    std::vector<std::uint64_t> size_bytes;  // one for each track, in the tracks' order
    // How many of the segment's first bytes hold its first keyframe and all before it, one for each
    // track as above; empty, or 0: not known.
    std::vector<std::uint64_t> keyframe_bytes{};
    // Which other rendition's segment plays in the playlist of one that was not encoded then (it
    // was added later, or has been removed); null: each has its own.
    Names stand_ins{};
    // The run's init segments below the programme, "<rendition>/init-<hash>.mp4"; null: none.
    Names inits{};
};

// One track's piece of a part.
struct TrackPart {
    Bytes bytes;
    bool independent = false;  // begins with a frame that needs no other

    friend bool operator==(const TrackPart& a, const TrackPart& b) {
        return a.independent == b.independent && a.bytes.size() == b.bytes.size();
    }
};

// A Partial Segment (RFC 8216bis 3.1) of every track.
struct PartEntry {
    MediaTime start{};              // of its video
    MediaTime end{};                // of its video
    std::vector<TrackPart> tracks;  // in the tracks' order; empty bytes where one is not encoded
};

// A slot whose parts are shown: the one that is being made, or one of the last.
struct PartialSlot {
    Slot slot;              // without sizes; its end is that of the last part
    std::size_t count = 0;  // how many parts there will be
    std::vector<PartEntry> parts;

    [[nodiscard]] bool complete() const { return parts.size() == count; }
};

// The part that comes next (EXT-X-PRELOAD-HINT).
struct PartHint {
    std::int64_t number = 0;
    std::size_t index = 0;
    std::string run;
    Names stand_ins{};
};

// "<rendition>/<number>-<run>.ts": the segment's name below its programme.
std::string segment_file(const std::string& rendition, const Slot& slot,
                         const char* extension = "ts");

// "<programme>/<rendition>/<number>-<run>.ts": the segment's key below the channel (invariant 4).
std::string segment_name(const std::string& programme, const std::string& rendition,
                         const Slot& slot, const char* extension = "ts");

// "<rendition>/<number>-<run>.<index>.m4s": the part's name below its programme.
std::string part_file(const std::string& rendition, const Slot& slot, std::size_t index);
std::string part_file(const std::string& rendition, const PartHint& hint);

// "<rendition>/init-<hash>.mp4", or "" when there is none.
std::string init_file(const std::string& rendition, const Slot& slot);

}  // namespace weir::media
