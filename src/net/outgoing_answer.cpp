// SPDX-License-Identifier: MIT
#include "net/outgoing_answer.hpp"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace weir::net {

namespace {

constexpr std::size_t kUsualHead = 768;
constexpr std::size_t kMostPieces = 256;  // of memory in one call; 4 KB of stack

std::string_view reason_phrase(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 204:
            return "No Content";
        case 206:
            return "Partial Content";
        case 301:
            return "Moved Permanently";
        case 302:
            return "Found";
        case 304:
            return "Not Modified";
        case 307:
            return "Temporary Redirect";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 410:
            return "Gone";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Content Too Large";
        case 416:
            return "Range Not Satisfiable";
        case 417:
            return "Expectation Failed";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        default:
            return "";
    }
}

void append_field(std::string& head, std::string_view name, std::string_view value) {
    head.append(name).append(": ");
    const std::size_t begin = head.size();
    head.append(value);
    if (has_control(value)) {
        std::replace_if(
            head.begin() + static_cast<std::ptrdiff_t>(begin), head.end(),
            [](char c) {
                return has_control({&c, 1});
            },
            ' ');
    }
    head.append("\r\n");
}

// Fills `into`; false when that much cannot be read.
bool read_file(int file, std::uint64_t offset, std::span<char> into) {
    while (!into.empty()) {
        const ssize_t got = pread(file, into.data(), into.size(), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        into = into.subspan(static_cast<std::size_t>(got));
        offset += static_cast<std::uint64_t>(got);
    }
    return true;
}

// Requires: a literal.
Bytes constant(std::string_view text) {
    return Bytes::share(nullptr, std::as_bytes(std::span(text)));
}

}  // namespace

bool never_has_body(int status) {
    return status < 200 || status == 204 || status == 304;
}

std::string format_head(const HttpResponse& response, const Framing& framing) {
    std::string head;
    head.reserve(kUsualHead);
    head.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
    head.append(reason_phrase(response.status)).append("\r\n");
    append_field(head, "Date", framing.date);
    for (const auto& [name, value] : response.fields) append_field(head, name, value);
    if (never_has_body(response.status)) {
        // and so no field about its length
    } else if (framing.grows) {
        if (!framing.http_1_0) append_field(head, "Transfer-Encoding", "chunked");
    } else {
        append_field(head, "Content-Length", std::to_string(response.body.size()));
    }
    if (!framing.keep_alive) {
        append_field(head, "Connection", "close");
    } else if (framing.http_1_0) {
        append_field(head, "Connection", "keep-alive");
    }
    return head.append("\r\n");
}

void make_chunk(std::string& head, Body& body, bool last) {
    if (body.size() > 0) {
        std::array<char, 24> size{};
        std::snprintf(size.data(), size.size(), "%llx\r\n",
                      static_cast<unsigned long long>(body.size()));
        head += size.data();
        body.append(constant("\r\n"));
    }
    if (last) body.append(constant("0\r\n\r\n"));
}

OutgoingAnswer::Progress OutgoingAnswer::send_some(int socket, std::uint64_t budget,
                                                   std::uint64_t& sent) {
    while (!done()) {
        if (budget == 0) return Progress::more;
        const bool from_file = head_sent_ == head_.size() && left().front().file() >= 0;
        const std::int64_t step = from_file ? send_file(socket, budget) : send_memory(socket);
        if (step < 0 && errno == EINTR) continue;
        if (step < 0) {
            return errno == EAGAIN || errno == EWOULDBLOCK ? Progress::more : Progress::failed;
        }
        if (step == 0) return Progress::failed;  // the file ends before its announced length
        const auto bytes = static_cast<std::uint64_t>(step);
        advance(bytes);
        sent += bytes;
        budget -= std::min(budget, bytes);
    }
    return Progress::done;
}

OutgoingAnswer::Progress OutgoingAnswer::send_some(TlsSession& tls, std::span<char> buffer,
                                                   std::uint64_t budget, std::uint64_t& sent) {
    while (!done()) {
        if (budget == 0) return Progress::more;
        const std::size_t size = copy_next(buffer);
        if (size == 0) return Progress::failed;  // a file that cannot be read
        const TlsSession::Outcome outcome = tls.write(buffer.first(size));
        if (outcome.status == TlsSession::Status::wants_write) return Progress::more;
        if (outcome.status != TlsSession::Status::ok) return Progress::failed;
        advance(outcome.bytes);
        sent += outcome.bytes;
        budget -= std::min<std::uint64_t>(budget, outcome.bytes);
    }
    return Progress::done;
}

// Fills the buffer with what is next, as far as there is something.
std::size_t OutgoingAnswer::copy_next(std::span<char> buffer) const {
    std::size_t filled = head_.copy(buffer.data(), buffer.size(), head_sent_);
    std::uint64_t skip = piece_sent_;
    for (const Bytes& piece : left()) {
        const std::span<char> room = buffer.subspan(filled);
        if (room.empty()) break;
        const std::uint64_t wanted = std::min<std::uint64_t>(room.size(), piece.size() - skip);
        if (piece.file() < 0) {
            std::memcpy(room.data(), piece.memory().subspan(skip).data(), wanted);
        } else if (!read_file(piece.file(), piece.file_offset() + skip, room.first(wanted))) {
            return 0;
        }
        filled += wanted;
        skip = 0;
    }
    return filled;
}

void OutgoingAnswer::advance(std::uint64_t bytes) {
    const std::uint64_t of_head = std::min(bytes, head_.size() - head_sent_);
    head_sent_ += of_head;
    bytes -= of_head;
    while (bytes > 0) {
        const std::uint64_t rest = left().front().size() - piece_sent_;
        const std::uint64_t step = std::min(bytes, rest);
        bytes -= step;
        piece_sent_ += step;
        if (step < rest) continue;
        ++piece_;
        piece_sent_ = 0;
    }
}

// What is left of the head, and as much of the body behind it as is in memory, in one call.
std::int64_t OutgoingAnswer::send_memory(int socket) const {
    std::array<iovec, kMostPieces> pieces;
    std::size_t count = 0;
    // The kernel only reads what an iovec points to.
    const auto add = [&](const void* data, std::size_t size) {
        pieces[count++] = {const_cast<void*>(data), size};
    };
    if (head_sent_ < head_.size()) add(head_.data() + head_sent_, head_.size() - head_sent_);
    std::uint64_t skip = piece_sent_;
    bool file_next = false;
    for (const Bytes& piece : left()) {
        file_next = piece.file() >= 0;
        if (file_next || count == pieces.size()) break;
        const auto memory = piece.memory().subspan(std::exchange(skip, 0));
        add(memory.data(), memory.size());
    }
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    // Before a file: let this wait for it, so that both share a packet.
    return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT | (file_next ? MSG_MORE : 0));
}

std::int64_t OutgoingAnswer::send_file(int socket, std::uint64_t budget) const {
    const Bytes& piece = left().front();
    auto offset = static_cast<off_t>(piece.file_offset() + piece_sent_);
    return sendfile(socket, piece.file(), &offset, std::min(piece.size() - piece_sent_, budget));
}

}  // namespace weir::net
