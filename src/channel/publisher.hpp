// SPDX-License-Identifier: MIT
// Makes segments fetchable, in this order: the bytes into the store, then the entry into the
// timeline, then the event. Removes what no playlist needs any more.
// Threads: publish() and finish() are thread-safe; the store is used on the publisher's own thread,
// and so are the events.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include <weir/hls_sink.hpp>
#include <weir/store.hpp>

#include "media/segment.hpp"
#include "media/timeline.hpp"

namespace weir::channel {

struct PublisherOptions {
    std::string prefix;            // of the keys: "<channel>", or empty
    std::string extension = "ts";  // of the segments' names
    // Segments wait here for a slow store. Past the limit the newest is lost and its slot is a gap:
    // live goes on, and memory stays bounded. Parts of a slow store come too late for anybody; the
    // slot's others are not shown either then.
    std::size_t max_queued = 64;
    std::size_t max_queued_parts = 512;
    // How long a slot stays fetchable after its end; nothing: for ever, or until the store is full.
    std::optional<media::MediaTime> keep;
    // When the store is full the oldest slots make room: for a store that holds a window only.
    bool make_room = false;
};

// For an encoded output: `recorded`, the store keeps everything; else what a playlist may still
// need, `kept` being the longest.
PublisherOptions publisher_options(const std::string& prefix, bool recorded, PlaylistType type,
                                   media::MediaTime kept, media::MediaTime segment_duration);

struct PublisherEvents {
    std::function<void(const media::Slot&)> on_slot;
    std::function<void(bool failing, const std::string& text)> on_store;  // changes only
    // After the last slot: the timeline is finished. Puts the playlists into the store.
    std::function<void()> on_finished;
};

// Puts files into the store in their order, up to the first one that it does not take. Errors: its.
Result<void> put_files(Store& store, const std::vector<std::pair<std::string, std::string>>& files);

// Two runs never make the same name, whatever the clock says.
std::string random_run();

class Publisher {
public:
    Publisher(PublisherOptions options, std::shared_ptr<Store> store,
              std::shared_ptr<media::Timeline> timeline, PublisherEvents events);
    ~Publisher();  // close()

    // A segment that `run` made; `track` is its index in the timeline.
    void publish(std::size_t track, const std::string& run, media::Segment segment);

    // The run's init segment of a track: before its first part and segment.
    void publish(std::size_t track, const std::string& run, media::InitSegment init);
    // A part of a segment that is being made: it is fetched from the timeline, not the store.
    void publish(std::size_t track, media::Part part);

    // After what is queued the timeline is finished and on_finished called. Once; more is harmless.
    void finish();

    // Gives up what is queued and waits for the thread: no event comes after it. More is harmless.
    void close();

private:
    struct Init {
        std::string run;
        media::InitSegment init;
    };
    struct Whole {
        std::string run;
        media::Segment segment;
        bool lost = false;  // there was no room for its bytes
    };
    struct Item {
        std::size_t track = 0;
        std::variant<Init, media::Part, Whole> what;
    };

    void queue(Item item);
    void run(const std::stop_token& stop);
    void handle(std::size_t track, const Init& item);
    void handle(std::size_t track, const media::Part& part);
    void handle(std::size_t track, const Whole& item);
    void tell_store(const Result<void>& stored);
    [[nodiscard]] std::string track_name(std::size_t track) const;
    Result<void> put(std::size_t track, const Whole& item);
    Result<void> put(const std::string& key, const Bytes& bytes);
    bool drop_oldest();
    void remove(const media::Slot& slot);
    void expire();

    const PublisherOptions options_;
    const std::string folder_;  // the prefix with its slash, or nothing
    const std::shared_ptr<Store> store_;
    const std::shared_ptr<media::Timeline> timeline_;
    const PublisherEvents events_;
    bool store_failing_ = false;  // publisher's thread only
    std::mutex mutex_;            // guards all below
    std::condition_variable_any wake_;
    std::deque<Item> queue_;
    std::size_t parts_queued_ = 0;
    bool finishing_ = false;
    std::jthread thread_;
};

}  // namespace weir::channel
