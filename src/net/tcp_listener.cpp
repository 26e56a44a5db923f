// SPDX-License-Identifier: MIT
#include "net/tcp_listener.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <system_error>
#include <utility>

namespace weir::net {

namespace {

constexpr int kBacklog = 1024;

Error error_at(const std::string& where, int number) {
    ErrorCode code = ErrorCode::io;
    if (number == EADDRINUSE) code = ErrorCode::already_exists;
    if (number == EACCES || number == EPERM) code = ErrorCode::unauthorized;
    if (number == EADDRNOTAVAIL || number == EAFNOSUPPORT) code = ErrorCode::invalid_argument;
    return Error{code, std::generic_category().message(number)}.in(where);
}

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = sizeof(storage);

    [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
    [[nodiscard]] in_port_t& port() {
        return storage.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port
                                             : reinterpret_cast<sockaddr_in*>(&storage)->sin_port;
    }
};

SocketAddress local_address(int fd) {
    SocketAddress address;
    getsockname(fd, address.get(), &address.size);
    return address;
}

// Only numbers: a name could take seconds to look up, and mean something else tomorrow.
Result<SocketAddress> parse_address(const std::string& text, int port) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (text.empty() || getaddrinfo(text.c_str(), nullptr, &hints, &found) != 0) {
        return Error{ErrorCode::invalid_argument, "not an IPv4 or IPv6 address"};
    }
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
    SocketAddress address;
    address.size = found->ai_addrlen;
    std::copy_n(reinterpret_cast<const std::byte*>(found->ai_addr), found->ai_addrlen,
                reinterpret_cast<std::byte*>(&address.storage));
    address.port() = htons(static_cast<in_port_t>(port));
    return address;
}

bool set_option(int fd, int level, int option, int value) {
    return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

// A bound socket, not yet listening. The first one binds without SO_REUSEPORT, so that it fails
// when anybody else has the port; with it, two servers of one user would silently share the
// viewers. It gets the option afterwards, which lets its siblings join.
Result<TcpListener> bind_one(SocketAddress& address, bool first, const std::string& where) {
    TcpListener listener(socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int fd = listener.fd();
    const auto failed = [&where] { return error_at(where, errno); };
    if (fd < 0) return failed();
    if (address.storage.ss_family == AF_INET6 && !set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0)) {
        return failed();
    }
    // Ports in TIME_WAIT after a restart are no obstacle.
    if (!set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1)) return failed();
    if (!first && !set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1)) return failed();
    if (bind(fd, address.get(), address.size) != 0) return failed();
    if (first && !set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1)) return failed();
    return listener;
}

}  // namespace

TcpListener& TcpListener::operator=(TcpListener&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

TcpListener::~TcpListener() {
    if (fd_ >= 0) close(fd_);
}

int TcpListener::release() {
    return std::exchange(fd_, -1);
}

int TcpListener::port() const {
    return ntohs(local_address(fd_).port());
}

bool TcpListener::is_ipv6() const {
    return local_address(fd_).storage.ss_family == AF_INET6;
}

Result<std::vector<TcpListener>> listen_on(const std::string& address, int port, int count) {
    const bool has_colon = address.find(':') != std::string::npos;
    const std::string where =
        "bind " + (has_colon ? '[' + address + ']' : address) + ':' + std::to_string(port);
    if (port < 0 || port > 65535) {
        return Error{ErrorCode::invalid_argument, "the port must be 0 to 65535"}.in(where);
    }
    auto parsed = parse_address(address, port);
    if (!parsed) return parsed.error().in(where);

    std::vector<TcpListener> listeners;
    for (int i = 0; i < count; ++i) {
        auto listener = bind_one(*parsed, i == 0, where);
        if (!listener) return listener.error();
        if (i == 0) parsed->port() = local_address(listener->fd()).port();
        listeners.push_back(std::move(*listener));
    }
    for (const TcpListener& listener : listeners) {
        if (listen(listener.fd(), kBacklog) != 0) return error_at(where, errno);
    }
    return listeners;
}

}  // namespace weir::net
