// SPDX-License-Identifier: MIT
// Turns what an input delivers into raw frames and samples of the channel's RawFormat, and hands
// them to a MediaSink with their source time. The first video and the first audio stream are taken.
// Threads: made on the control thread; events come from GStreamer's threads.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <weir/rational.hpp>

#include "base/pipeline.hpp"
#include "media/media_sink.hpp"

namespace weir::ingest {

struct StreamInfo {
    std::string video;  // "854x480 24/1 fps"; "" without video so far
    std::string audio;  // "48000 Hz 6 channels"; "" without audio so far
    std::optional<Rational> frame_rate;
};

struct DecoderEvents {
    std::function<void(const StreamInfo&)> flowing;  // the first media came through; once
    std::function<void()> ended;                     // end of stream on every branch
    std::function<void(std::string)> failed;         // nothing to decode in it
};

class Decoder : public std::enable_shared_from_this<Decoder> {
public:
    Decoder(GstBin* bin, const media::RawFormat& format, std::shared_ptr<media::MediaSink> sink,
            DecoderEvents events);

    // Decodes whatever comes out of `decodebin` (an element of that kind in the same bin).
    void take_from(GstElement* decodebin);
    // Takes a raw audio or video pad.
    void take(GstPad* pad);

    // The next round of a looping file begins: its first frame lies at end_time(), and the
    // branches' end-of-stream is forgotten. Before the flushing seek.
    void begin_round();
    // Where the next round of a looping file belongs: behind the last frame, and behind the audio
    // in whole frames, so that the frames stay on the grid. Zero: there was nothing that lasts.
    [[nodiscard]] media::MediaTime end_time() const;
    [[nodiscard]] StreamInfo info() const;
    // Counts what came through, for a watchdog.
    [[nodiscard]] std::uint64_t arrivals() const { return arrivals_; }

private:
    enum class Kind { video, audio };
    struct Begin {  // running time of the first unit
        std::optional<media::MediaTime> video;
        std::optional<media::MediaTime> audio;
    };

    void link_branch(GstPad* pad, Kind kind);
    void connect_sink(GstElement* sink, Kind kind);
    void discard(GstPad* pad);
    GstFlowReturn on_sample(GstElement* appsink, Kind kind);
    media::MediaTime place(GstBuffer* buffer, media::MediaTime running, Kind kind);
    void note_begin(media::MediaTime running, Kind kind);  // with mutex_ locked
    [[nodiscard]] media::MediaTime end_of_round() const;   // with mutex_ locked
    void on_eos();
    void note_caps(GstSample* sample, Kind kind);
    bool deliver(GstSample* sample, Kind kind, media::MediaTime pts);

    GstBin* bin_;
    const media::RawFormat format_;
    const std::shared_ptr<media::MediaSink> sink_;
    const DecoderEvents events_;
    std::atomic<std::uint64_t> arrivals_{0};
    mutable std::mutex mutex_;  // guards all below
    bool has_video_ = false;
    bool has_audio_ = false;
    int branches_ = 0;
    int ended_ = 0;
    bool flowing_ = false;
    StreamInfo info_;
    media::MediaTime base_{};
    media::MediaTime video_end_{};
    media::MediaTime audio_end_{};
    Begin begin_;         // of this round
    Begin begin_before_;  // of the round before
    bool zero_known_ = false;
    std::optional<media::MediaTime> last_frame_;
    media::MediaTime frame_{};  // how long the last frame lasts
};

}  // namespace weir::ingest
