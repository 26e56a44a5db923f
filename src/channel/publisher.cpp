// SPDX-License-Identifier: MIT
#include "channel/publisher.hpp"

#include <glib.h>
#include <pthread.h>

#include <cstdio>
#include <utility>

namespace weir::channel {

std::string random_run() {
    char text[9];
    std::snprintf(text, sizeof text, "%08x", g_random_int());
    return text;
}

Result<void> put_files(Store& store,
                       const std::vector<std::pair<std::string, std::string>>& files) {
    for (const auto& [key, text] : files) {
        if (auto put = store.put(key, Bytes::from_string(text)); !put) return put.error();
    }
    return {};
}

PublisherOptions publisher_options(const std::string& prefix, bool recorded, PlaylistType type,
                                   media::MediaTime kept, media::MediaTime segment_duration) {
    PublisherOptions result{.prefix = prefix, .keep = {}};
    if (recorded) return result;
    result.make_room = true;
    if (type == PlaylistType::live) {
        // Invariant 6: fetchable for the playlist's duration and three segments after it leaves.
        result.keep = 2 * kept + 4 * segment_duration;
    }
    return result;
}

Publisher::Publisher(PublisherOptions options, std::shared_ptr<Store> store,
                     std::shared_ptr<media::Timeline> timeline, PublisherEvents events)
    : options_(std::move(options)),
      folder_(options_.prefix.empty() ? "" : options_.prefix + "/"),
      store_(std::move(store)),
      timeline_(std::move(timeline)),
      events_(std::move(events)),
      thread_([this](const std::stop_token& stop) {
          pthread_setname_np(pthread_self(), "weir-publisher");
          run(stop);
      }) {}

Publisher::~Publisher() {
    close();
}

void Publisher::close() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
}

void Publisher::publish(std::size_t track, const std::string& run, media::Segment segment) {
    queue({track, Whole{run, std::move(segment), false}});
}

void Publisher::publish(std::size_t track, const std::string& run, media::InitSegment init) {
    queue({track, Init{run, std::move(init)}});
}

void Publisher::publish(std::size_t track, media::Part part) {
    queue({track, std::move(part)});
}

void Publisher::queue(Item item) {
    const std::lock_guard lock(mutex_);
    if (std::holds_alternative<media::Part>(item.what)) {
        if (parts_queued_ >= options_.max_queued_parts) return;
        ++parts_queued_;
    }
    if (auto* whole = std::get_if<Whole>(&item.what)) {
        whole->lost = queue_.size() - parts_queued_ >= options_.max_queued;
        if (whole->lost) whole->segment.bytes = {};
    }
    queue_.push_back(std::move(item));
    wake_.notify_one();
}

void Publisher::finish() {
    const std::lock_guard lock(mutex_);
    finishing_ = true;
    wake_.notify_one();
}

void Publisher::run(const std::stop_token& stop) {
    while (true) {
        Item item;
        {
            std::unique_lock lock(mutex_);
            if (!wake_.wait(lock, stop, [&] { return !queue_.empty() || finishing_; })) return;
            if (queue_.empty()) break;
            item = std::move(queue_.front());
            queue_.pop_front();
            if (std::holds_alternative<media::Part>(item.what)) --parts_queued_;
        }
        std::visit([&](const auto& what) { handle(item.track, what); }, item.what);
    }
    timeline_->finish();
    events_.on_finished();
}

void Publisher::handle(std::size_t track, const Init& item) {
    const std::string file = track_name(track) + "/init-" + item.init.hash + ".mp4";
    const auto stored = put(folder_ + timeline_->programme() + '/' + file, item.init.bytes);
    tell_store(stored);
    // Also when it failed: live goes on from the timeline's memory.
    timeline_->set_codecs(track, item.init.codecs);
    timeline_->set_init(track, item.run, file, item.init.bytes);
}

void Publisher::handle(std::size_t track, const media::Part& part) {
    timeline_->add_part(track, part);
}

void Publisher::handle(std::size_t track, const Whole& item) {
    const auto& segment = item.segment;
    std::optional<std::uint64_t> size;
    Result<void> stored =
        item.lost ? Error{ErrorCode::unavailable, "the store is too slow"} : put(track, item);
    if (stored) size = segment.bytes.size();
    tell_store(stored);
    if (segment.discontinuity) timeline_->mark_discontinuity();
    const auto slots =
        timeline_->add(track, segment.number, segment.start, segment.end, item.run, size);
    if (slots.empty()) return;
    for (const auto& slot : slots) {
        if (!slot.gap) events_.on_slot(slot);
    }
    expire();
}

void Publisher::tell_store(const Result<void>& stored) {
    if (store_failing_ != stored.has_value()) return;
    store_failing_ = !stored;
    events_.on_store(store_failing_, stored ? "" : stored.error().message);
}

std::string Publisher::track_name(std::size_t track) const {
    return timeline_->all_tracks()[track].name;
}

Result<void> Publisher::put(std::size_t track, const Whole& item) {
    media::Slot slot;
    slot.number = item.segment.number;
    slot.run = item.run;
    return put(folder_ + media::segment_name(timeline_->programme(), track_name(track), slot,
                                             options_.extension.c_str()),
               item.segment.bytes);
}

Result<void> Publisher::put(const std::string& key, const Bytes& bytes) {
    while (true) {
        auto stored = store_->put(key, bytes);
        const bool full = !stored && stored.error().code == ErrorCode::unavailable;
        if (!full || !options_.make_room || !drop_oldest()) return stored;
    }
}

// Makes room in a store that holds a window only: the oldest slot goes.
bool Publisher::drop_oldest() {
    const auto slots = timeline_->all().slots;
    if (slots.size() < 2) return false;
    for (const auto& slot : timeline_->trim(slots.front().end)) remove(slot);
    return true;
}

void Publisher::remove(const media::Slot& slot) {
    for (const auto& track : timeline_->all_tracks()) {
        // What is not there any more need not be removed.
        static_cast<void>(
            store_->remove(folder_ + media::segment_name(timeline_->programme(), track.name, slot,
                                                         options_.extension.c_str())));
    }
}

void Publisher::expire() {
    if (!options_.keep) return;
    // By what the slots last: over a time without any they stay in the playlist.
    const auto from = timeline_->start_of_last(*options_.keep);
    if (!from) return;
    for (const auto& slot : timeline_->trim(*from)) remove(slot);
}

}  // namespace weir::channel
