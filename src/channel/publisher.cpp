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
    const std::lock_guard lock(mutex_);
    const bool lost = queue_.size() >= options_.max_queued;
    if (lost) segment.bytes = {};
    queue_.push_back({track, run, std::move(segment), lost});
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
        }
        handle(item);
    }
    timeline_->finish();
    events_.on_finished();
}

void Publisher::handle(const Item& item) {
    const auto& segment = item.segment;
    std::optional<std::uint64_t> size;
    Result<void> stored =
        item.lost ? Error{ErrorCode::unavailable, "the store is too slow"} : put(item);
    if (stored) size = segment.bytes.size();
    if (store_failing_ == stored.has_value()) {
        store_failing_ = !stored;
        events_.on_store(store_failing_, stored ? "" : stored.error().message);
    }
    if (segment.discontinuity) timeline_->mark_discontinuity();
    const auto slots =
        timeline_->add(item.track, segment.number, segment.start, segment.end, item.run, size);
    if (slots.empty()) return;
    for (const auto& slot : slots) {
        if (!slot.gap) events_.on_slot(slot);
    }
    expire();
}

Result<void> Publisher::put(const Item& item) {
    media::Slot slot;
    slot.number = item.segment.number;
    slot.run = item.run;
    const auto key = folder_ + media::segment_name(timeline_->programme(),
                                                   timeline_->all_tracks()[item.track].name, slot);
    while (true) {
        auto stored = store_->put(key, item.segment.bytes);
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
        static_cast<void>(store_->remove(
            folder_ + media::segment_name(timeline_->programme(), track.name, slot)));
    }
}

void Publisher::expire() {
    if (!options_.keep) return;
    // By what the slots last: over a time without any they stay in the playlist.
    const auto slots = timeline_->all().slots;
    media::MediaTime kept{};
    auto first = slots.rbegin();
    while (first != slots.rend() && kept < *options_.keep) {
        kept += first->end - first->start;
        ++first;
    }
    if (first == slots.rend()) return;
    for (const auto& slot : timeline_->trim(first->end)) remove(slot);
}

}  // namespace weir::channel
