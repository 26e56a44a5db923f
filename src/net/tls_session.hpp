// SPDX-License-Identifier: MIT
// The server's side of TLS on a non-blocking socket.
// Threads: one thread at a time. SIGPIPE must be blocked there.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

struct ssl_st;  // OpenSSL's SSL
struct ssl_ctx_st;

namespace weir::net {

class TlsSession {
public:
    enum class Status {
        ok,
        wants_read,   // the socket has to be readable first
        wants_write,  // writable
        ended,        // by the client
        failed
    };
    struct Outcome {
        Status status = Status::failed;
        std::size_t bytes = 0;
    };

    // The socket outlives it.
    TlsSession(ssl_ctx_st& context, int socket);

    Status handshake();
    Outcome read(std::span<char> into);
    // After wants_write it must be given the same bytes again (or more behind them).
    Outcome write(std::span<const char> from);
    // Whether something can be read though the socket may have nothing.
    [[nodiscard]] bool has_pending() const;
    // Tells the client that nothing was cut off.
    void end();

private:
    [[nodiscard]] Status status_of(int result);

    std::unique_ptr<ssl_st, void (*)(ssl_st*)> session_;
    bool failed_ = false;  // nothing may be called any more
};

}  // namespace weir::net
