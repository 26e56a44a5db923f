// SPDX-License-Identifier: MIT
// An answer, or a chunk of one, on its way: its head as text, then its body from memory and files.
//
// Threads: one thread at a time. SIGPIPE must be blocked there: sendfile has no MSG_NOSIGNAL.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "net/http_message.hpp"
#include "net/tls_session.hpp"

namespace weir::net {

// What the connection adds to the handler's answer.
struct Framing {
    std::string_view date;      // for the Date field
    bool http_1_0 = false;      // the client speaks HTTP/1.0
    bool keep_alive = false;    // another request may follow
    bool head_request = false;  // the body is not sent
    bool grows = false;         // the body's length is not known: chunks, or the connection's end
};

// RFC 9110 6.4.1: whether answers with this status have no content at all.
bool never_has_body(int status);

// The status line and all fields, with the empty line. Control characters in values become spaces,
// so that no handler can be talked into writing a field of somebody else's.
std::string format_head(const HttpResponse& response, const Framing& framing);

// Puts the body into a chunk (RFC 9112 7.1) that begins at the end of `head`, and, as the `last`
// one, the end of all chunks behind it.
void make_chunk(std::string& head, Body& body, bool last);

class OutgoingAnswer {
public:
    OutgoingAnswer() = default;
    OutgoingAnswer(std::string head, Body body) : head_(std::move(head)), body_(std::move(body)) {}

    enum class Progress {
        done,
        more,   // the socket is full, or `budget` is used up: come back when it is writable
        failed  // the client is gone, or the file is not what it was
    };

    // Sends what the non-blocking socket takes, about `budget` bytes at most; adds them to `sent`.
    Progress send_some(int socket, std::uint64_t budget, std::uint64_t& sent);
    // The same by TLS; `buffer` is for bytes on their way, of one size at all calls.
    Progress send_some(TlsSession& tls, std::span<char> buffer, std::uint64_t budget,
                       std::uint64_t& sent);

private:
    [[nodiscard]] std::span<const Bytes> left() const { return body_.pieces().subspan(piece_); }
    [[nodiscard]] std::int64_t send_memory(int socket) const;
    [[nodiscard]] std::int64_t send_file(int socket, std::uint64_t budget) const;
    [[nodiscard]] std::size_t copy_next(std::span<char> buffer) const;
    [[nodiscard]] bool done() const { return head_sent_ == head_.size() && left().empty(); }
    void advance(std::uint64_t bytes);

    std::string head_;
    std::uint64_t head_sent_ = 0;
    Body body_;
    std::size_t piece_ = 0;         // of the body, the one that is next
    std::uint64_t piece_sent_ = 0;  // of that one
};

}  // namespace weir::net
