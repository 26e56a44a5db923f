// SPDX-License-Identifier: MIT
#include "net/http_parser.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "net/url.hpp"

namespace weir::net {

namespace {

constexpr std::size_t kMostFields = 100;
constexpr std::size_t kRequestFields = 16;
constexpr int kMalformed = 400;
constexpr int kTooLong = 431;

// RFC 9110 5.6.2.
constexpr std::array<bool, 256> token_bytes() {
    std::array<bool, 256> table{};
    for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789"
                                         "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")) {
        table[static_cast<unsigned char>(c)] = true;
    }
    return table;
}

bool is_token(std::string_view text) {
    static constexpr std::array<bool, 256> kToken = token_bytes();
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return kToken[static_cast<unsigned char>(c)];
    });
}

// RFC 9110 5.5, with the tab.
bool is_value(std::string_view text) {
    if (!has_control(text)) return true;
    return std::all_of(text.begin(), text.end(), [](char c) {
        return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
    });
}

std::string_view trimmed_value(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

// RFC 9110 7.2: what may stand in a Host field; it is compared with nothing, so only its bytes
// matter.
bool is_host(std::string_view value) {
    return value.find_first_of(" \t,/\\@?#\"<>") == std::string_view::npos;
}

bool has_list_item(std::string_view list, std::string_view item) {
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(','), list.size());
        if (equals_ignoring_case(trimmed_value(list.substr(0, end)), item)) return true;
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return false;
}

// What of the fields decides about the connection.
struct Facts {
    int hosts = 0;
    int lengths = 0;
    bool host_is_bad = false;
    bool length_is_bad = false;
    bool has_body = false;  // by its length
    bool transfer_encoding = false;
    bool chunked = false;
    bool close = false;
    bool keep_alive = false;
    bool expects_other = false;

    void note(std::string_view name, std::string_view value) {
        switch (name.size()) {
            case 4:
                if (equals_ignoring_case(name, "Host")) {
                    ++hosts;
                    if (!is_host(value)) host_is_bad = true;
                }
                break;
            case 6:
                if (equals_ignoring_case(name, "Expect") &&
                    !equals_ignoring_case(value, "100-continue")) {
                    expects_other = true;
                }
                break;
            case 10:
                if (equals_ignoring_case(name, "Connection")) {
                    close = close || has_list_item(value, "close");
                    keep_alive = keep_alive || has_list_item(value, "keep-alive");
                }
                break;
            case 14:
                if (equals_ignoring_case(name, "Content-Length")) {
                    ++lengths;
                    const bool digits = !value.empty() && value.find_first_not_of("0123456789") ==
                                                              std::string_view::npos;
                    length_is_bad = length_is_bad || !digits;
                    has_body = value.find_first_not_of('0') != std::string_view::npos;
                }
                break;
            case 17:
                if (equals_ignoring_case(name, "Transfer-Encoding")) {
                    // A second field, or a second coding, is not ours to undo.
                    chunked = !transfer_encoding && equals_ignoring_case(value, "chunked");
                    transfer_encoding = true;
                }
                break;
            default:
                break;
        }
    }

    // The status that refuses this header, or 0.
    [[nodiscard]] int refusal(bool http_1_0) const {
        if (hosts > 1 || (hosts == 0 && !http_1_0) || host_is_bad) return kMalformed;
        // A body that is framed in two ways, or in a way that we do not undo, would hide where the
        // next request begins.
        if (lengths > 1 || length_is_bad) return kMalformed;
        if (transfer_encoding && (lengths > 0 || http_1_0 || !chunked)) return kMalformed;
        if (chunked || has_body) return 413;
        return expects_other ? 417 : 0;
    }
};

// Takes a line off the front, without its end. Nothing when its end has not come; `bad` when
// something else than an end has.
std::optional<std::string_view> take_line(std::string_view& rest, bool& bad) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    if (end == std::string_view::npos) {
        // A CR alone is refused by is_value() and the like when its line is complete.
        return std::nullopt;
    }
    bad = !line.ends_with('\r');  // some take a bare LF for an end, others do not
    rest.remove_prefix(end + 1);
    return bad ? line : line.substr(0, line.size() - 1);
}

// "GET /path HTTP/1.1"
bool read_request_line(std::string_view line, RequestHeader& header) {
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) return false;
    const std::string_view method = line.substr(0, first);
    const std::string_view target = line.substr(first + 1, last - first - 1);
    const std::string_view version = line.substr(last + 1);
    if (!is_token(method) || target.find(' ') != std::string_view::npos) return false;
    if (version != "HTTP/1.1" && version != "HTTP/1.0") return false;
    header.http_1_0 = version.back() == '0';
    header.request.method = method;
    if (target == "*" && method == "OPTIONS") {
        header.request.path = "/";  // RFC 9110 9.3.7: about the server as a whole
        return true;
    }
    auto parsed = parse_target(target);
    if (!parsed) return false;
    header.request.path = std::move(parsed->path);
    header.request.query = std::move(parsed->query);
    return true;
}

// A name, a colon behind it at once, and a value. A line that begins with a space would go on with
// the one before for some readers.
bool read_field(std::string_view line, HttpFields& fields, Facts& facts) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return false;
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trimmed_value(line.substr(colon + 1));
    if (!is_token(name) || !is_value(value)) return false;
    facts.note(name, value);
    fields.emplace_back(name, value);
    return true;
}

RequestHeader refused(RequestHeader header, int status) {
    header.outcome = RequestHeader::Outcome::refused;
    header.status = status;
    return header;
}

}  // namespace

RequestHeader parse_request_header(std::string_view bytes, std::size_t most) {
    RequestHeader header;
    std::string_view rest = bytes.substr(0, most);
    const auto come_back = [&] {
        // All that a header may have is there, and not its end.
        return bytes.size() >= most ? refused(std::move(header), kTooLong) : std::move(header);
    };
    bool bad = false;
    auto line = take_line(rest, bad);
    if (!line) {
        // What is not HTTP at all (a TLS client on a port without it) need not wait for a line's
        // end.
        const bool may_be =
            rest.empty() || rest.front() == '\r' || is_token(rest.substr(0, rest.find(' ')));
        return may_be ? come_back() : refused(std::move(header), kMalformed);
    }
    if (bad || !read_request_line(*line, header)) return refused(std::move(header), kMalformed);
    Facts facts;
    header.request.fields.reserve(kRequestFields);
    while (true) {
        line = take_line(rest, bad);
        if (!line) return come_back();
        if (bad) return refused(std::move(header), kMalformed);
        if (line->empty()) break;
        if (header.request.fields.size() == kMostFields)
            return refused(std::move(header), kTooLong);
        if (!read_field(*line, header.request.fields, facts)) {
            return refused(std::move(header), kMalformed);
        }
    }
    header.size = bytes.size() < most ? bytes.size() - rest.size() : most - rest.size();
    header.keep_alive = header.http_1_0 ? facts.keep_alive && !facts.close : !facts.close;
    if (const int status = facts.refusal(header.http_1_0))
        return refused(std::move(header), status);
    header.outcome = RequestHeader::Outcome::complete;
    return header;
}

}  // namespace weir::net
