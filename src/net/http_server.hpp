// SPDX-License-Identifier: MIT
// An HTTP/1.1 server: sockets, request parsing, limits, deadlines, sending. What the answers mean
// is the handler's business (net/http_semantics.hpp helps).
//
// Threads: HttpServer is thread-safe; the handler runs on the network threads and must not block.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <weir/result.hpp>

#include "net/http_message.hpp"

namespace weir::net {

using HttpHandler = std::function<void(HttpRequest, HttpResponder)>;

struct HttpServerOptions {
    std::string address = "127.0.0.1";
    int port = 0;
    int threads = 2;
    int max_connections = 10'000;
    std::size_t max_header_bytes = 8192;
    std::chrono::milliseconds header_timeout{10'000};  // total, from the first byte (or accept)
    std::chrono::milliseconds idle_timeout{30'000};    // between requests; no progress of an answer
    std::chrono::milliseconds stop_timeout{1'000};     // what answers under way get at stop()
};

struct HttpServerStats {
    std::uint64_t connections = 0;  // open now
    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;  // over max_connections
    std::uint64_t requests = 0;
    std::uint64_t bad_requests = 0;
    std::uint64_t bytes_sent = 0;
};

class HttpServer {
public:
    // Errors: already_exists (port in use), unauthorized, invalid_argument (address), io; the
    // message is "bind 127.0.0.1:8080: cause".
    static Result<std::unique_ptr<HttpServer>> create(const HttpServerOptions& options,
                                                      HttpHandler handler);
    virtual ~HttpServer() = default;  // stops

    [[nodiscard]] virtual int port() const = 0;
    [[nodiscard]] virtual HttpServerStats stats() const = 0;
    // No handler runs or will run when it returns. Not from a handler.
    virtual void stop() = 0;
};

}  // namespace weir::net
