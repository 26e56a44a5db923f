// SPDX-License-Identifier: MIT
// An answer on its way: its head as text, then its body from memory or file.
//
// Threads: one thread at a time. SIGPIPE must be blocked there: sendfile has no MSG_NOSIGNAL.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/http_message.hpp"

namespace weir::net {

// What the connection adds to the handler's answer.
struct Framing {
    std::string_view date;      // for the Date field
    bool http_1_0 = false;      // the client speaks HTTP/1.0
    bool keep_alive = false;    // another request may follow
    bool head_request = false;  // the body is not sent
};

// The status line and all fields, with the empty line. Control characters in values become spaces,
// so that no handler can be talked into writing a field of somebody else's.
std::string format_head(const HttpResponse& response, const Framing& framing);

class OutgoingAnswer {
public:
    OutgoingAnswer() = default;
    OutgoingAnswer(const HttpResponse& response, const Framing& framing);

    enum class Progress {
        done,
        more,   // the socket is full, or `budget` is used up: come back when it is writable
        failed  // the client is gone, or the file is not what it was
    };

    // Sends what the non-blocking socket takes, about `budget` bytes at most; adds them to `sent`.
    Progress send_some(int socket, std::uint64_t budget, std::uint64_t& sent);

private:
    [[nodiscard]] std::int64_t send_memory(int socket);
    [[nodiscard]] std::int64_t send_file(int socket, std::uint64_t budget);

    std::string head_;
    std::uint64_t head_sent_ = 0;
    Bytes body_;  // what is left of it
};

}  // namespace weir::net
