// SPDX-License-Identifier: MIT
// Turns what an input delivers into raw frames and samples of the channel's RawFormat, and hands
// them to a MediaSink with their source time. The first video and the first audio stream are taken.
// Threads: made on the control thread; events come from GStreamer's threads.
#pragma once

#include <atomic>
#include <condition_variable>
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
    // One more stream will come, though its pad may be late: the end is not before its end.
    void expect();
    // Takes a raw audio or video pad. One that comes when the pad before it is gone (another
    // decoder's) goes on where that left off.
    void take(GstPad* pad);
    // One that will have these caps.
    void take(GstPad* pad, const GstCaps* caps);

    // What comes first lies at `begin`, the pictures' first rather than the sound's. Before any
    // media; stop() before the pipeline stops, because sound may wait for pictures.
    void begin_at(media::MediaTime begin);
    void stop();
    // Nothing counts before the next seek. Before any media.
    void discard_until_seek() { discarding_ = true; }

    // A flushing seek through one of the branches: through the whole pipeline it would come once
    // for each of them, and flvdemux (1.22) would begin as often.
    bool seek(media::MediaTime to, GstSeekFlags more = GST_SEEK_FLAG_NONE);

    // The next round of a looping file begins: its first frame lies at end_time(), and the
    // branches' end-of-stream is forgotten. Before the flushing seek.
    void begin_round();
    // Where the next round of a looping file belongs: behind the last frame, and behind the audio
    // in whole frames, so that the frames stay on the grid. Zero: there was nothing that lasts.
    [[nodiscard]] media::MediaTime end_time() const;
    [[nodiscard]] StreamInfo info() const;
    // Counts what came through, for a watchdog.
    [[nodiscard]] std::uint64_t arrivals() const { return arrivals_; }
    // The sink has no room.
    [[nodiscard]] bool waits_for_room() const { return delivering_ > 0; }

private:
    enum class Kind { video, audio };
    struct Begin {  // running time of the first unit
        std::optional<media::MediaTime> video;
        std::optional<media::MediaTime> audio;
    };

    void link_branch(GstPad* pad, Kind kind);
    void link(GstPad* pad, GstPad* entry, Kind kind) const;
    [[nodiscard]] base::ObjectPtr<GstPad>& entry(Kind kind);  // with mutex_ locked
    void connect_sink(GstElement* sink, Kind kind);
    void discard(GstPad* pad);
    [[nodiscard]] bool is_first_picture(Kind kind) const;
    GstFlowReturn on_buffer(GstPad* pad, GstBuffer* buffer, Kind kind);
    media::MediaTime place(GstBuffer* buffer, media::MediaTime running, Kind kind);
    void note_begin(media::MediaTime running, Kind kind);  // with mutex_ locked
    void settle(std::unique_lock<std::mutex>& lock, media::MediaTime running, Kind kind);
    [[nodiscard]] media::MediaTime end_of_round() const;  // with mutex_ locked
    void on_eos(Kind kind);
    void note_caps(GstCaps* caps, Kind kind);
    bool deliver(GstBuffer* buffer, Kind kind, media::MediaTime pts);

    GstBin* bin_;
    const media::RawFormat format_;
    const std::shared_ptr<media::MediaSink> sink_;
    const DecoderEvents events_;
    std::atomic<std::uint64_t> arrivals_{0};
    std::atomic<int> delivering_{0};
    std::atomic<bool> discarding_{false};
    mutable std::mutex mutex_;  // guards all below
    std::condition_variable settled_;
    base::ObjectPtr<GstElement> first_sink_;
    base::ObjectPtr<GstPad> video_entry_;  // of its branch
    base::ObjectPtr<GstPad> audio_entry_;
    bool stopped_ = false;
    bool video_ended_ = false;
    std::optional<media::MediaTime> begin_at_;  // until the first media has come
    bool has_video_ = false;
    bool has_audio_ = false;
    int expected_ = 0;
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
    bool sought_ = false;  // this round did not begin at the file's beginning
    std::optional<media::MediaTime> last_frame_;
    media::MediaTime frame_{};  // how long the last frame lasts
};

}  // namespace weir::ingest
