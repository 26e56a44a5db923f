// SPDX-License-Identifier: MIT
// Where one publisher at a time brings its media, and one source takes it away. What came since the
// last keyframe that was taken stays, so that a source that is made anew while the publisher goes
// on finds the configuration and a keyframe first. Threads: thread-safe. Publishers come on a
// network thread, which never waits here; one source thread takes.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <weir/ingest.hpp>
#include <weir/result.hpp>

#include "ingest/flv.hpp"

namespace weir::ingest {

// A publisher as the publish point sees it. Thread-safe; nothing blocks.
class Publisher {
public:
    virtual ~Publisher() = default;
    // There is room again.
    virtual void resume() = 0;
    // Its time is over; it is told why.
    virtual void dismiss(const std::string& why) = 0;
};

struct PublishPointLimits {
    std::size_t waiting_bytes = 8'000'000;  // not taken yet; then the publisher is not read from
    std::size_t kept_bytes = 16'000'000;    // taken, and kept for the next source; then let go
};

class PublishPoint {
public:
    using Limits = PublishPointLimits;

    explicit PublishPoint(RtmpListen config, Limits limits = {})
        : config_(std::move(config)), limits_(limits) {}

    [[nodiscard]] const RtmpListen& config() const { return config_; }

    // ---- for publishers; `id` is what begin() gave ----

    // Errors: already_exists when somebody else publishes and on_conflict says reject; unavailable
    // after close().
    Result<std::uint64_t> begin(std::shared_ptr<Publisher> publisher);
    // False: there is no room for more; resume() will come. Nothing after another took over.
    bool push(std::uint64_t id, const FlvUnit& unit);
    void end(std::uint64_t id);

    // ---- for the one who listens ----

    // Nobody publishes here any more.
    void close(const std::string& why);

    // ---- for sources ----

    // Errors: already_exists when there is a source.
    Result<void> attach();
    // Wakes take(), which gives nothing more.
    void interrupt();
    void detach();

    struct Taken {
        FlvUnit unit;                                         // its payload is `bytes`
        std::shared_ptr<const std::vector<std::byte>> bytes;  // null: the publisher left
    };
    // Waits for the next unit; nothing after interrupt(), or when the publisher's end was taken.
    std::optional<Taken> take();

    // Nobody publishes, and there is nothing to take.
    [[nodiscard]] bool waiting() const;
    // Sends the present publisher away.
    void dismiss(const std::string& why);

private:
    struct Item {
        FlvUnit unit;
        std::shared_ptr<const std::vector<std::byte>> bytes;  // null: a publisher's end
    };
    [[nodiscard]] static bool is_config(const Item& item);
    [[nodiscard]] static bool is_keyframe(const Item& item);
    [[nodiscard]] static std::size_t weight(const Item& item);

    // All with mutex_ locked.
    void finish_publisher();
    void make_room();
    void note_taken(const Item& item);
    void drop_front(std::size_t count);
    void skip_to_last_publisher();
    void skip_to_last_keyframe();
    void recall_configs();

    const RtmpListen config_;
    const Limits limits_;
    mutable std::mutex mutex_;  // guards all below
    std::condition_variable changed_;
    bool closed_ = false;
    std::shared_ptr<Publisher> publisher_;
    std::uint64_t id_ = 0;
    bool sent_ = false;     // it has pushed something
    bool held_up_ = false;  // it waits for resume()
    bool attached_ = false;
    bool interrupted_ = false;
    std::deque<Item> items_;  // the first `next_` were taken, and are kept
    std::size_t next_ = 0;
    std::size_t kept_bytes_ = 0;
    std::size_t waiting_bytes_ = 0;
    bool has_video_ = false;            // what was taken of the present publisher
    std::optional<Item> video_config_;  // of what was dropped
    std::optional<Item> audio_config_;
    std::deque<Item> configs_;  // to be taken before items_[next_]
};

}  // namespace weir::ingest
