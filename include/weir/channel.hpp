// SPDX-License-Identifier: MIT
/// @file
/// A live channel: inputs, the grid, the ladder, the outputs, one programme after another.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <weir/bytes.hpp>
#include <weir/config.hpp>
#include <weir/event.hpp>
#include <weir/export.hpp>
#include <weir/result.hpp>

typedef struct _GstSample GstSample;

namespace weir {

class Origin;

/// Ends the delivery of events, or of frames, when it goes: after its destructor no call runs or
/// will come. Destroying it inside its own handler is allowed.
class WEIR_API Subscription {
public:
    class Impl;
    explicit Subscription(std::unique_ptr<Impl> impl);
    Subscription(Subscription&&) noexcept;
    Subscription& operator=(Subscription&&) noexcept;
    ~Subscription();

private:
    std::unique_ptr<Impl> impl_;
};

/// Figures of one input. Rates and the worst jitter are those of the last second.
struct InputStats {
    bool connected = false;             ///< media is arriving, or has within its idle timeout
    bool well = false;                  ///< as Failover sees it
    std::int64_t bitrate_bps = 0;       ///< as it arrives, encoded; 0 for raw media
    double frame_rate = 0;              ///< pictures that arrived, per second
    std::uint64_t frames_late = 0;      ///< came when their time was over, and were not shown
    std::uint64_t units_dropped = 0;    ///< access units with time stamps that could not be right
    std::chrono::nanoseconds jitter{};  ///< largest deviation from even arrival
    std::chrono::nanoseconds keyframe_age{};  ///< since the last keyframe arrived
    double drift_ppm = 0;                     ///< of the source's clock against ours
    std::chrono::nanoseconds skew{};  ///< arrival of sound after that of the pictures of its time
};

/// Figures of a running channel.
struct ChannelStats {
    std::uint64_t frames = 0;                     ///< ticks of the programme so far
    std::uint64_t frames_repeated = 0;            ///< of those, the input had no new picture
    std::uint64_t frames_black = 0;               ///< of those, black
    std::uint64_t frames_slate = 0;               ///< of those, the slate
    std::chrono::milliseconds repeat_duration{};  ///< the same in time: what viewers had instead
    std::chrono::milliseconds black_duration{};   ///< of the input
    std::chrono::milliseconds slate_duration{};
    std::uint64_t samples_silent = 0;  ///< audio samples filled with silence
    int input = 0;                     ///< index of the input that is on the programme
    bool paused = false;               ///< nothing is encoded now
    std::uint64_t segments = 0;        ///< slots published in every rendition
    std::chrono::nanoseconds lag{};    ///< how late the last tick was: the encoders are behind
    std::vector<InputStats> inputs;    ///< in the order of the configuration
};

/// Sees each frame of the programme before it is encoded, overlays included: raw, I420, bt709, of
/// the largest rendition's size, its PTS is UTC. Zero copy. Answers null, or another sample of the
/// same size whose picture takes its place (full transfer). Called on the playout thread: every
/// millisecond here is one that the encoders lack.
using VideoTap = std::function<GstSample*(GstSample*)>;

/// Sees each block of samples of the programme, interleaved, 32-bit float, and may change them in
/// place. `time` is UTC.
using AudioTap =
    std::function<void(std::chrono::nanoseconds time, std::span<float> samples, int channels)>;

/// A live channel. Owns its pipelines and threads; the destructor is stop().
///
/// Threads: thread-safe. Every function may be called from an event handler too.
class WEIR_API Channel {
public:
    /// Checks the configuration and opens the store; nothing runs yet.
    /// Errors: invalid_argument with every problem of validate(); what open_store() says.
    static Result<Channel> create(ChannelConfig config);

    Channel(Channel&&) noexcept;
    Channel& operator=(Channel&&) noexcept;
    ~Channel();

    /// Begins a new programme and returns at once: states starting, then running follow as events.
    /// Errors: already_exists when it is not idle or failed; not_found when a file input is not
    /// there; unsupported when a GStreamer plugin is missing (named in the message).
    Result<void> start();

    /// Ends the run at once. What is published stays, without ENDLIST: the programme is not
    /// finished. Waits until the pipelines are gone (about a second at most). Harmless when idle.
    Result<void> stop();

    /// Ends the programme: waits for the last segment to be published, then every playlist gets
    /// its ENDLIST, an event playlist becomes VOD, and the store receives the playlists. A second
    /// call, and one when idle, is harmless.
    /// Errors: timed_out when the encoder did not deliver within ten seconds; the playlists are
    /// finished all the same, with what came.
    Result<void> finish();

    /// Puts input `input` on the programme, at the first frame at or after `at` (in the past: now),
    /// and keeps it there whatever happens. Several can be scheduled; they are forgotten with the
    /// programme. A passthrough rendition follows at the first keyframe that comes from then on.
    /// Errors: invalid_argument for an input that there is not; unavailable when it is idle, or a
    /// thousand switches are scheduled already.
    Result<void> switch_input(int input, std::chrono::sys_time<std::chrono::nanoseconds> at = {});
    /// From `at` on the inputs are chosen as ChannelConfig::failover says again.
    Result<void> release_input(std::chrono::sys_time<std::chrono::nanoseconds> at = {});

    /// Encodes nothing from the end of the present frame on until resume(). Playlists stand still;
    /// afterwards there is a gap, or another programme if it lasted for more than a minute.
    /// Harmless when paused. Errors: unavailable when it is idle.
    Result<void> pause();
    /// Harmless when not paused, or paused by ChannelConfig::idle. Errors: unavailable when idle.
    Result<void> resume();

    /// Changes what can change while it runs: inputs, the ladder's video renditions and preset
    /// (from the next slot on, with a discontinuity), input_loss, failover, idle, overlays,
    /// time_burn_in. An idle channel takes everything but the name and the store.
    /// Errors: invalid_argument with every problem of validate(), or every field that cannot
    /// change now; then nothing has changed. What an input says that cannot be opened.
    Result<void> update(const ChannelConfig& config);

    [[nodiscard]] ChannelState state() const;
    /// The current or latest programme's id, its start in UTC; "" before the first start.
    [[nodiscard]] std::string programme() const;
    [[nodiscard]] ChannelStats stats() const;
    [[nodiscard]] ChannelConfig config() const;
    /// A small JPEG of the programme, not older than ChannelConfig::thumbnail_interval while it
    /// runs; nothing before the first one.
    [[nodiscard]] std::optional<Bytes> latest_thumbnail() const;

    /// Calls `handler` with every event from now on, in order, on weir's control thread. The
    /// handler must not block for long and must not throw.
    [[nodiscard]] Subscription on_event(std::function<void(const Event&)> handler);

    /// Calls `tap` with everything that goes to the encoders, from the next frame on.
    [[nodiscard]] Subscription on_frame(VideoTap tap);
    [[nodiscard]] Subscription on_samples(AudioTap tap);

private:
    friend class Origin;
    class Impl;
    explicit Channel(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;
};

/// Blocks until the process receives SIGINT or SIGTERM, and returns. While it waits these signals
/// lose their former effect; a second one, during finish() say, has it again. A program that blocks
/// the two (pthread_sigmask) before it makes its first thread loses none: one that came earlier is
/// seen here, and from here on they are not blocked in this thread. Call it from one thread only.
WEIR_API void wait_for_signal();

}  // namespace weir
