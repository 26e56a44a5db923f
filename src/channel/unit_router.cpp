// SPDX-License-Identifier: MIT
#include "channel/unit_router.hpp"

#include <array>
#include <utility>

namespace weir::channel {

using media::UnitKind;

class UnitRouter::Connection final : public media::UnitSink {
public:
    Connection(std::shared_ptr<UnitRouter> router, std::uint64_t key)
        : router_(std::move(router)), key_(key) {}

    void configure(UnitKind kind, const base::MiniPtr<GstCaps>& caps) override {
        const std::lock_guard lock(mutex_);
        caps_[index(kind)] = base::borrow_mini(caps.get());
        if (to_) to_->configure(kind, caps);
    }

    bool push(UnitKind kind, base::MiniPtr<GstBuffer> unit) override {
        const std::lock_guard lock(mutex_);
        if (closed_) return false;
        const bool delta = GST_BUFFER_FLAG_IS_SET(unit.get(), GST_BUFFER_FLAG_DELTA_UNIT);
        // Where there are pictures it comes on with a whole one.
        const bool entry = kind == UnitKind::video ? !delta : !caps_[index(UnitKind::video)];
        if (!follow(entry)) return true;
        return to_->push(kind, std::move(unit));
    }

    void close() override {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        if (to_) to_->close();
        to_.reset();
    }

private:
    static std::size_t index(UnitKind kind) { return kind == UnitKind::video ? 0 : 1; }

    // Whether the unit goes on; `entry`: a connection may come on with it.
    bool follow(bool entry) {
        const std::lock_guard lock(router_->mutex_);
        if (!router_->passes(key_, entry)) {
            if (to_) to_->close();
            to_.reset();
            return false;
        }
        if (to_) return true;
        if (!entry) return false;
        to_ = router_->open_();
        for (const auto kind : {UnitKind::video, UnitKind::audio}) {
            if (caps_[index(kind)]) to_->configure(kind, caps_[index(kind)]);
        }
        return true;
    }

    const std::shared_ptr<UnitRouter> router_;
    const std::uint64_t key_;
    std::mutex mutex_;  // guards all below
    bool closed_ = false;
    std::array<base::MiniPtr<GstCaps>, 2> caps_;
    std::shared_ptr<media::UnitSink> to_;  // null: it is not on
};

UnitRouter::UnitRouter(std::function<std::shared_ptr<media::UnitSink>()> open,
                       std::shared_ptr<base::Clock> clock,
                       std::function<void(std::uint64_t, media::MediaTime)> on_switch)
    : open_(std::move(open)), on_switch_(std::move(on_switch)), clock_(std::move(clock)) {}

std::shared_ptr<media::UnitSink> UnitRouter::connect(std::uint64_t key) {
    return std::make_shared<Connection>(shared_from_this(), key);
}

void UnitRouter::choose(std::uint64_t key) {
    const std::lock_guard lock(mutex_);
    follow_schedule(clock_.now());  // what was due before is over
    chosen_ = key;
}

void UnitRouter::choose_at(std::optional<std::uint64_t> key, media::MediaTime at) {
    const std::lock_guard lock(mutex_);
    schedule_[at] = key;
}

void UnitRouter::follow_schedule(media::MediaTime now) {
    while (!schedule_.empty() && schedule_.begin()->first <= now) {
        if (const auto& key = schedule_.begin()->second) chosen_ = key;
        schedule_.erase(schedule_.begin());
    }
}

// Whether this input's units go on; `entry`: it may come on with this one.
bool UnitRouter::passes(std::uint64_t key, bool entry) {
    if (!entry) return on_ == key;
    const auto now = clock_.now();
    follow_schedule(now);
    if (chosen_ == key && on_ != key) {
        on_ = key;
        if (on_switch_) on_switch_(key, now);
    }
    return on_ == key;
}

}  // namespace weir::channel
