// SPDX-License-Identifier: MIT
// The server's side of one RTMP connection, as a state machine without socket and clock: bytes in,
// bytes out, and what the publisher wants and sends. Simple handshake: what clients that sign
// theirs (digest) fall back to when the answer names no version. Threads: one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <weir/result.hpp>

#include "ingest/amf0.hpp"
#include "ingest/flv.hpp"
#include "ingest/rtmp_chunk.hpp"

namespace weir::ingest {

// What a publisher asks for.
struct RtmpTarget {
    std::string app;         // without its query
    std::string stream_key;  // a secret, without its query
    std::string query;  // what followed '?' in the key or, without one there, in the application
};

struct RtmpSessionEvents {
    // An error refuses; its message is told to the client.
    std::function<Result<void>(const std::string& app)> connect;
    std::function<Result<void>(const RtmpTarget&)> publish;
    FlvHandler media;  // between publish and unpublish
    std::function<void()> unpublish;
};

class RtmpSession {
public:
    // Of a client that may not publish yet: its messages are commands. Later: the format's own
    // limit.
    static constexpr std::uint32_t kCommandBytes = 0x10000;

    explicit RtmpSession(RtmpSessionEvents events);

    // Takes the next bytes, in any pieces. Answers are appended to the output.
    // Errors: the connection is to be closed when the output is sent; the message says why and
    // carries no key. unauthorized: refused; corrupt, unsupported: what came. Nothing may be
    // pushed afterwards.
    Result<void> push(std::span<const std::byte> bytes);

    // Tells the publisher that it is over, and why.
    void dismiss(const std::string& why);

    // What is to be sent; empties it.
    [[nodiscard]] std::vector<std::byte> take_output();
    [[nodiscard]] bool publishing() const { return state_ == State::publishing; }

private:
    enum class State { greeting, greeted, chatting, connected, publishing };
    using Arguments = std::vector<Amf0Value>;

    Result<std::span<const std::byte>> shake_hands(std::span<const std::byte> bytes);
    Result<void> check_version(std::byte version) const;
    void greet();
    Result<void> on_message(const RtmpMessage& message);
    Result<void> on_media(const RtmpMessage& message);
    Result<void> on_aggregate(const RtmpMessage& message);
    Result<void> on_command(std::span<const std::byte> payload);
    Result<void> on_connect(const Arguments& arguments);
    Result<void> on_publish(const Arguments& arguments);
    Result<void> run_command(const std::string& name, const Arguments& arguments);
    void on_user_control(std::span<const std::byte> payload);
    void end_publishing();
    void acknowledge();

    void send(std::uint8_t type, std::uint32_t stream, std::span<const std::byte> payload);
    void send_numbers(std::uint8_t type,
                      std::initializer_list<std::pair<std::uint32_t, int>> parts);
    void answer(const Arguments& arguments, Amf0Value first, Amf0Value second);
    void send_status(const char* level, const char* code, const std::string& description);

    const RtmpSessionEvents events_;
    State state_ = State::greeting;
    std::vector<std::byte> hello_;  // what came of C0 and C1; of C2 only the count matters
    std::size_t c2_left_ = 0;
    RtmpChunkReader reader_;
    RtmpTarget target_;
    std::uint32_t window_ = 0;    // after so many bytes the client wants to hear
    std::uint32_t received_ = 0;  // wraps, as the protocol's number does
    std::uint32_t acknowledged_ = 0;
    std::vector<std::byte> output_;
};

}  // namespace weir::ingest
