// SPDX-License-Identifier: MIT
// One run's passthrough rendition: access units in, segments in the store and a timeline of its own
// out. No pipeline, no decoder, no encoder: the work is done on the threads of the source, and the
// store is written by the publisher's.
//
// A source may connect before the programme begins: the segments made until then wait for begin().
// Threads: thread-safe. Events come from the publisher's thread, alerts from the source's threads
// too, which must not call back.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <weir/encoder_ladder.hpp>
#include <weir/hls_sink.hpp>
#include <weir/store.hpp>

#include "base/clock.hpp"
#include "channel/alerts.hpp"
#include "channel/programme.hpp"
#include "channel/publisher.hpp"
#include "hls/multivariant_playlist.hpp"
#include "media/timeline.hpp"
#include "media/unit_sink.hpp"
#include "segment/passthrough_segmenter.hpp"

namespace weir::channel {

struct PassthroughOutputOptions {
    HlsSink sink;
    Passthrough passthrough;
    bool alone = false;             // there are no encoded renditions
    std::string prefix;             // of the keys in the store: the channel's name
    bool recorded = false;          // the store keeps everything
    std::int64_t first_number = 0;  // below it all are used
};

struct PassthroughOutputEvents {
    std::function<void(const media::Slot&)> on_slot;
    std::function<void(bool failing, const std::string& text)> on_store;
    std::function<void()> on_finished;  // the timeline has ended, its playlists are in the store
    // Codes: those of PassthroughEvents, and "recording" when playlists could not be stored.
    std::function<void(const std::string& code, bool set, const std::string& text)> on_alert;
};

class PassthroughOutput : public std::enable_shared_from_this<PassthroughOutput> {
public:
    static std::shared_ptr<PassthroughOutput> create(const PassthroughOutputOptions& options,
                                                     std::shared_ptr<Store> store,
                                                     std::shared_ptr<base::Clock> clock,
                                                     PassthroughOutputEvents events);
    ~PassthroughOutput();  // close()

    // For a new connection of the source; the one before is over.
    std::shared_ptr<media::UnitSink> open() { return segmenter_->open(); }

    // The programme has begun: from now on there is a timeline. Once.
    void begin(const std::string& programme, std::int64_t discontinuity_sequence);

    // Ends the last segment, publishes what there is and ends the timeline; on_finished follows,
    // unless it has not begun. More is harmless.
    void finish();

    // Gives up what is not published; no event comes after it.
    void close();

    // Null before begin().
    [[nodiscard]] std::shared_ptr<media::Timeline> timeline() const;
    [[nodiscard]] const PassthroughOutputOptions& options() const { return options_; }
    [[nodiscard]] hls::PlaylistNames names() const;
    [[nodiscard]] std::int64_t target_duration() const;
    // How the origin serves it. Once begun.
    [[nodiscard]] origin::View view() const;
    // Below it all are used: for the next programme at the same address.
    [[nodiscard]] std::int64_t next_number() const { return segmenter_->next_number(); }

private:
    // Segments that wait for begin(); the oldest go first.
    static constexpr std::size_t kMaxWaiting = 8;

    PassthroughOutput(const PassthroughOutputOptions& options, std::shared_ptr<Store> store,
                      PassthroughOutputEvents events);
    void make_segmenter(std::shared_ptr<base::Clock> clock);
    void on_track(media::Track track);
    void on_segment(media::Segment segment);
    void on_finished();

    const PassthroughOutputOptions options_;
    const std::string run_ = random_run();
    const std::shared_ptr<Store> store_;
    const PassthroughOutputEvents events_;
    std::shared_ptr<segment::PassthroughSegmenter> segmenter_;
    mutable std::mutex mutex_;  // guards all below; taken with the segmenter's lock held
    bool closed_ = false;
    std::optional<media::Track> track_;
    std::deque<media::Segment> waiting_;
    std::shared_ptr<media::Timeline> timeline_;
    std::unique_ptr<Publisher> publisher_;
};

// Of a channel. Alerts go to `alerts`, on the control thread.
struct PassthroughLinks {
    std::shared_ptr<Alerts> alerts;
    std::function<void(const media::Slot&)> on_slot;
    std::function<void()> on_finished;
};
std::shared_ptr<PassthroughOutput> make_passthrough(const ChannelConfig& config,
                                                    const ProgrammeContext& context, bool alone,
                                                    PassthroughLinks links);

}  // namespace weir::channel
