// SPDX-License-Identifier: MIT
#include "playout/lane.hpp"

#include <algorithm>
#include <utility>

#include "playout/audio_resampler.hpp"

namespace weir::playout {

using base::MiniPtr;
using media::MediaTime;
using media::Pacing;

namespace {

// Decoded frames are large. A live input's wait for as long as InputClock::kLiveDelay, with some
// jitter; one that can wait needs a few.
constexpr MediaTime kMaxFrameTime = std::chrono::milliseconds(600);
constexpr std::size_t kMinFrames = 18;
constexpr std::size_t kMaxFrames = 75;
constexpr MediaTime kSecond = std::chrono::seconds(1);
constexpr MediaTime kMaxPendingAudio = std::chrono::seconds(2);

}  // namespace

// One connection's media between its arrival and its tick.
class Lane::Connection final : public media::MediaSink {
public:
    Connection(std::weak_ptr<Lane> lane, Pacing pacing)
        : lane_(std::move(lane)), pacing_(pacing), clock_(pacing) {}

    bool push_video(MediaTime pts, MiniPtr<GstBuffer> frame) override {
        const auto lane = lane_.lock();
        if (!lane) return false;
        std::unique_lock lock(lane->mutex_);
        lane->room_.wait(lock, [&] { return closed_ || passes(*lane) || has_frame_room(*lane); });
        if (closed_) return false;
        if (passes(*lane) && !has_frame_room(*lane)) {
            if (frames_.empty()) pending_.pop_front();
            frames_.clear();
        }
        if (!clock_.arrived(pts, lane->arrival_time(pacing_))) return true;
        pending_.push_back({pts, std::move(frame)});
        lane->note_arrival();
        lane->settle(*this);
        return true;
    }

    bool push_audio(MediaTime pts, std::span<const float> samples) override {
        const auto lane = lane_.lock();
        if (!lane || samples.empty()) return lane != nullptr;
        std::unique_lock lock(lane->mutex_);
        lane->room_.wait(lock,
                         [&] { return closed_ || passes(*lane) || has_audio_room(*lane, pts); });
        if (closed_) return false;
        while (passes(*lane) && !has_audio_room(*lane, pts)) pending_audio_.pop_front();
        if (!clock_.arrived(pts, lane->arrival_time(pacing_))) return true;
        pending_audio_.push_back({pts, {samples.begin(), samples.end()}});
        lane->settle(*this);
        return true;
    }

    void close() override {
        const auto lane = lane_.lock();
        if (!lane) return;
        const std::lock_guard lock(lane->mutex_);
        closed_ = true;
        if (lane->current_.get() == this) lane->status_.connected = false;
        lane->room_.notify_all();
    }

private:
    friend class Lane;
    struct Packet {
        MediaTime pts{};
        std::vector<float> samples;
    };

    // What is live cannot wait for the ticks to begin: the oldest makes room.
    bool passes(const Lane& lane) const { return pacing_ == Pacing::live && !lane.grid_; }

    bool has_frame_room(const Lane& lane) const {
        std::size_t most = kMinFrames;
        if (lane.grid_ && pacing_ == Pacing::live) {
            const auto frames =
                static_cast<std::size_t>(kMaxFrameTime / lane.grid_->frame_duration());
            most = std::clamp(frames, kMinFrames, kMaxFrames);
        }
        return pending_.size() + frames_.size() < most;
    }

    bool has_audio_room(const Lane& lane, MediaTime pts) const {
        const auto offset = clock_.offset(lane.now_());
        if (!offset || !lane.grid_) {
            return pending_audio_.empty() ||
                   std::chrono::abs(pts - pending_audio_.front().pts) < kMaxPendingAudio;
        }
        return lane.ring_.has_room(
            media::sample_at_or_after(clock_.map(pts), lane.format_.sample_rate));
    }

