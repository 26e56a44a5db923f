// SPDX-License-Identifier: MIT
#include "ingest/publish_point.hpp"

#include <algorithm>
#include <utility>

namespace weir::ingest {

namespace {

constexpr std::size_t kItemBytes = 128;  // what an item takes besides its payload, about

}  // namespace

bool PublishPoint::is_config(const Item& item) {
    return item.bytes && (item.unit.kind == FlvUnit::Kind::video_config ||
                          item.unit.kind == FlvUnit::Kind::audio_config);
}

bool PublishPoint::is_keyframe(const Item& item) {
    return item.bytes && item.unit.kind == FlvUnit::Kind::video && item.unit.keyframe;
}

std::size_t PublishPoint::weight(const Item& item) {
    return kItemBytes + (item.bytes ? item.bytes->size() : 0);
}

// ---- Publishers -------------------------------------------------------------------------------

Result<std::uint64_t> PublishPoint::begin(std::shared_ptr<Publisher> publisher) {
    const std::lock_guard lock(mutex_);
    if (closed_) return Error{ErrorCode::unavailable, "nobody listens for this stream"};
    if (publisher_) {
        if (config_.on_conflict == OnConflict::reject) {
            return Error{ErrorCode::already_exists, "somebody publishes this stream already"};
        }
        publisher_->dismiss("somebody else publishes this stream now");
        finish_publisher();
    }
    publisher_ = std::move(publisher);
    sent_ = false;
    held_up_ = false;
    return ++id_;
}

bool PublishPoint::push(std::uint64_t id, const FlvUnit& unit) {
    Item item{unit, std::make_shared<const std::vector<std::byte>>(unit.payload.begin(),
                                                                   unit.payload.end())};
    item.unit.payload = *item.bytes;
    const std::lock_guard lock(mutex_);
    if (id != id_ || !publisher_) return true;  // it will be told
    sent_ = true;
    waiting_bytes_ += weight(item);
    items_.push_back(std::move(item));
    changed_.notify_all();
    held_up_ = waiting_bytes_ >= limits_.waiting_bytes;
    return !held_up_;
}

void PublishPoint::end(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    if (id == id_ && publisher_) finish_publisher();
}

void PublishPoint::finish_publisher() {
    publisher_.reset();
    if (!std::exchange(sent_, false)) return;  // nobody knew of it
    Item end;
    waiting_bytes_ += weight(end);
    items_.push_back(std::move(end));
    changed_.notify_all();
}

// ---- The one who listens ----------------------------------------------------------------------

void PublishPoint::close(const std::string& why) {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    if (publisher_) publisher_->dismiss(why);
    finish_publisher();
}

void PublishPoint::dismiss(const std::string& why) {
    const std::lock_guard lock(mutex_);
    if (!publisher_) return;
    publisher_->dismiss(why);
    finish_publisher();
}

// ---- Sources ----------------------------------------------------------------------------------

Result<void> PublishPoint::attach() {
    const std::lock_guard lock(mutex_);
    if (attached_) {
        return Error{ErrorCode::already_exists, "another input listens for this stream"};
    }
    attached_ = true;
    interrupted_ = false;
    skip_to_last_publisher();
    // What a source took before it failed may be why it failed.
    if (next_ > 0) skip_to_last_keyframe();
    recall_configs();
    make_room();
    return {};
}

void PublishPoint::interrupt() {
    const std::lock_guard lock(mutex_);
    interrupted_ = true;
    changed_.notify_all();
}

void PublishPoint::detach() {
    const std::lock_guard lock(mutex_);
    attached_ = false;
}

std::optional<PublishPoint::Taken> PublishPoint::take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return interrupted_ || !configs_.empty() || next_ < items_.size(); });
    if (interrupted_) return std::nullopt;
    if (!configs_.empty()) {
        const Item item = std::move(configs_.front());
        configs_.pop_front();
        return Taken{item.unit, item.bytes};
    }
    const Item item = items_[next_];
    note_taken(item);
    make_room();
    return Taken{item.unit, item.bytes};
}

void PublishPoint::make_room() {
    if (!held_up_ || waiting_bytes_ > limits_.waiting_bytes / 2) return;
    held_up_ = false;
    if (publisher_) publisher_->resume();
}

// The item at next_ was.
void PublishPoint::note_taken(const Item& item) {
    waiting_bytes_ -= weight(item);
    if (!item.bytes) {
        interrupted_ = true;  // what follows is another connection's
        ++next_;
        kept_bytes_ += weight(item);
        drop_front(next_);
        video_config_.reset();
        audio_config_.reset();
        has_video_ = false;
        return;
    }
    has_video_ = has_video_ || item.unit.kind == FlvUnit::Kind::video;
    // A picture needs what came since its keyframe; sound needs only what comes.
    if (is_keyframe(item)) drop_front(next_);
    ++next_;
    kept_bytes_ += weight(item);
    if (!has_video_ || kept_bytes_ > limits_.kept_bytes) drop_front(next_);
}

// Items that were taken, or that nobody will take.
void PublishPoint::drop_front(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        Item& item = items_.front();
        if (next_ > 0) {
            kept_bytes_ -= weight(item);
            --next_;
        } else {
            waiting_bytes_ -= weight(item);
        }
        if (is_config(item)) {
            (item.unit.kind == FlvUnit::Kind::video_config ? video_config_ : audio_config_) = item;
        }
        if (!item.bytes) {
            video_config_.reset();
            audio_config_.reset();
        }
        items_.pop_front();
    }
}

// A publisher that came and went while there was no source is history when there is another.
void PublishPoint::skip_to_last_publisher() {
    const auto is_end = [](const Item& item) { return !item.bytes; };
    auto last = std::find_if(items_.rbegin(), items_.rend(), is_end);
    // The end of the last one is no reason to skip it.
    if (last == items_.rbegin() && last != items_.rend()) {
        if (publisher_) return drop_front(items_.size());
        last = std::find_if(std::next(last), items_.rend(), is_end);
    }
    if (last == items_.rend()) return;
    const auto after = static_cast<std::size_t>(items_.rend() - last);
    drop_front(after);
    has_video_ = false;
}

void PublishPoint::skip_to_last_keyframe() {
    const auto last = std::find_if(items_.rbegin(), items_.rend(), is_keyframe);
    if (last != items_.rend()) drop_front(static_cast<std::size_t>(items_.rend() - last) - 1);
    // All that is kept is to be taken again.
    waiting_bytes_ += std::exchange(kept_bytes_, 0);
    next_ = 0;
}

void PublishPoint::recall_configs() {
    configs_.clear();
    for (const auto* config : {&video_config_, &audio_config_}) {
        if (*config) configs_.push_back(**config);
    }
}

bool PublishPoint::waiting() const {
    const std::lock_guard lock(mutex_);
    return !publisher_ && configs_.empty() && next_ == items_.size();
}

}  // namespace weir::ingest
