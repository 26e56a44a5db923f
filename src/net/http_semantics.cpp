// SPDX-License-Identifier: MIT
#include "net/http_semantics.hpp"

#include <algorithm>
#include <limits>

#include "net/gzip.hpp"

namespace weir::net {

namespace {

constexpr std::size_t kUsualFields = 12;
constexpr std::string_view kMethods = "GET, HEAD, OPTIONS";

std::string_view trim(std::string_view text) {
    const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
    text.remove_prefix(begin);
    return text.substr(0, text.find_last_not_of(" \t") + 1);
}

// Takes the text up to `separator` off the front, without spaces around it.
std::string_view take(std::string_view& rest, char separator) {
    const std::size_t end = std::min(rest.find(separator), rest.size());
    const std::string_view item = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return trim(item);
}

// What lets a player on another site read the answer (Fetch 3.2). Without it on errors too, a
// player sees "network error" instead of 404.
HttpFields cors_fields() {
    HttpFields fields;
    fields.reserve(kUsualFields);
    fields.emplace_back("Access-Control-Allow-Origin", "*");
    fields.emplace_back("Access-Control-Expose-Headers",
                        "Accept-Ranges, Age, Content-Encoding, Content-Length, Content-Range, "
                        "Date, ETag, Last-Modified");
    return fields;
}

// A weight of 0 to 1000 for "q=0.5" (RFC 9110 12.4.2); a malformed one counts as 1.
int parse_weight(std::string_view parameters) {
    while (!parameters.empty()) {
        std::string_view value = take(parameters, ';');
        const std::string_view name = take(value, '=');
        if (!equals_ignoring_case(name, "q") || value.empty()) continue;
        int weight = value[0] == '0' ? 0 : 1000;
        int place = 100;
        for (std::size_t i = 2; weight < 1000 && i < value.size() && place > 0; ++i, place /= 10) {
            if (value[i] >= '0' && value[i] <= '9') weight += (value[i] - '0') * place;
        }
        return weight;
    }
    return 1000;
}

// A decimal number, at most the greatest there is; nothing when it is no number.
std::optional<std::uint64_t> parse_number(std::string_view digits) {
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
    if (digits.empty()) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : digits) {
        if (c < '0' || c > '9') return std::nullopt;
        const auto digit = static_cast<std::uint64_t>(c - '0');
        value = value > (kMost - digit) / 10 ? kMost : value * 10 + digit;
    }
    return value;
}

// The entity in the form that the client gets.
struct Selected {
    Body body;
    std::string etag;
    bool gzipped = false;
};

std::optional<Body> gzipped_body(const Entity& entity) {
    if (entity.gzipped) return entity.gzipped;
    auto content = entity.body.read();
    if (!content) return std::nullopt;
    auto packed = gzip(*content);
    if (!packed) return std::nullopt;
    return Bytes::from_string(std::move(*packed));
}

// The two forms are different bytes, so their strong tags differ (RFC 9110 8.8.3.3).
std::string gzip_etag(std::string_view etag) {
    if (etag.size() < 2) return std::string(etag);
    return std::string(etag.substr(0, etag.size() - 1)) + "-gzip\"";
}

bool offers_gzip(const Entity& entity) {
    return entity.compress || entity.gzipped.has_value();
}

bool wants_gzip(const HttpRequest& request, const Entity& entity) {
    return offers_gzip(entity) && accepts_gzip(request.list_field("Accept-Encoding"));
}

// Fields that describe the selected form, the same for 200, 206 and 304 (RFC 9110 15.4.5).
HttpFields common_fields(const Entity& entity, std::string_view etag) {
    HttpFields fields = cors_fields();
    if (!entity.cache_control.empty()) fields.emplace_back("Cache-Control", entity.cache_control);
    if (!etag.empty()) fields.emplace_back("ETag", etag);
    if (entity.last_modified) {
        fields.emplace_back("Last-Modified", to_http_date(*entity.last_modified));
    }
    if (offers_gzip(entity)) fields.emplace_back("Vary", "Accept-Encoding");
    return fields;
}

bool modified_after(const Entity& entity, std::string_view date) {
    const auto limit = parse_http_date(date);
    return limit && entity.last_modified && *entity.last_modified > *limit;
}

// 412 or 304 when the request's conditions say so, in the order of RFC 9110 13.2.2; else 200.
int check_conditions(const HttpRequest& request, const Entity& entity, std::string_view etag) {
    const std::string if_match = request.list_field("If-Match");
    if (!if_match.empty()) {
        if (!names_etag(if_match, etag, false)) return 412;
    } else if (modified_after(entity, request.field("If-Unmodified-Since"))) {
        return 412;
    }
    const std::string if_none_match = request.list_field("If-None-Match");
    if (!if_none_match.empty()) return names_etag(if_none_match, etag, true) ? 304 : 200;
    const auto since = parse_http_date(request.field("If-Modified-Since"));
    return since && entity.last_modified && *entity.last_modified <= *since ? 304 : 200;
}

// Whether the Range field counts: If-Range, when given, names what the client has a part of
// (RFC 9110 13.1.5).
bool range_applies(const HttpRequest& request, const Entity& entity, std::string_view etag) {
    const std::string_view if_range = request.field("If-Range");
    if (if_range.empty()) return true;
    if (const auto date = parse_http_date(if_range)) return entity.last_modified == date;
    return if_range != "*" && names_etag(if_range, etag, false);
}

HttpResponse unsatisfiable(std::uint64_t size) {
    HttpResponse response = error_response(416, "the range lies behind the end");
    response.fields.emplace_back("Content-Range", "bytes */" + std::to_string(size));
    return response;
}

HttpResponse whole(const Entity& entity, const Selected& selected) {
    HttpResponse response{200, common_fields(entity, selected.etag), selected.body};
    response.fields.emplace_back("Content-Type", entity.content_type);
    if (selected.gzipped) {
        response.fields.emplace_back("Content-Encoding", "gzip");
    } else {
        response.fields.emplace_back("Accept-Ranges", "bytes");
    }
    return response;
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
    std::optional<int> gzip_weight;
    int any_weight = 0;
    int identity_weight = 0;
    while (!accept_encoding.empty()) {
        std::string_view item = take(accept_encoding, ',');
        const std::string_view coding = take(item, ';');
        const int weight = parse_weight(item);
        if (equals_ignoring_case(coding, "gzip") || equals_ignoring_case(coding, "x-gzip")) {
            gzip_weight = weight;
        } else if (equals_ignoring_case(coding, "identity")) {
            identity_weight = weight;
        } else if (coding == "*") {
            any_weight = weight;
        }
    }
    const int weight = gzip_weight.value_or(any_weight);
    return weight > 0 && weight >= identity_weight;
}

ByteRange parse_range(std::string_view field, std::uint64_t size) {
    const std::string_view unit = take(field, '=');
    if (!equals_ignoring_case(unit, "bytes")) return {};
    std::string_view last_text = trim(field);
    if (last_text.find('-') == std::string_view::npos) return {};
    const std::string_view first_text = take(last_text, '-');
    const auto first = parse_number(first_text);
    const auto last = parse_number(trim(last_text));
    if (!first && !first_text.empty()) return {};
    if (!last && !(first && trim(last_text).empty())) return {};

    if (!first) {  // the last bytes
        if (*last == 0 || size == 0) return {.kind = ByteRange::Kind::unsatisfiable};
        const std::uint64_t length = std::min(*last, size);
        return {ByteRange::Kind::part, size - length, length};
    }
    if (last && *last < *first) return {};
    if (*first >= size) return {.kind = ByteRange::Kind::unsatisfiable};
    const std::uint64_t end = last && *last < size ? *last + 1 : size;
    return {ByteRange::Kind::part, *first, end - *first};
}

bool names_etag(std::string_view list, std::string_view etag, bool weak_comparison) {
    if (trim(list) == "*") return true;
    if (etag.empty()) return false;
    while (true) {
        list.remove_prefix(std::min(list.find_first_not_of(" \t,"), list.size()));
        const bool weak = list.starts_with("W/");
        if (weak) list.remove_prefix(2);
        // A tag may hold commas, so the quotes are what delimits it.
        const std::size_t end = list.starts_with('"') ? list.find('"', 1) : std::string_view::npos;
        if (end == std::string_view::npos) return false;
        if (list.substr(0, end + 1) == etag && (weak_comparison || !weak)) return true;
        list.remove_prefix(end + 1);
    }
}

HttpResponse error_response(int status, std::string_view text) {
    HttpResponse response{status, cors_fields(), Bytes::from_string(std::string(text) + '\n')};
    response.fields.emplace_back("Cache-Control", "max-age=1");
    response.fields.emplace_back("Content-Type", "text/plain; charset=utf-8");
    return response;
}

std::optional<HttpResponse> answer_by_method(const HttpRequest& request) {
    if (request.method == "GET" || request.method == "HEAD") return std::nullopt;
    if (request.method != "OPTIONS") {
        HttpResponse response = error_response(405, "only GET, HEAD and OPTIONS work here");
        response.fields.emplace_back("Allow", kMethods);
        return response;
    }
    const std::string wanted = request.list_field("Access-Control-Request-Headers");
    HttpResponse response{204, cors_fields(), {}};
    response.fields.emplace_back("Allow", kMethods);
    response.fields.emplace_back("Access-Control-Allow-Methods", kMethods);
    // "*" does not cover Authorization (Fetch 4.9), so what was asked for is repeated.
    response.fields.emplace_back("Access-Control-Allow-Headers", wanted.empty() ? "*" : wanted);
    response.fields.emplace_back("Access-Control-Max-Age", "86400");
    return response;
}

HttpResponse answer(const HttpRequest& request, const Entity& entity) {
    if (auto response = answer_by_method(request)) return std::move(*response);

    Selected selected{entity.body, entity.etag, false};
    if (wants_gzip(request, entity)) {
        selected.etag = gzip_etag(entity.etag);
        selected.gzipped = true;
    }
    // Before compressing: most polls of a playlist end here.
    const int status = check_conditions(request, entity, selected.etag);
    if (status == 412) return error_response(412, "it has changed");
    if (status == 304) return {304, common_fields(entity, selected.etag), {}};

    if (selected.gzipped) {
        if (auto body = gzipped_body(entity)) {
            selected.body = std::move(*body);
            return whole(entity, selected);
        }
        selected = {entity.body, entity.etag, false};
    }
    HttpResponse response = whole(entity, selected);
    // RFC 9110 14.2: a Range counts for GET only.
    if (request.method != "GET" || !range_applies(request, entity, selected.etag)) return response;
    const std::uint64_t size = entity.body.size();
    const ByteRange range = parse_range(request.field("Range"), size);
    if (range.kind == ByteRange::Kind::unsatisfiable) return unsatisfiable(size);
    if (range.kind == ByteRange::Kind::whole) return response;
    response.status = 206;
    response.body = selected.body.slice(range.offset, range.length);
    response.fields.emplace_back("Content-Range",
                                 "bytes " + std::to_string(range.offset) + '-' +
                                     std::to_string(range.offset + range.length - 1) + '/' +
                                     std::to_string(size));
    return response;
}

}  // namespace weir::net
