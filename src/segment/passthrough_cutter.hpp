// SPDX-License-Identifier: MIT
// Where a stream that is not encoded anew is cut, and the numbers of its segments. A segment ends
//
//   - at the first keyframe that is at least a segment duration from its start, unless the numbers
//     are ahead of the clock already (a source whose clock is too fast, or that sends all at once);
//   - when none comes within the longest duration: at the last keyframe that there was;
//   - when there was none either: there, before any picture. A player cannot begin with such a
//     segment, but EXTINF above TARGETDURATION would be wrong for all of them.
//
// Numbers go up by one, whatever the input does, and are never more than one ahead of the clock's
// slot: a segment that would be does not begin.
// Threads: one thread at a time; a pure function of what it is given.
#pragma once

#include <cstdint>
#include <optional>

#include "media/time.hpp"
#include "media/unit_sink.hpp"

namespace weir::segment {

struct PassthroughCutterOptions {
    media::MediaTime segment_duration{};
    media::MediaTime max_segment_duration{};
    std::int64_t first_number = 0;  // below it all are used
};

class PassthroughCutter {
public:
    struct Unit {  // in the order of time, mapped to the clock
        media::UnitKind kind = media::UnitKind::video;
        bool keyframe = false;
        media::MediaTime pts{};
        media::MediaTime dts{};
    };

    struct Span {  // a segment that has ended
        std::int64_t number = 0;
        media::MediaTime start{};
        media::MediaTime end{};
        bool discontinuity = false;
    };

    struct Step {
        bool taken = false;          // the unit belongs to a segment
        bool begins = false;         // ... and is its first
        bool mark = false;           // ... and a segment may yet begin with it, looking back
        std::optional<Span> closed;  // ended before the unit, ...
        bool at_mark = false;        // ... or at the mark, and place() is to be asked again
        bool no_keyframe = false;    // ... for lack of a keyframe
    };

    explicit PassthroughCutter(const PassthroughCutterOptions& options) : options_(options) {}

    // What follows consists of this, and does not continue what was before. Ends the segment.
    std::optional<Span> begin_stream(bool has_video);

    // What to do with the next unit. `now` is UTC.
    Step place(const Unit& unit, media::MediaTime now);

    // Ends the segment where its media end. The next one begins at a keyframe, discontinuous.
    std::optional<Span> end_segment();

    // Of the last segment, the present one included; a new stream may not begin before it.
    [[nodiscard]] std::optional<media::MediaTime> last_end() const { return last_end_; }
    [[nodiscard]] std::int64_t next_number() const;

private:
    Span close(media::MediaTime end);
    void open(media::MediaTime start);
    [[nodiscard]] bool may_begin(const Unit& unit, media::MediaTime now) const;
    [[nodiscard]] std::int64_t number_at(media::MediaTime start) const;
    [[nodiscard]] bool at_limit(const Unit& unit) const;
    [[nodiscard]] media::MediaTime boundary(const Unit& unit) const;
    [[nodiscard]] media::MediaTime within(media::MediaTime end) const;
    void note(const Unit& unit);

    const PassthroughCutterOptions options_;
    bool has_video_ = false;
    std::optional<std::int64_t> last_number_;
    std::optional<media::MediaTime> last_end_;
    bool discontinuity_ = false;  // the next segment is not the last one's continuation
    // The present segment.
    bool is_open_ = false;
    media::MediaTime start_{};
    std::optional<media::MediaTime> mark_;
    media::MediaTime marked_{};  // when the last segment or mark began
    // The stream.
    media::MediaTime newest_video_{};  // PTS
    media::MediaTime newest_audio_{};
    std::optional<media::MediaTime> video_dts_;
    std::optional<media::MediaTime> audio_pts_;
    media::MediaTime frame_{};    // how long the last picture lasted
    media::MediaTime advance_{};  // from one picture shown after all others to the next such
    media::MediaTime audio_frame_{};
};

}  // namespace weir::segment
