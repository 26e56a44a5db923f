// SPDX-License-Identifier: MIT
#include "playout/playout.hpp"

#include <gst/video/video.h>

#include <cstring>
#include <utility>

namespace weir::playout {

using base::adopt_mini;
using base::MiniPtr;
using media::MediaTime;

namespace {

// Decoded frames are large: enough for the delay of a live input at 30 fps, and some jitter.
constexpr std::size_t kMaxFrames = 18;
constexpr MediaTime kMaxPendingAudio = std::chrono::seconds(2);

MiniPtr<GstBuffer> make_black(const media::RawFormat& format) {
    GstVideoInfo info;
    gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, static_cast<guint>(format.width),
                              static_cast<guint>(format.height));
    auto buffer = adopt_mini(gst_buffer_new_allocate(nullptr, GST_VIDEO_INFO_SIZE(&info), nullptr));
    const auto luma = GST_VIDEO_INFO_PLANE_OFFSET(&info, 1);
    gst_buffer_memset(buffer.get(), 0, 16, luma);
    gst_buffer_memset(buffer.get(), luma, 128, GST_VIDEO_INFO_SIZE(&info) - luma);
    return buffer;
}

GstClockTime clock_time(MediaTime time) {
    return static_cast<GstClockTime>(time.count());
}

// The same memory with its own time: nothing is copied.
MiniPtr<GstBuffer> stamped(GstBuffer* buffer, MediaTime start, MediaTime end) {
    auto copy = adopt_mini(gst_buffer_copy(buffer));
    GST_BUFFER_PTS(copy.get()) = clock_time(start);
    GST_BUFFER_DTS(copy.get()) = GST_CLOCK_TIME_NONE;
    GST_BUFFER_DURATION(copy.get()) = clock_time(end - start);
    GST_BUFFER_OFFSET(copy.get()) = GST_BUFFER_OFFSET_NONE;
    GST_BUFFER_FLAG_UNSET(copy.get(), GST_BUFFER_FLAG_DISCONT);
    return copy;
}

}  // namespace

// One connection's media between its arrival and its tick.
class Playout::Connection final : public media::MediaSink {
public:
    Connection(std::weak_ptr<Playout> playout, media::Pacing pacing)
        : playout_(std::move(playout)), clock_(pacing) {}

    bool push_video(MediaTime pts, MiniPtr<GstBuffer> frame) override {
        const auto playout = playout_.lock();
        if (!playout) return false;
        std::unique_lock lock(playout->mutex_);
        playout->room_.wait(
            lock, [&] { return closed_ || pending_.size() + frames_.size() < kMaxFrames; });
        if (closed_) return false;
        if (!clock_.arrived(pts, playout->arrival_time(clock_.pacing()))) return true;
        pending_.push_back({pts, std::move(frame)});
        playout->settle(*this);
        return true;
    }

    bool push_audio(MediaTime pts, std::span<const float> samples) override {
        const auto playout = playout_.lock();
        if (!playout || samples.empty()) return playout != nullptr;
        std::unique_lock lock(playout->mutex_);
        playout->room_.wait(lock, [&] { return closed_ || has_audio_room(*playout, pts); });
        if (closed_) return false;
        if (!clock_.arrived(pts, playout->arrival_time(clock_.pacing()))) return true;
        pending_audio_.push_back({pts, {samples.begin(), samples.end()}});
        playout->settle(*this);
        return true;
    }

    void close() override {
        const auto playout = playout_.lock();
        if (!playout) return;
        const std::lock_guard lock(playout->mutex_);
        closed_ = true;
        playout->room_.notify_all();
    }

private:
    friend class Playout;
    struct Packet {
        MediaTime pts{};
        std::vector<float> samples;
    };

    bool has_audio_room(const Playout& playout, MediaTime pts) const {
        const auto offset = clock_.offset(playout.clock_.now());
        if (!offset || !playout.grid_) {
            return pending_audio_.empty() ||
                   std::chrono::abs(pts - pending_audio_.front().pts) < kMaxPendingAudio;
        }
        return playout.ring_.has_room(
            media::sample_at_or_after(pts + *offset, playout.options_.format.sample_rate));
    }

    const std::weak_ptr<Playout> playout_;
    // Guarded by the playout's mutex.
    InputClock clock_;
    std::deque<TimedFrame> pending_;  // source time: the offset is not known yet
    std::deque<Packet> pending_audio_;
    std::deque<TimedFrame> frames_;  // grid time
    bool closed_ = false;
};

Playout::Playout(const PlayoutOptions& options, std::shared_ptr<base::Clock> clock)
    : options_(options),
      clock_(std::move(clock)),
      ring_(std::max(options.format.sample_rate, 1), std::max(options.format.channels, 1)),
      black_(make_black(options.format)) {}

Playout::~Playout() = default;

std::shared_ptr<media::MediaSink> Playout::open(media::Pacing pacing) {
    auto connection = std::make_shared<Connection>(weak_from_this(), pacing);
    const std::lock_guard lock(mutex_);
    current_ = connection;
    ring_.break_continuity();
    return connection;
}

