// SPDX-License-Identifier: MIT
// An RTMP publisher for tests, which does as it is told, right or wrong.
// Threads: one thread at a time.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ingest/amf0.hpp"
#include "ingest/rtmp_bytes.hpp"
#include "ingest/rtmp_chunk.hpp"

namespace weir::test {

// The client's first bytes: C0 and C1. With a version in it, as clients that sign C1 send it.
inline Octets rtmp_hello(std::uint32_t version = 0) {
    Octets result = bytes({3});
    append_number(result, 12345, 4);
    append_number(result, version, 4);
    append(result, pattern(1528));
    return result;
}

inline Octets rtmp_command(std::initializer_list<ingest::Amf0Value> values, int stream = 0) {
    Octets result;
    ingest::write_rtmp(
        result, 3, 128,
        {ingest::kCommandAmf0, static_cast<std::uint32_t>(stream), 0, ingest::write_amf0(values)});
    return result;
}

inline Octets rtmp_connect(const std::string& app) {
    return rtmp_command({"connect", 1.0, ingest::Amf0Object{{"app", app}, {"type", "nonprivate"}}});
}

inline Octets rtmp_publish(const std::string& key) {
    return rtmp_command({"publish", 5.0, {}, key, "live"}, 1);
}

class RtmpClient {
public:
    explicit RtmpClient(int port) {
        socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        connected_ = ::connect(socket_, static_cast<sockaddr*>(static_cast<void*>(&address)),
                               sizeof address) == 0;
    }
    RtmpClient(const RtmpClient&) = delete;
    RtmpClient& operator=(const RtmpClient&) = delete;
    ~RtmpClient() { close(); }

    void close() {
        if (socket_ >= 0) ::close(std::exchange(socket_, -1));
    }

    [[nodiscard]] bool connected() const { return connected_; }
    [[nodiscard]] int fd() const { return socket_; }

    // False: the other side is gone.
    bool send(std::span<const std::byte> data) const {
        while (!data.empty()) {
            const auto sent = ::send(socket_, data.data(), data.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            data = data.subspan(static_cast<std::size_t>(sent));
        }
        return true;
    }

    // Connects and publishes; the code that the server answers with, "" when it just closes.
    std::string publish(const std::string& app, const std::string& key) {
        send(rtmp_hello());
        if (!skip_handshake()) return "";
        send(Octets(1536));
        send(rtmp_connect(app));
        auto code = wait_code();
        if (code != "NetConnection.Connect.Success") return code;
        send(rtmp_command({"createStream", 4.0, {}}));
        send(rtmp_publish(key));
        return wait_code();
    }

    bool send_media(std::uint8_t type, std::uint32_t time, std::span<const std::byte> body) const {
        Octets out;
        ingest::write_rtmp(out, type == ingest::kVideo ? 6 : 4, 128, {type, 1, time, body});
        return send(out);
    }

    // Reads the server's S0, S1, S2.
    bool skip_handshake() {
        std::size_t left = 1 + 2 * 1536;
        while (left > 0) {
            const auto part = receive(left);
            if (part.empty()) return false;
            left -= part.size();
        }
        return true;
    }

    // Asks whether the server is there; false at the end of the connection.
    bool ping() {
        Octets out;
        ingest::write_rtmp(out, 2, 128, {ingest::kUserControl, 0, 0, bytes({0, 6, 0, 0, 0, 1})});
        send(out);
        for (const int before = pongs_; pongs_ == before;) {
            const auto part = receive(4096);
            if (part.empty() || !reader_.push(part)) return false;
        }
        return true;
    }

    // The "code" of the next status or connect result; "" at the end of the connection.
    std::string wait_code() {
        while (codes_.empty()) {
            const auto part = receive(4096);
            if (part.empty()) return "";
            if (!reader_.push(part)) return "garbage";
        }
        const auto code = codes_.front();
        codes_.erase(codes_.begin());
        return code;
    }
    [[nodiscard]] const std::string& description() const { return description_; }

    // Whether the server closes the connection, within a generous limit.
    bool wait_closed() {
        while (!receive(4096).empty()) continue;
        return ended_;
    }

private:
    Octets receive(std::size_t most) {
        pollfd wait{socket_, POLLIN, 0};
        if (::poll(&wait, 1, 20'000) != 1) return {};
        Octets part(most);
        const auto got = ::recv(socket_, part.data(), part.size(), 0);
        ended_ = got <= 0;
        part.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return part;
    }

    Result<void> on_message(const ingest::RtmpMessage& message) {
        const auto control = message.type == ingest::kUserControl;
        if (control && message.payload.size() > 1 && message.payload[1] == std::byte{7}) ++pongs_;
        if (message.type != ingest::kCommandAmf0) return {};
        const auto values = ingest::read_amf0(message.payload);
        if (!values) return values.error();
        for (const auto& value : *values) {
            if (const auto* text = value.member("description")) description_ = *text->text();
            if (const auto* code = value.member("code")) codes_.push_back(*code->text());
        }
        return {};
    }

    int socket_ = -1;
    bool connected_ = false;
    bool ended_ = false;
    int pongs_ = 0;
    std::vector<std::string> codes_;
    std::string description_;
    ingest::RtmpChunkReader reader_{
        {}, [this](const ingest::RtmpMessage& message) { return on_message(message); }};
};

}  // namespace weir::test
