// SPDX-License-Identifier: MIT
// Makes segments of access units as they come, one connection after another: nothing is decoded,
// nothing encoded, and no thread is its own. Who gives them has repaired their times.
//
// A connection's times are moved to the clock by one offset, that of its fastest arrival in the
// first moments: a server that sends its last GOP at once does not put the stream into the future.
// The offset is a whole number of ticks of 90 kHz, so the relation of all times is kept.
// Threads: thread-safe; everything runs on the threads that push, the events too, in order and with
// a lock held: they must not block, and not call back.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "media/presentation_clock.hpp"
#include "media/segment.hpp"
#include "media/track.hpp"
#include "media/unit_sink.hpp"
#include "segment/passthrough_cutter.hpp"
#include "segment/ts_writer.hpp"
#include "segment/unit_merger.hpp"

namespace weir::segment {

struct PassthroughOptions {
    std::string name;
    media::MediaTime segment_duration{};
    media::MediaTime max_segment_duration{};
    std::int64_t first_number = 0;  // below it all are used
};

struct PassthroughEvents {
    // Once, before the first segment: codecs, size, frame rate, and a bound of the bandwidth from
    // what was measured.
    std::function<void(media::Track)> on_track;
    std::function<void(media::Segment)> on_segment;
    // Changes only. "passthrough_gop": keyframes are too far apart; "passthrough_codec": a stream
    // that cannot be carried.
    std::function<void(const std::string& code, bool set, const std::string& text)> on_alert;
};

// What describes a stream, from its caps.
struct StreamFormat {
    TsVideoFormat video;
    TsAudioFormat audio;
    std::vector<std::byte> sps;  // of the codec_data; empty: it is in the stream
    std::string codec;           // RFC 6381; empty as sps
    std::vector<std::byte> identity;

    friend bool operator==(const StreamFormat& a, const StreamFormat& b) {
        return a.identity == b.identity;
    }
};

class PassthroughSegmenter : public std::enable_shared_from_this<PassthroughSegmenter> {
public:
    PassthroughSegmenter(const PassthroughOptions& options, std::shared_ptr<base::Clock> clock,
                         PassthroughEvents events);

    // For a new connection. The one before is over, if it was not: it is told so at its next push.
    std::shared_ptr<media::UnitSink> open();

    // Ends the last segment. Nothing is taken any more.
    void finish();

    // Below it all are used.
    [[nodiscard]] std::int64_t next_number() const;

private:
    class Sink;

    // Since its beginning, or since its times jumped.
    struct Epoch {
        UnitMerger merger;
        std::optional<media::MediaTime> first_arrival;
        std::optional<media::MediaTime> lead;    // the smallest arrival - DTS
        std::optional<media::MediaTime> offset;  // known: the units flow
        bool keyframe_seen = false;
        media::MediaTime newest{};     // source time
        media::MediaTime first_pts{};  // of the first keyframe, or the first unit
    };

    // What tells the frame rate of a stream.
    struct Rate {
        std::optional<media::MediaTime> first;
        media::MediaTime last{};
        std::int64_t pictures = 0;
    };

    void configure(std::uint64_t connection, media::UnitKind kind, GstCaps* caps);
    bool push(std::uint64_t connection, media::UnitKind kind, base::MiniPtr<GstBuffer> buffer);
    void close(std::uint64_t connection);

    std::optional<MergedUnit> accept(media::UnitKind kind, base::MiniPtr<GstBuffer> buffer);
    [[nodiscard]] bool settled() const;
    void settle();
    void flow();
    void end_epoch();
    void end_segment();
    void begin_stream();
    bool changes_stream(const MergedUnit& unit, std::span<const std::byte> sps);
    void process(MergedUnit unit);
    void apply_format(const MergedUnit& unit, std::span<const std::byte> bytes);
    void cut(const MergedUnit& unit, std::span<const std::byte> bytes);
    void note_gop(const PassthroughCutter::Step& step);
    void write(const PassthroughCutter::Unit& unit, std::span<const std::byte> bytes);
    void give(const PassthroughCutter::Span& span, Bytes bytes);
    [[nodiscard]] double measured_rate() const;
    void describe(const PassthroughCutter::Span& span, std::uint64_t size_bytes);
    void set_alert(bool& state, const char* code, bool set, const std::string& text);

    const PassthroughOptions options_;
    const std::shared_ptr<base::Clock> monotonic_;
    const PassthroughEvents events_;
    mutable std::mutex mutex_;  // guards all below
    media::PresentationClock clock_;
    std::uint64_t connection_ = 0;
    bool finished_ = false;
    Epoch epoch_;
    std::array<std::shared_ptr<const StreamFormat>, 2> configured_;  // of what is pushed
    std::array<std::shared_ptr<const StreamFormat>, 2> written_;     // of what is written
    bool has_video_ = false;                                         // in the present stream
    bool has_audio_ = false;
    PassthroughCutter cutter_;
    TsWriter writer_;
    std::size_t mark_ = 0;        // the writer's size at the cutter's mark
    std::vector<std::byte> sps_;  // the last one, from codec_data or in band
    std::string audio_codec_;
    Rate rate_;
    bool restart_ = false;  // the stream has changed: it begins anew at the next keyframe
    bool begins_with_keyframe_ = false;  // the present segment
    bool described_ = false;
    bool gop_alert_ = false;
    bool codec_alert_ = false;
};

}  // namespace weir::segment
