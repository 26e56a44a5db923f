// SPDX-License-Identifier: MIT
// What HTTP says about serving one thing (RFC 9110): methods, conditions, ranges, compression,
// CORS. No sockets, no clock.
//
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/http_date.hpp"
#include "net/http_message.hpp"

namespace weir::net {

// What lies at a URL now.
struct Entity {
    std::string content_type;
    std::string cache_control;
    std::string etag;  // strong, with its quotes: "\"1f\""; "" for none
    std::optional<HttpTime> last_modified;
    Body body;
    // The body is text that is worth compressing for clients that take gzip.
    bool compress = false;
    // The body in gzip form, when the owner keeps it; otherwise it is compressed at each request.
    std::optional<Body> gzipped;
};

// The answer where the method alone decides: a (preflight) OPTIONS, or 405. Nothing for GET and
// HEAD. Lets a handler answer these before it looks for anything.
std::optional<HttpResponse> answer_by_method(const HttpRequest& request);

// The answer to a request for this entity, whatever its method.
HttpResponse answer(const HttpRequest& request, const Entity& entity);

// A short text for people, readable across origins and forgotten by caches after a second.
HttpResponse error_response(int status, std::string_view text);

// Whether the client takes gzip, and not less gladly than plain bytes (RFC 9110 12.5.3).
bool accepts_gzip(std::string_view accept_encoding);

struct ByteRange {
    enum class Kind { whole, part, unsatisfiable };
    Kind kind = Kind::whole;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;

    friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// What a Range field asks of `size` bytes (RFC 9110 14.1.2). A field that is malformed, has another
// unit or several ranges asks for the whole, as a server may ignore it.
ByteRange parse_range(std::string_view field, std::uint64_t size);

// Whether a list of entity tags (If-None-Match, If-Match) names `etag`, or is "*" and there is
// something. Weak comparison takes W/"a" for "a" (RFC 9110 8.8.3.2).
bool names_etag(std::string_view list, std::string_view etag, bool weak_comparison);

}  // namespace weir::net
