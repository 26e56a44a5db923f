// SPDX-License-Identifier: MIT
#include "net/outgoing_answer.hpp"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace weir::net {

namespace {

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

// RFC 9110 6.4.1: these answers have no content at all.
bool never_has_body(int status) {
    return status < 200 || status == 204 || status == 304;
}

void append_field(std::string& head, std::string_view name, std::string_view value) {
    head.append(name).append(": ");
    const std::size_t begin = head.size();
    head.append(value);
    std::replace_if(
        head.begin() + static_cast<std::ptrdiff_t>(begin), head.end(),
        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
    head.append("\r\n");
}

}  // namespace

std::string format_head(const HttpResponse& response, const Framing& framing) {
    std::string head = "HTTP/1.1 " + std::to_string(response.status) + ' ';
    head.reserve(512);
    head.append(reason_phrase(response.status)).append("\r\n");
    append_field(head, "Date", framing.date);
    for (const auto& [name, value] : response.fields) append_field(head, name, value);
    if (!never_has_body(response.status)) {
        append_field(head, "Content-Length", std::to_string(response.body.size()));
    }
    if (!framing.keep_alive) {
        append_field(head, "Connection", "close");
    } else if (framing.http_1_0) {
        append_field(head, "Connection", "keep-alive");
    }
    return head.append("\r\n");
}

OutgoingAnswer::OutgoingAnswer(const HttpResponse& response, const Framing& framing)
    : head_(format_head(response, framing)) {
    if (!framing.head_request && !never_has_body(response.status)) body_ = response.body;
}

OutgoingAnswer::Progress OutgoingAnswer::send_some(int socket, std::uint64_t budget,
                                                   std::uint64_t& sent) {
    while (head_sent_ < head_.size() || body_.size() > 0) {
        if (budget == 0) return Progress::more;
        const bool from_file = body_.file() >= 0 && head_sent_ == head_.size();
        const std::int64_t step = from_file ? send_file(socket, budget) : send_memory(socket);
        if (step < 0 && errno == EINTR) continue;
        if (step < 0) {
            return errno == EAGAIN || errno == EWOULDBLOCK ? Progress::more : Progress::failed;
        }
        if (step == 0) return Progress::failed;  // the file ends before its announced length
        const auto bytes = static_cast<std::uint64_t>(step);
        const std::uint64_t of_head = std::min(bytes, head_.size() - head_sent_);
        head_sent_ += of_head;
        body_ = body_.slice(bytes - of_head);
        sent += bytes;
        budget -= std::min(budget, bytes);
    }
    body_ = {};
    return Progress::done;
}

// What is left of the head, and the body behind it when that is in memory, in one call.
std::int64_t OutgoingAnswer::send_memory(int socket) {
    const std::span<const std::byte> memory = body_.memory();
    // The kernel only reads what an iovec points to.
    std::array<iovec, 2> pieces = {{{head_.data() + head_sent_, head_.size() - head_sent_},
                                    {const_cast<std::byte*>(memory.data()), memory.size()}}};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    // Before a file: let the head wait for it, so that both share their first packet.
    const int more = body_.file() >= 0 && body_.size() > 0 ? MSG_MORE : 0;
    return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT | more);
}

std::int64_t OutgoingAnswer::send_file(int socket, std::uint64_t budget) {
    auto offset = static_cast<off_t>(body_.file_offset());
    return sendfile(socket, body_.file(), &offset, std::min(body_.size(), budget));
}

}  // namespace weir::net
