// SPDX-License-Identifier: MIT
// Opens the sockets that a server listens on.
// Threads: reentrant.
#pragma once

#include <string>
#include <vector>

#include <weir/result.hpp>

namespace weir::net {

// A socket in the listening state. Move-only; closes it.
class TcpListener {
public:
    explicit TcpListener(int fd) : fd_(fd) {}
    TcpListener(TcpListener&& other) noexcept : fd_(other.release()) {}
    TcpListener& operator=(TcpListener&& other) noexcept;
    ~TcpListener();

    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] int release();

    [[nodiscard]] int port() const;
    [[nodiscard]] bool is_ipv6() const;

private:
    int fd_;
};

// `count` listeners on one address ("127.0.0.1", "::1"; "::" takes IPv4 too) and port (0: a free
// one); the kernel spreads connections over them (SO_REUSEPORT).
// Errors: as HttpServer::create.
Result<std::vector<TcpListener>> listen_on(const std::string& address, int port, int count);

}  // namespace weir::net
