// SPDX-License-Identifier: MIT
/// @file
/// A live channel: inputs, the grid, the ladder, the outputs, one programme after another.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <weir/config.hpp>
#include <weir/event.hpp>
#include <weir/export.hpp>
#include <weir/result.hpp>

namespace weir {

class Origin;

/// Ends the delivery of events when it goes: after its destructor no call runs or will come.
/// Destroying it inside its own handler is allowed.
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

/// Figures of a running channel.
struct ChannelStats {
    std::uint64_t frames = 0;           ///< ticks of the programme so far
    std::uint64_t frames_repeated = 0;  ///< of those, the input had no new picture
    std::uint64_t frames_black = 0;     ///< of those, black
    std::uint64_t samples_silent = 0;   ///< audio samples filled with silence
    std::uint64_t segments = 0;         ///< slots published in every rendition
    std::chrono::nanoseconds lag{};     ///< how late the last tick was
};

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

    [[nodiscard]] ChannelState state() const;
    /// The current or latest programme's id, its start in UTC; "" before the first start.
    [[nodiscard]] std::string programme() const;
    [[nodiscard]] ChannelStats stats() const;
    [[nodiscard]] const ChannelConfig& config() const;

    /// Calls `handler` with every event from now on, in order, on weir's control thread. The
    /// handler must not block for long and must not throw.
    [[nodiscard]] Subscription on_event(std::function<void(const Event&)> handler);

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