std::optional<MediaTime> Playout::first_frame_time() const {
    const std::lock_guard lock(mutex_);
    if (!current_ || current_->pending_.empty()) return std::nullopt;
    const auto offset = current_->clock_.offset(clock_.now());
    if (!offset) return std::nullopt;
    return current_->pending_.front().time + *offset;
}

media::PresentationClock::Condition Playout::observe_clock() {
    const std::lock_guard lock(mutex_);
    return clock_.observe();
}

void Playout::begin(const media::Grid& grid, std::int64_t frame) {
    const std::lock_guard lock(mutex_);
    grid_ = grid;
    tick_time_ = grid.frame_time(frame);
    last_time_ = tick_time_ - options_.repeat_duration;
    if (options_.format.sample_rate > 0) {
        const auto sample =
            media::sample_at_or_after(grid.frame_time(frame), options_.format.sample_rate);
        const auto step = media::kAacFrameSamples;
        next_aac_frame_ = (sample + step - 1) / step;
        // An AAC encoder delays its signal by one frame (priming), so what goes in is taken one
        // frame ahead.
        ring_.begin((next_aac_frame_ + 1) * step);
    }
    if (!current_) return;
    // A file waits for the programme to begin; its first frame is the programme's.
    if (!current_->pending_.empty()) {
        current_->clock_.anchor(current_->pending_.front().time, grid.frame_time(frame));
    }
    settle(*current_);
}

// A file is late when the programme has passed it, not when the programme itself is behind the
// clock because the encoders are: then it is held back, and must not lose pictures for it.
MediaTime Playout::arrival_time(media::Pacing pacing) const {
    return pacing == media::Pacing::paced && grid_ ? tick_time_ : clock_.now();
}

// Moves what is pending to its grid time, once the offset and the grid are known.
void Playout::settle(Connection& connection) {
    const auto offset = connection.clock_.offset(clock_.now());
    if (!grid_ || !offset || &connection != current_.get()) return;
    MediaTime by = *offset;
    if (!connection.clock_.snapped() && !connection.pending_.empty()) {
        const MediaTime time = connection.pending_.front().time + by;
        const MediaTime snap = grid_->frame_time(grid_->nearest_frame(time)) - time;
        connection.clock_.snap(snap);
        by += snap;
    }
    for (auto& frame : connection.pending_) {
        connection.frames_.push_back({frame.time + by, std::move(frame.buffer)});
    }
    connection.pending_.clear();
    for (const auto& packet : connection.pending_audio_) {
        ring_.write(media::sample_at_or_after(packet.pts + by, options_.format.sample_rate),
                    packet.samples, connection.clock_.pacing() == media::Pacing::paced);
    }
    connection.pending_audio_.clear();
}

// The newest frame that is due.
MiniPtr<GstBuffer> Playout::next_frame(std::int64_t frame) {
    const MediaTime now = grid_->frame_time(frame);
    tick_time_ = now;
    MiniPtr<GstBuffer> due;
    if (current_) {
        settle(*current_);
        auto& frames = current_->frames_;
        while (!frames.empty() && grid_->nearest_frame(frames.front().time) <= frame) {
            due = std::move(frames.front().buffer);
            frames.pop_front();
        }
    }
    ++stats_.frames;
    if (due) {
        last_ = std::move(due);
        last_time_ = now;
    } else if (last_ && now - last_time_ < options_.repeat_duration) {
        ++stats_.repeated;
    } else {
        last_.reset();
        ++stats_.black;
    }
    return stamped(last_ ? last_.get() : black_.get(), now, grid_->frame_time(frame + 1));
}

void Playout::tick(std::int64_t frame, PlayoutOutput& output) {
    MiniPtr<GstBuffer> buffer;
    {
        const std::lock_guard lock(mutex_);
        buffer = next_frame(frame);
        room_.notify_all();
    }
    output.push_frame(std::move(buffer));
    if (options_.format.sample_rate > 0) push_audio_until(grid_->frame_time(frame + 1), output);
}

void Playout::push_audio_until(MediaTime time, PlayoutOutput& output) {
    const int rate = options_.format.sample_rate;
    const auto count = static_cast<std::size_t>(media::kAacFrameSamples * options_.format.channels);
    while (true) {
        const std::int64_t first = next_aac_frame_ * media::kAacFrameSamples;
        const MediaTime start = media::sample_time(first, rate);
        if (start >= time) return;
        const MediaTime end = media::sample_time(first + media::kAacFrameSamples, rate);
        auto buffer = adopt_mini(gst_buffer_new_allocate(nullptr, count * sizeof(float), nullptr));
        std::vector<float> samples(count);
        {
            const std::lock_guard lock(mutex_);
            stats_.silent_samples += static_cast<std::uint64_t>(ring_.read(samples));
            room_.notify_all();
        }
        gst_buffer_fill(buffer.get(), 0, samples.data(), count * sizeof(float));
        GST_BUFFER_PTS(buffer.get()) = clock_time(start);
        GST_BUFFER_DURATION(buffer.get()) = clock_time(end - start);
        ++next_aac_frame_;
        output.push_audio(std::move(buffer));
    }
}

PlayoutStats Playout::stats() const {
    const std::lock_guard lock(mutex_);
    return stats_;
}

}  // namespace weir::playout
