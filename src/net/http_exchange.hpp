// SPDX-License-Identifier: MIT
// One request between the handler's threads and the network thread of its connection.
//
// Threads: Mailbox is thread-safe. Of ServerExchange what overrides, write(), end() and abort()
// too; the rest is for the network thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "net/http_message.hpp"

namespace weir::net {

class ServerExchange;

// Where exchanges with news wait for their network thread. A thread that answers thousands of
// requests wakes it once.
class Mailbox {
public:
    explicit Mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

    // False when it is shut.
    bool post(std::shared_ptr<ServerExchange> exchange);
    [[nodiscard]] std::vector<std::shared_ptr<ServerExchange>> take();
    // From now on nobody is woken.
    void shut();

private:
    std::mutex mutex_;
    std::function<void()> wake_;  // guarded by mutex_; empty when shut
    std::vector<std::shared_ptr<ServerExchange>> waiting_;
};

class ServerExchange final : public HttpResponder::Exchange {
public:
    // The connection. Only used on its thread, and not after finish().
    class Owner {
    public:
        virtual ~Owner() = default;
        virtual void on_news() = 0;
    };

    // A stream may have `most_behind` bytes unsent when more is written.
    ServerExchange(std::shared_ptr<Mailbox> mailbox, Owner& owner, std::size_t most_behind)
        : mailbox_(std::move(mailbox)), owner_(&owner), most_behind_(most_behind) {}

    void answer(HttpResponse response) override;
    std::shared_ptr<BodyStream> begin(HttpResponse head) override;
    [[nodiscard]] bool abandoned() const override;
    void on_abandoned(std::function<void()> callback) override;

    bool write(Bytes bytes);
    void end();
    void abort();

    // While one of these lives on a network thread, news of that exchange need no mailbox: the
    // connection looks for them next.
    class Here {
    public:
        explicit Here(const ServerExchange& exchange) { current_ = &exchange; }
        Here(const Here&) = delete;
        Here& operator=(const Here&) = delete;
        ~Here() { current_ = nullptr; }
    };

    // What has come since the last time. What was taken then counts as sent.
    struct News {
        std::optional<HttpResponse> head;
        std::vector<Bytes> body;  // of a stream
        bool streams = false;     // more follows until `ended`
        bool ended = false;
    };
    [[nodiscard]] News take();
    [[nodiscard]] bool aborted() const;
    // Nothing more is wanted: the answer is sent, or the client has gone.
    void finish(bool client_has_gone);
    // Out of the mailbox.
    void deliver();

private:
    enum class State { open, finished, abandoned };

    void knock();

    static thread_local const ServerExchange* current_;

    const std::shared_ptr<Mailbox> mailbox_;
    Owner* owner_;  // null when finished
    const std::size_t most_behind_;

    mutable std::mutex mutex_;  // guards all below
    State state_ = State::open;
    News news_;
    bool aborted_ = false;
    std::size_t behind_ = 0;  // bytes written and not known to be sent
    bool knocked_ = false;    // in the mailbox
    std::function<void()> on_abandoned_;
};

}  // namespace weir::net
