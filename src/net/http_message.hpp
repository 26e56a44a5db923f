// SPDX-License-Identifier: MIT
// An HTTP request and its answer as values, and the handle that gives the answer.
//
// Threads: values; HttpResponder may be used on any thread, one at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/bytes.hpp>

namespace weir::net {

using HttpFields = std::vector<std::pair<std::string, std::string>>;

// Field names, methods and coding names compare so (ASCII only).
bool equals_ignoring_case(std::string_view a, std::string_view b);

// One request. Requests that are malformed in any way never reach the handler.
struct HttpRequest {
    std::string method;
    std::string path;   // percent-decoded, begins with '/', without "." and ".." and empty parts
    std::string query;  // as sent, without '?'
    HttpFields fields;

    // The first field of that name (case-insensitive); "" when there is none.
    [[nodiscard]] std::string_view field(std::string_view name) const;
    // All fields of that name, joined by ", ", which is what a list field split over lines means.
    [[nodiscard]] std::string list_field(std::string_view name) const;
};

struct HttpResponse {
    int status = 200;
    HttpFields fields;  // Content-Length, Date and Connection are the server's
    Bytes body;         // not sent to HEAD, but counted in Content-Length
};

// Answers one request, once, from any thread; without an answer its destructor sends 500.
class HttpResponder {
public:
    // Where the answer goes: a connection of the server, or a test's own.
    class Exchange {
    public:
        virtual ~Exchange() = default;
        // Called once, from any thread.
        virtual void answer(HttpResponse response) = 0;
    };

    explicit HttpResponder(std::shared_ptr<Exchange> exchange);
    HttpResponder(HttpResponder&&) noexcept = default;
    HttpResponder& operator=(HttpResponder&& other) noexcept;
    ~HttpResponder();

    void respond(HttpResponse response) &&;

private:
    void give_up();

    std::shared_ptr<Exchange> exchange_;
};

}  // namespace weir::net
