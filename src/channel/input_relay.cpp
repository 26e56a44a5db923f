// SPDX-License-Identifier: MIT
#include "channel/input_relay.hpp"

#include <array>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace weir::channel {

using media::MediaSink;
using media::MediaTime;
using media::UnitKind;
using media::UnitSink;

class InputRelay::Raw final : public MediaSink {
public:
    explicit Raw(std::shared_ptr<MediaSink> to) : to_(std::move(to)) {}

    bool push_video(MediaTime pts, base::MiniPtr<GstBuffer> frame) override {
        return push(
            [&](MediaSink& to) { return to.push_video(pts, base::borrow_mini(frame.get())); });
    }
    bool push_audio(MediaTime pts, std::span<const float> samples) override {
        return push([&](MediaSink& to) { return to.push_audio(pts, samples); });
    }
    void close() override {
        std::unique_lock lock(mutex_);
        closed_ = true;
        changed_.notify_all();
        if (const auto to = std::exchange(to_, nullptr)) to->close();
    }

    bool is_closed() {
        const std::lock_guard lock(mutex_);
        return closed_;
    }
    void detach() {
        std::unique_lock lock(mutex_);
        // Whoever waits for room in it comes out.
        if (const auto to = std::exchange(to_, nullptr)) to->close();
        changed_.wait(lock, [this] { return pushing_ == 0; });
    }
    void attach(std::shared_ptr<MediaSink> to) {
        const std::lock_guard lock(mutex_);
        if (closed_) return to->close();
        to_ = std::move(to);
        changed_.notify_all();
    }

private:
    template <class Push>
    bool push(const Push& give) {
        std::unique_lock lock(mutex_);
        while (true) {
            changed_.wait(lock, [this] { return closed_ || to_; });
            if (closed_) return false;
            const auto to = to_;
            ++pushing_;
            lock.unlock();
            const bool taken = give(*to);
            lock.lock();
            --pushing_;
            changed_.notify_all();
            // Refused because it was taken away: the next one gets it.
            if (taken || to_ == to) return taken;
        }
    }

    std::mutex mutex_;  // guards all below; not held in a push
    std::condition_variable changed_;
    std::shared_ptr<MediaSink> to_;  // null: detached
    int pushing_ = 0;
    bool closed_ = false;
};

class InputRelay::Units final : public UnitSink {
public:
    explicit Units(std::shared_ptr<UnitSink> to) : to_(std::move(to)) {}

    void configure(UnitKind kind, const base::MiniPtr<GstCaps>& caps) override {
        const std::lock_guard lock(mutex_);
        caps_[index(kind)] = base::borrow_mini(caps.get());
        if (to_) to_->configure(kind, caps);
    }
    bool push(UnitKind kind, base::MiniPtr<GstBuffer> unit) override {
        const std::lock_guard lock(mutex_);
        if (closed_) return false;
        return !to_ || to_->push(kind, std::move(unit));
    }
    void close() override {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        if (const auto to = std::exchange(to_, nullptr)) to->close();
    }

    bool is_closed() {
        const std::lock_guard lock(mutex_);
        return closed_;
    }
    void detach() {
        const std::lock_guard lock(mutex_);
        if (const auto to = std::exchange(to_, nullptr)) to->close();
    }
    void attach(std::shared_ptr<UnitSink> to) {
        const std::lock_guard lock(mutex_);
        if (closed_) return to->close();
        to_ = std::move(to);
        for (const auto kind : {UnitKind::video, UnitKind::audio}) {
            if (caps_[index(kind)]) to_->configure(kind, caps_[index(kind)]);
        }
    }

private:
    static std::size_t index(UnitKind kind) { return kind == UnitKind::video ? 0 : 1; }

    std::mutex mutex_;  // guards all below; held in a push, which never blocks
    std::array<base::MiniPtr<GstCaps>, 2> caps_;
    std::shared_ptr<UnitSink> to_;  // null: detached
    bool closed_ = false;
};

InputRelay::InputRelay(const ingest::Delivery& to)
    : raw_(to.raw ? std::make_shared<Raw>(to.raw) : nullptr),
      units_(to.units ? std::make_shared<Units>(to.units) : nullptr),
      delivery_{to.format, raw_, units_} {}

bool InputRelay::is_over() const {
    return raw_ ? raw_->is_closed() : units_ && units_->is_closed();
}

void InputRelay::detach() {
    if (raw_) raw_->detach();
    if (units_) units_->detach();
}

bool InputRelay::attach(const ingest::Delivery& to) {
    const auto& own = delivery_.format;
    const bool same = own.width == to.format.width && own.height == to.format.height &&
                      own.sample_rate == to.format.sample_rate &&
                      own.channels == to.format.channels;
    const bool fits = (raw_ != nullptr) == (to.raw != nullptr) &&
                      (units_ != nullptr) == (to.units != nullptr) && (!raw_ || same);
    if (!fits) return false;
    if (raw_) raw_->attach(to.raw);
    if (units_) units_->attach(to.units);
    return true;
}

}  // namespace weir::channel
