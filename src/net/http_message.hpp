// SPDX-License-Identifier: MIT
// An HTTP request and its answer as values, and the handle that gives the answer.
//
// Threads: values; HttpResponder and BodyStream may be used on any thread, one at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/bytes.hpp>

#include "net/body.hpp"

namespace weir::net {

using HttpFields = std::vector<std::pair<std::string, std::string>>;

// Field names, methods and coding names compare so (ASCII only).
bool equals_ignoring_case(std::string_view a, std::string_view b);

// Whether a byte below 0x20, or 0x7f, is among them.
bool has_control(std::string_view text);

// One request. Requests that are malformed in any way never reach the handler.
struct HttpRequest {
    std::string method;
    std::string path;   // percent-decoded, begins with '/', without "." and ".." and empty parts
    std::string query;  // as sent, without '?'
    HttpFields fields;
    std::string peer;  // the client's address without its port: "192.0.2.7", "2001:db8::1"

    // The first field of that name (case-insensitive); "" when there is none.
    [[nodiscard]] std::string_view field(std::string_view name) const;
    // All fields of that name, joined by ", ", which is what a list field split over lines means.
    [[nodiscard]] std::string list_field(std::string_view name) const;
};

struct HttpResponse {
    int status = 200;
    HttpFields fields;  // Content-Length, Transfer-Encoding, Date and Connection are the server's
    Body body;          // not sent to HEAD, but counted in Content-Length
};

// The body of an answer that grows while it is sent. Its destructor without an end() before is an
// abort().
class BodyStream {
public:
    virtual ~BodyStream() = default;

    // Never blocks. False when nobody wants more: the client has gone, or it was more than the
    // server's bound behind and its connection is closed, or it asked for the head only. It stays
    // so.
    virtual bool write(Bytes bytes) = 0;
    virtual void end() = 0;
    // The connection ends without the body's end, so that the client knows that something is
    // missing.
    virtual void abort() = 0;
};

// Answers one request, once, from any thread; without an answer its destructor sends 500.
class HttpResponder {
public:
    // Where the answer goes: a connection of the server, or a test's own.
    class Exchange : public std::enable_shared_from_this<Exchange> {
    public:
        virtual ~Exchange() = default;
        // One of them is called, once, from any thread.
        virtual void answer(HttpResponse response) = 0;
        // Unless it is overridden, the whole is given to answer() at its end.
        virtual std::shared_ptr<BodyStream> begin(HttpResponse head);
        [[nodiscard]] virtual bool abandoned() const { return false; }
        virtual void on_abandoned(std::function<void()> /*callback*/) {}
    };

    explicit HttpResponder(std::shared_ptr<Exchange> exchange);
    HttpResponder(HttpResponder&&) noexcept = default;
    HttpResponder& operator=(HttpResponder&& other) noexcept;
    ~HttpResponder();

    void respond(HttpResponse response) &&;

    // Sends this head, and then what is written to the stream; head.body comes first. What the
    // body's length will be is not known, so it is sent in chunks (to HTTP/1.0: until the
    // connection ends).
    std::shared_ptr<BodyStream> begin(HttpResponse head) &&;

    // Whether the client has gone: nobody will read an answer.
    [[nodiscard]] bool abandoned() const;
    // Calls back when the client goes before all of the answer (of the stream too) is sent, at most
    // once, on a network thread (or on this one, if the server has stopped), also when that was
    // before this call. Replaces what was set before. What the callback owns is let go of when it
    // has run or cannot come any more.
    void on_abandoned(std::function<void()> callback);

private:
    void give_up();

    std::shared_ptr<Exchange> exchange_;
};

}  // namespace weir::net
