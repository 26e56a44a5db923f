// SPDX-License-Identifier: MIT
// An HTTP client made of a bare socket, so that tests can send what no client library would.
// Threads: one thread at a time.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace weir::test {

struct RawAnswer {
    int status = 0;  // 0: the connection ended before a whole answer came
    std::map<std::string, std::string> fields;
    std::string body;
};

class RawClient {
public:
    // Everything a test waits for comes long before this; it only ends a test that fails.
    static constexpr int kPatienceMs = 20'000;

    explicit RawClient(int port) : RawClient() { connect_to(port); }
    // With a socket, but not connected.
    RawClient() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
    RawClient(RawClient&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)),
          connected_(other.connected_),
          received_(std::move(other.received_)) {}
    ~RawClient() { leave(); }

    bool connect_to(int port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
        return connected_;
    }
    [[nodiscard]] bool connected() const { return connected_; }

    bool send(std::string_view text) {
        while (!text.empty()) {
            const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    // Waits for one whole answer. `body` false: the answer to HEAD.
    RawAnswer receive(bool body = true) {
        std::size_t end = 0;
        while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
            if (!receive_more()) return {};
        }
        RawAnswer answer = parse_head(received_.substr(0, end + 2));
        received_.erase(0, end + 4);
        const auto length = answer.fields.find("content-length");
        if (!body || length == answer.fields.end()) return answer;
        const std::size_t size = std::stoull(length->second);
        while (received_.size() < size) {
            if (!receive_more()) return {};
        }
        answer.body = received_.substr(0, size);
        received_.erase(0, size);
        return answer;
    }

    RawAnswer get(std::string_view target) {
        send("GET " + std::string(target) + " HTTP/1.1\r\nHost: weir\r\n\r\n");
        return receive();
    }

    // All that comes up to this text, with it; or until the connection ends.
    std::string receive_until(std::string_view text) {
        std::size_t found = 0;
        while ((found = received_.find(text)) == std::string::npos) {
            if (!receive_more()) return std::exchange(received_, {});
        }
        const std::string head = received_.substr(0, found + text.size());
        received_.erase(0, head.size());
        return head;
    }

    // All that comes until the connection ends.
    std::string receive_all() {
        while (receive_more()) continue;
        return std::exchange(received_, {});
    }

    // Waits until the server closes (true) or sends something (false).
    bool closed() { return received_.empty() && !receive_more() && !timed_out_; }

    // Whether the end was a reset, which can overtake what was sent before it.
    [[nodiscard]] bool was_reset() const { return was_reset_; }

    // Whether something, or the end, can be read within so long.
    [[nodiscard]] bool readable(int milliseconds) const {
        pollfd wanted{fd_, POLLIN, 0};
        return poll(&wanted, 1, milliseconds) > 0;
    }

    void half_close() { shutdown(fd_, SHUT_WR); }
    void leave() {
        if (fd_ >= 0) close(std::exchange(fd_, -1));
    }
    // Ends with a reset instead of a regular end.
    void reset() {
        const linger at_once{1, 0};
        setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        leave();
    }

private:
    static RawAnswer parse_head(std::string_view head) {
        RawAnswer answer;
        if (!head.starts_with("HTTP/1.1 ") || head.size() < 12) return answer;
        answer.status = std::stoi(std::string(head.substr(9, 3)));
        head.remove_prefix(head.find("\r\n") + 2);
        while (!head.empty()) {
            const std::size_t end = head.find("\r\n");
            const std::size_t colon = head.find(": ");
            std::string name(head.substr(0, colon));
            for (char& c : name) c = static_cast<char>(tolower(c));
            answer.fields[name] = head.substr(colon + 2, end - colon - 2);
            head.remove_prefix(end + 2);
        }
        return answer;
    }

    bool receive_more() {
        if (!readable(kPatienceMs)) return timed_out_ = true, false;
        char buffer[65536];
        const ssize_t got = recv(fd_, buffer, sizeof(buffer), 0);
        was_reset_ = got < 0;
        if (got <= 0) return false;
        received_.append(buffer, static_cast<std::size_t>(got));
        return true;
    }

    int fd_;
    bool connected_ = false;
    bool timed_out_ = false;
    bool was_reset_ = false;
    std::string received_;
};

// Waits until the condition holds; false when it never does.
template <class Condition>
bool eventually(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::yield();
    }
    return true;
}

}  // namespace weir::test
