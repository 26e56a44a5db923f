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

// One request that is over, for a log. Secrets may stand in path and query.
struct HttpAccess {
    std::chrono::system_clock::time_point time;  // when its header was there
    std::chrono::microseconds duration{};        // from then until the last byte was given away
    std::string peer;
    std::string method;  // "", and so the two below, when the request was malformed
    std::string path;
    std::string query;
    std::string user_agent;
    int status = 0;           // of what was sent; 0: the client went before there was an answer
    std::uint64_t bytes = 0;  // sent, with the head
    bool aborted = false;     // the connection ended before all was sent
};

struct HttpServerOptions {
    std::string address = "127.0.0.1";
    int port = 0;
    int threads = 2;
    std::string certificate_file{};  // PEM, with the chain; both make it HTTPS
    std::string private_key_file{};  // PEM
    int max_connections = 10'000;
    std::size_t max_header_bytes = 8192;
    std::chrono::milliseconds header_timeout{10'000};  // total, from the first byte (or accept)
    std::chrono::milliseconds idle_timeout{30'000};    // between requests; no progress of an answer
    std::chrono::milliseconds stop_timeout{1'000};     // what answers under way get at stop()
    // A BodyStream is cut off when so many bytes that were written before are not sent yet.
    std::size_t max_stream_behind = 8 * 1024 * 1024;
    // Called on the network threads, several at a time; must not block.
    std::function<void(const HttpAccess&)> on_access{};
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
    // message is "bind 127.0.0.1:8080: cause". invalid_argument with "certificate_file: path:
    // cause" or "private_key_file: path: cause".
    static Result<std::unique_ptr<HttpServer>> create(const HttpServerOptions& options,
                                                      HttpHandler handler);
    virtual ~HttpServer() = default;  // stops

    [[nodiscard]] virtual int port() const = 0;
    [[nodiscard]] virtual HttpServerStats stats() const = 0;
    // Reads certificate and key again, for connections from now on; changed files are noticed
    // without it within a second or two. Errors: as create(), and those in use stay so;
    // invalid_argument when there is no certificate.
    virtual Result<void> reload_certificate() = 0;
    // No handler runs or will run when it returns. Not from a handler.
    virtual void stop() = 0;
};

}  // namespace weir::net
