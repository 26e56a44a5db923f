// SPDX-License-Identifier: MIT
// A server on a free loopback port that treats each client as it is told.
// Threads: one owner; the treatment runs on the server's thread.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace weir::test {

class TcpServer {
public:
    // `treat` is called with each client's socket; false closes it, true leaves it open.
    explicit TcpServer(std::function<bool(int client)> treat) : treat_(std::move(treat)) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = static_cast<sockaddr*>(static_cast<void*>(&address));
        if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 16) != 0 ||
            ::getsockname(listener_, generic, &size) != 0) {
            throw std::runtime_error("no loopback server");
        }
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    TcpServer(const TcpServer&) = delete;
    TcpServer& operator=(const TcpServer&) = delete;
    ~TcpServer() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        for (const int client : open_) ::close(client);
        ::close(listener_);
    }

    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] std::string url(const std::string& path) const {
        return "rtmp://127.0.0.1:" + std::to_string(port_) + path;
    }

private:
    void serve() {
        for (int client = 0; (client = ::accept(listener_, nullptr, nullptr)) >= 0;) {
            if (treat_(client)) {
                open_.push_back(client);
            } else {
                ::close(client);
            }
        }
    }

    const std::function<bool(int)> treat_;
    int listener_ = -1;
    int port_ = 0;
    std::vector<int> open_;
    std::thread thread_;
};

}  // namespace weir::test
