// SPDX-License-Identifier: MIT
#include "net/http_exchange.hpp"

#include <utility>

namespace weir::net {

namespace {

class ServerStream final : public BodyStream {
public:
    explicit ServerStream(std::shared_ptr<ServerExchange> exchange)
        : exchange_(std::move(exchange)) {}
    ~ServerStream() override { exchange_->abort(); }

    bool write(Bytes bytes) override { return exchange_->write(std::move(bytes)); }
    void end() override { exchange_->end(); }
    void abort() override { exchange_->abort(); }

private:
    const std::shared_ptr<ServerExchange> exchange_;
};

}  // namespace

// ---- Mailbox -----------------------------------------------------------------------------------

bool Mailbox::post(std::shared_ptr<ServerExchange> exchange) {
    const std::lock_guard lock(mutex_);
    if (!wake_) return false;
    waiting_.push_back(std::move(exchange));
    if (waiting_.size() == 1) wake_();
    return true;
}

std::vector<std::shared_ptr<ServerExchange>> Mailbox::take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(waiting_, {});
}

void Mailbox::shut() {
    const std::lock_guard lock(mutex_);
    wake_ = nullptr;
}

// ---- ServerExchange: any thread ----------------------------------------------------------------

thread_local const ServerExchange* ServerExchange::current_ = nullptr;

void ServerExchange::answer(HttpResponse response) {
    const std::lock_guard lock(mutex_);
    if (state_ != State::open) return;
    news_.head = std::move(response);
    knock();
}

std::shared_ptr<BodyStream> ServerExchange::begin(HttpResponse head) {
    auto stream = std::make_shared<ServerStream>(
        std::static_pointer_cast<ServerExchange>(shared_from_this()));
    const std::lock_guard lock(mutex_);
    if (state_ != State::open) return stream;
    news_.head = std::move(head);
    news_.streams = true;
    knock();
    return stream;
}

bool ServerExchange::write(Bytes bytes) {
    const std::lock_guard lock(mutex_);
    if (state_ != State::open || news_.ended || aborted_) return false;
    if (bytes.size() == 0) return true;
    if (behind_ > most_behind_) {
        aborted_ = true;
        knock();
        return false;
    }
    behind_ += bytes.size() + sizeof(Bytes);  // many small ones take room, too
    news_.body.push_back(std::move(bytes));
    knock();
    return true;
}

void ServerExchange::end() {
    const std::lock_guard lock(mutex_);
    if (state_ != State::open || aborted_ || news_.ended) return;
    news_.ended = true;
    knock();
}

void ServerExchange::abort() {
    const std::lock_guard lock(mutex_);
    if (state_ != State::open || aborted_ || news_.ended) return;
    aborted_ = true;
    knock();
}

bool ServerExchange::abandoned() const {
    const std::lock_guard lock(mutex_);
    return state_ == State::abandoned;
}

bool ServerExchange::aborted() const {
    const std::lock_guard lock(mutex_);
    return aborted_;
}

void ServerExchange::on_abandoned(std::function<void()> callback) {
    {
        const std::lock_guard lock(mutex_);
        if (state_ == State::finished) return;
        std::swap(on_abandoned_, callback);  // the former one is destroyed without the lock
        if (state_ == State::open) return;
        // It happened before. Not from here: whoever calls may hold locks that the callback takes.
        if (knocked_) return;
        knocked_ = mailbox_->post(std::static_pointer_cast<ServerExchange>(shared_from_this()));
        if (knocked_) return;
        std::swap(on_abandoned_, callback);
    }
    if (callback) callback();
}

// Requires: mutex_ is held.
void ServerExchange::knock() {
    if (knocked_ || current_ == this) return;
    knocked_ = mailbox_->post(std::static_pointer_cast<ServerExchange>(shared_from_this()));
}

// ---- ServerExchange: network thread ------------------------------------------------------------

ServerExchange::News ServerExchange::take() {
    const std::lock_guard lock(mutex_);
    behind_ = 0;
    for (const Bytes& bytes : news_.body) behind_ += bytes.size() + sizeof(Bytes);
    News news{std::move(news_.head), std::move(news_.body), news_.streams, news_.ended};
    news_.head.reset();
    news_.body.clear();
    return news;
}

void ServerExchange::finish(bool client_has_gone) {
    std::function<void()> callback;
    News unsent;
    {
        const std::lock_guard lock(mutex_);
        if (state_ != State::open) return;
        owner_ = nullptr;
        state_ = client_has_gone ? State::abandoned : State::finished;
        std::swap(on_abandoned_, callback);
        std::swap(news_, unsent);
    }
    if (client_has_gone && callback) callback();
}

void ServerExchange::deliver() {
    std::function<void()> callback;
    {
        const std::lock_guard lock(mutex_);
        knocked_ = false;
        if (state_ == State::abandoned) std::swap(on_abandoned_, callback);
    }
    if (callback) callback();
    if (owner_) owner_->on_news();
}

}  // namespace weir::net
