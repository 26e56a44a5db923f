// SPDX-License-Identifier: MIT
// An exchange that keeps the answer, as a client of the server would see it.
// Threads: as HttpResponder::Exchange; the answer is read when it is there.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "net/http_message.hpp"

namespace weir::test {

class CapturedAnswer final : public net::HttpResponder::Exchange {
public:
    void answer(net::HttpResponse response) override {
        const std::lock_guard lock(mutex_);
        response_ = std::move(response);
    }
    std::shared_ptr<net::BodyStream> begin(net::HttpResponse head) override {
        const std::lock_guard lock(mutex_);
        response_ = std::move(head);
        text_ = response_->body.read().value();
        return std::make_shared<Stream>(
            std::static_pointer_cast<CapturedAnswer>(shared_from_this()));
    }
    [[nodiscard]] bool abandoned() const override {
        const std::lock_guard lock(mutex_);
        return abandoned_;
    }
    void on_abandoned(std::function<void()> callback) override {
        const std::lock_guard lock(mutex_);
        on_abandoned_ = std::move(callback);
    }

    // The client leaves.
    void leave() {
        std::function<void()> callback;
        {
            const std::lock_guard lock(mutex_);
            abandoned_ = true;
            callback = std::move(on_abandoned_);
        }
        if (callback) callback();
    }

    [[nodiscard]] std::optional<net::HttpResponse> response() const {
        const std::lock_guard lock(mutex_);
        return response_;
    }
    [[nodiscard]] std::string text() const {
        const std::lock_guard lock(mutex_);
        return text_.empty() && response_ ? response_->body.read().value() : text_;
    }
    [[nodiscard]] bool ended() const {
        const std::lock_guard lock(mutex_);
        return ended_;
    }
    [[nodiscard]] bool aborted() const {
        const std::lock_guard lock(mutex_);
        return aborted_;
    }

private:
    struct Stream final : net::BodyStream {
        explicit Stream(std::shared_ptr<CapturedAnswer> its) : owner(std::move(its)) {}
        bool write(Bytes bytes) override {
            const std::lock_guard lock(owner->mutex_);
            if (owner->abandoned_) return false;
            owner->text_ += bytes.read().value();
            return true;
        }
        void end() override {
            const std::lock_guard lock(owner->mutex_);
            owner->ended_ = true;
        }
        void abort() override {
            const std::lock_guard lock(owner->mutex_);
            owner->aborted_ = true;
        }
        std::shared_ptr<CapturedAnswer> owner;
    };

    mutable std::mutex mutex_;  // guards all below
    std::optional<net::HttpResponse> response_;
    std::string text_;
    std::function<void()> on_abandoned_;
    bool abandoned_ = false;
    bool ended_ = false;
    bool aborted_ = false;
};

}  // namespace weir::test