    const std::weak_ptr<Lane> lane_;
    const Pacing pacing_;
    // Guarded by the lane's mutex.
    InputClock clock_;
    std::optional<AudioResampler> resampler_;  // made with the first sound
    std::deque<TimedFrame> pending_;           // source time: the offset is not known yet
    std::deque<Packet> pending_audio_;
    std::deque<TimedFrame> frames_;  // grid time
    bool closed_ = false;
};

Lane::Lane(const media::RawFormat& format, std::function<MediaTime()> now)
    : format_(format),
      now_(std::move(now)),
      ring_(std::max(format.sample_rate, 1), std::max(format.channels, 1)),
      fade_(0, std::max(format.channels, 1)) {}

Lane::~Lane() = default;

std::shared_ptr<media::MediaSink> Lane::open(Pacing pacing) {
    auto connection = std::make_shared<Connection>(weak_from_this(), pacing);
    const std::lock_guard lock(mutex_);
    // A live connection's frames that are still to come out would be lost with it.
    if (current_ && current_->pacing_ == pacing) connection->frames_ = std::move(current_->frames_);
    current_ = connection;
    status_.connected = true;
    ring_.break_continuity();
    return connection;
}

std::optional<MediaTime> Lane::first_frame_time() const {
    const std::lock_guard lock(mutex_);
    if (!current_) return std::nullopt;
    if (begun_ && !grid_ && !current_->frames_.empty()) return now_();  // it has waited
    if (current_->pending_.empty()) return std::nullopt;
    const auto offset = current_->clock_.offset(now_());
    if (!offset) return std::nullopt;
    return current_->pending_.front().time + *offset;
}

void Lane::note_arrival() {
    const MediaTime now = now_();
    arrivals_.push_back(now);
    while (arrivals_.front() + kSecond <= now) arrivals_.pop_front();
}

bool Lane::stands_still() const {
    return held_ && current_ && current_->pacing_ == Pacing::paced;
}

// A file is late when the programme has passed it, not when the programme itself is behind the
// clock because the encoders are: then it is held back, and must not lose pictures for it.
MediaTime Lane::arrival_time(Pacing pacing) const {
    return pacing == Pacing::paced && begun_ ? tick_time_ : now_();
}

void Lane::begin(const media::Grid& grid, std::int64_t frame, std::int64_t sample, bool chosen) {
    const std::lock_guard lock(mutex_);
    const bool again = std::exchange(begun_, true);
    const MediaTime time = grid.frame_time(frame);
    grid_ = grid;
    held_ = !chosen;
    const bool waits = current_ && current_->pacing_ == Pacing::paced;
    if (again && waits) {
        if (chosen) release(time, sample);
        return;
    }
    tick_time_ = time;
    ring_.begin(sample);
    if (!current_) return;
    // A file waits for the programme to begin; its first frame is the programme's.
    if (!current_->pending_.empty()) {
        current_->clock_.anchor(current_->pending_.front().time, tick_time_);
    }
    settle(*current_);
    auto& frames = current_->frames_;  // those that came while nobody ticked are over
    while (frames.size() > 1 && frames[1].time <= tick_time_) frames.pop_front();
    room_.notify_all();
}

void Lane::suspend() {
    const std::lock_guard lock(mutex_);
    grid_.reset();
    if (current_ && current_->pacing_ == Pacing::live) current_->frames_.clear();
    room_.notify_all();
}

void Lane::hold(bool held, std::int64_t frame, std::int64_t sample) {
    const std::lock_guard lock(mutex_);
    if (std::exchange(held_, held) == held || held || !current_ || !grid_) return;
    if (current_->pacing_ == Pacing::paced) release(grid_->frame_time(frame), sample);
}

// The time that it stood still is added to everything that waits.
void Lane::release(MediaTime time, std::int64_t sample) {
    settle(*current_);
    auto& frames = current_->frames_;
    const MediaTime by = time - (frames.empty() ? tick_time_ : frames.front().time);
    for (auto& waiting : frames) waiting.time += by;
    current_->clock_.shift(by);
    if (format_.sample_rate > 0) {
        ring_.shift(media::sample_at_or_after(by, format_.sample_rate));
        ring_.seek(sample);
    }
    tick_time_ = time;
    room_.notify_all();
}

// Moves what is pending to its grid time, once the offset and the grid are known.
void Lane::settle(Connection& connection) {
    const auto offset = connection.clock_.offset(now_());
    if (!grid_ || !offset || &connection != current_.get()) return;
    InputClock& clock = connection.clock_;
    if (!clock.snapped() && !connection.pending_.empty()) {
        const MediaTime time = clock.map(connection.pending_.front().time);
        clock.snap(grid_->frame_time(grid_->nearest_frame(time)) - time);
    }
    for (auto& frame : connection.pending_) {
        connection.frames_.push_back({clock.map(frame.time), std::move(frame.buffer)});
    }
    connection.pending_.clear();
    for (const auto& packet : connection.pending_audio_) {
        auto& resampler = connection.resampler_;
        if (!resampler) resampler.emplace(format_.channels);
        const std::int64_t at =
            media::sample_at_or_after(clock.map(packet.pts), format_.sample_rate) -
            resampler->latency();
        ring_.write(at, resampler->resample(packet.samples, clock.rate()),
                    connection.pacing_ == Pacing::paced);
    }
    connection.pending_audio_.clear();
}

MiniPtr<GstBuffer> Lane::tick(std::int64_t frame) {
    const std::lock_guard lock(mutex_);
    if (!current_ || stands_still()) return nullptr;
    tick_time_ = grid_->frame_time(frame);
    settle(*current_);
    MiniPtr<GstBuffer> due;
    auto& frames = current_->frames_;
    while (!frames.empty() && grid_->nearest_frame(frames.front().time) <= frame) {
        if (due) ++status_.late_frames;
        due = std::move(frames.front().buffer);
        frames.pop_front();
    }
    if (due) {
        status_.last_frame = tick_time_;
        watch_picture(due.get());
    }
    room_.notify_all();
    return due;
}

void Lane::configure(std::chrono::milliseconds fade, const Failover& watch) {
    const std::lock_guard lock(mutex_);
    fade_samples_ = fade.count() * format_.sample_rate / 1000;
    fade_ = Fade(fade_samples_, std::max(format_.channels, 1));
    watch_ = ContentWatch(watch);
}

std::int64_t Lane::read(std::span<float> samples) {
    const std::lock_guard lock(mutex_);
    const auto count = static_cast<std::int64_t>(samples.size()) / format_.channels;
    if (stands_still()) {
        std::fill(samples.begin(), samples.end(), 0.0F);
        return count;
    }
    const auto ranges = ring_.read(samples);
    if (watch_.watches_sound()) watch_.sound(tick_time_, level_dbfs(samples));
    fade_.apply(samples, ranges, ring_.written(fade_samples_));
    std::int64_t silent = count;
    for (const auto& range : ranges) silent -= range.end - range.begin;
    if (silent < count) status_.last_sound = tick_time_;
    room_.notify_all();
    return silent;
}

void Lane::watch_picture(GstBuffer* picture) {
    GstMapInfo map;
    if (!watch_.watches_pictures() || !gst_buffer_map(picture, &map, GST_MAP_READ)) return;
    const int stride = GST_ROUND_UP_4(format_.width);  // I420, as GStreamer lays it out
    watch_.picture(tick_time_, mean_luma({.bytes = {map.data, map.size},
                                          .width = format_.width,
                                          .height = format_.height,
                                          .stride = stride}));
    gst_buffer_unmap(picture, &map);
}

bool Lane::has_delivered() const {
    const std::lock_guard lock(mutex_);
    return status_.last_frame ||
           (current_ && (!current_->pending_.empty() || !current_->frames_.empty()));
}

LaneStatus Lane::status() const {
    const std::lock_guard lock(mutex_);
    LaneStatus status = status_;
    status.black_since = watch_.black_since();
    status.silent_since = watch_.silent_since();
    if (current_) status.drift_ppm = current_->clock_.rate() * 1e6;
    const MediaTime since = now_() - kSecond;
    status.frame_rate = static_cast<double>(std::count_if(
        arrivals_.begin(), arrivals_.end(), [&](MediaTime arrival) { return arrival > since; }));
    status.ready = stands_still() && (!current_->frames_.empty() || !current_->pending_.empty());
    return status;
}

}  // namespace weir::playout
