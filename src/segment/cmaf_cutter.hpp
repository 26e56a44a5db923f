// SPDX-License-Identifier: MIT
// Puts the units of one track where they belong: fragments, parts and segments of CMAF on the grid.
// A unit is a video frame, by its place in decoding order, or an audio frame; unit k begins at k
// times its duration since 1970, so nothing is counted up and a missing one moves no other.
// Threads: one thread at a time; the events come from within add() and finish().
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <weir/result.hpp>

#include "segment/cmaf_segmenter.hpp"
#include "segment/cmaf_writer.hpp"

namespace weir::segment {

struct CmafUnit {
    std::int64_t index = 0;        // when it is decoded
    std::int64_t composition = 0;  // how many units later it is presented
    bool sync = false;
    bool disposable = false;
    std::span<const std::span<const std::byte>> pieces;  // its bytes
};

class CmafCutter {
public:
    CmafCutter(const CmafSegmenterOptions& options, CmafTrack track, CmafSegmenterEvents events);

    // The first unit of the run. What lies before is not wanted.
    [[nodiscard]] std::int64_t first_unit() const { return first_unit_; }
    // Behind the last unit of the slot in which `unit` lies.
    [[nodiscard]] std::int64_t slot_end(std::int64_t unit) const;

    // Gives what is complete with it. Requires: index >= first_unit().
    // Errors: corrupt, with nothing changed: it is there already, is late, or is too large.
    Result<void> add(const CmafUnit& unit);

    // Gives what has begun, as it is. Then add() is not called any more.
    void finish();

private:
    // A part, or a whole segment where there are no parts. Times are those of the video.
    struct Piece {
        std::int64_t number = 0;
        std::size_t index = 0;
        std::size_t count = 0;
        std::int64_t first_frame = 0;
        std::int64_t end_frame = 0;
        std::int64_t end_unit = 0;
    };

    [[nodiscard]] bool is_video() const { return options_.kind == media::TrackKind::video; }
    [[nodiscard]] std::int64_t first_unit_at(std::int64_t frame) const;
    [[nodiscard]] std::int64_t frame_of(std::int64_t unit) const;
    [[nodiscard]] Piece piece_of(std::int64_t frame) const;
    void enter(std::int64_t unit);
    void append(const CmafUnit& unit);
    void end_fragment(std::int64_t next_unit);
    void end_piece(std::int64_t end_frame);
    void end_segment(std::int64_t end_frame);
    void leave_complete();

    const CmafSegmenterOptions options_;
    const CmafTrack track_;
    const CmafSegmenterEvents events_;
    const std::int64_t first_unit_;
    std::int64_t next_unit_;  // behind the last one taken
    std::uint32_t sequence_number_ = 0;
    std::optional<Piece> piece_;  // nothing: between segments

    struct Sample {
        CmafUnit unit;  // without bytes
        std::uint32_t size = 0;
    };
    std::vector<Sample> samples_;  // of the present fragment
    std::vector<std::byte> data_;
    std::optional<bool> independent_;  // the present piece; nothing: nothing is in it
    std::string bytes_;                // of the present piece, without the present fragment
    std::string segment_;              // the pieces before
    bool segment_has_media_ = false;
};

}  // namespace weir::segment
