// SPDX-License-Identifier: MIT
// A TCP server, with TLS if it has a certificate, for protocols that are a stream of bytes:
// sockets, limits, deadlines, sending. What the bytes mean is the session's business.
//
// Threads: StreamServer is thread-safe. One network thread runs all connections and sessions, and
// must not be blocked by a session. Of a StreamConnection only post() may be called elsewhere.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <weir/result.hpp>

namespace weir::net {

struct StreamServerOptions {
    std::string address = "127.0.0.1";
    int port = 0;
    std::string certificate_file{};  // PEM, with the chain; both make it TLS
    std::string private_key_file{};  // PEM
    int max_connections = 2'000;
    std::size_t max_queue_bytes = 256 * 1024;  // to one client; then it is closed
    // Until a session says otherwise a connection ends so long after it began.
    std::chrono::milliseconds setup_timeout{10'000};
    std::chrono::milliseconds linger{1'000};  // for the client to read our last bytes
};

// A connection as its session sees it.
class StreamConnection {
public:
    virtual ~StreamConnection() = default;

    [[nodiscard]] virtual const std::string& peer() const = 0;  // "192.0.2.7:51234"

    // Queues bytes. When too many wait the connection is closed.
    virtual void send(std::vector<std::byte> bytes) = 0;
    // Closes when all is sent. The session gets no more bytes.
    virtual void finish(const std::string& reason) = 0;

    // Nothing is read between the two, and the idle timeout stands still.
    virtual void pause() = 0;
    virtual void resume() = 0;

    // No total deadline any more, but an end when note_progress() is not called for so long;
    // `missing` begins the reason: "no media came". Bytes alone are no progress: keeping a
    // connection open with them costs a client nothing.
    virtual void expect_progress_every(std::chrono::milliseconds timeout, std::string missing) = 0;
    virtual void note_progress() = 0;
    // The connection ends after the setup timeout, from now.
    virtual void expect_setup() = 0;

    // Runs `task` on the network thread, unless the connection is closed by then. From any thread
    // while the server exists.
    virtual void post(std::function<void()> task) = 0;
};

// One protocol's side of a connection; lives as long as that.
class StreamSession {
public:
    virtual ~StreamSession() = default;
    virtual void on_bytes(std::span<const std::byte> bytes) = 0;
    // Once, when the socket is closed; after it nothing is called.
    virtual void on_closed(const std::string& reason) = 0;
};

class StreamServer {
public:
    // The connection outlives the session; the session may keep a weak_ptr for other threads.
    using MakeSession =
        std::function<std::unique_ptr<StreamSession>(const std::shared_ptr<StreamConnection>&)>;
    // A client that came while there were max_connections.
    using Refused = std::function<void(const std::string& peer)>;

    // Errors: already_exists (port in use), unauthorized, invalid_argument (address, or a
    // certificate that cannot be used, then with the option's name), io.
    static Result<std::unique_ptr<StreamServer>> create(const StreamServerOptions& options,
                                                        MakeSession make, Refused refused);
    virtual ~StreamServer() = default;  // closes all; nothing runs when it returns

    [[nodiscard]] virtual int port() const = 0;
    [[nodiscard]] virtual int connections() const = 0;  // open now
    // Runs `task` on the network thread. From any thread.
    virtual void post(std::function<void()> task) = 0;
};

}  // namespace weir::net
