// SPDX-License-Identifier: MIT
// Any request fields against one entity: the answer is always one that HTTP allows. The input is
// the method on the first line, and a field on each further line.
//
// clang++-14 -std=c++20 -g -fsanitize=fuzzer,address,undefined -Iinclude -Isrc
//     tests/fuzz/http_semantics_fuzz.cpp src/net/{http_message,http_semantics,http_date,gzip}.cpp
//     src/base/bytes.cpp -lz
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "net/http_semantics.hpp"

namespace {

using namespace weir::net;

constexpr std::string_view kContent = "0123456789";

void expect(bool condition) {
    if (!condition) std::abort();
}

std::string_view take_line(std::string_view& rest) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return line;
}

HttpRequest read_request(std::string_view input) {
    HttpRequest request{.method = std::string(take_line(input)), .path = "/"};
    while (!input.empty()) {
        const std::string_view line = take_line(input);
        const std::size_t colon = std::min(line.find(':'), line.size());
        request.fields.emplace_back(line.substr(0, colon),
                                    line.substr(std::min(colon + 1, line.size())));
    }
    return request;
}

void check_part(const HttpResponse& response, const std::string& content_range) {
    unsigned long long first = 0;
    unsigned long long last = 0;
    unsigned long long size = 0;
    expect(std::sscanf(content_range.c_str(), "bytes %llu-%llu/%llu", &first, &last, &size) == 3);
    expect(size == kContent.size() && first <= last && last < size);
    expect(response.body.read().value() == kContent.substr(first, last - first + 1));
}

void check(const HttpRequest& request, const Entity& entity) {
    const HttpResponse response = answer(request, entity);
    const HttpRequest given{.fields = response.fields};
    const auto field = [&](std::string_view name) { return std::string(given.field(name)); };
    expect(field("Access-Control-Allow-Origin") == "*");
    switch (response.status) {
        case 200:
            if (field("Content-Encoding").empty()) {
                expect(response.body.read().value() == kContent);
            } else {
                expect(entity.compress && field("Accept-Ranges").empty());
            }
            expect(field("Content-Range").empty() && !field("ETag").empty());
            break;
        case 204:
            expect(request.method == "OPTIONS" && response.body.size() == 0);
            break;
        case 206:
            expect(request.method == "GET" && field("Content-Encoding").empty());
            check_part(response, field("Content-Range"));
            break;
        case 304:
            expect(response.body.size() == 0 && !field("ETag").empty());
            break;
        case 405:
            expect(!field("Allow").empty());
            break;
        case 412:
            break;
        case 416:
            expect(field("Content-Range") == "bytes */10");
            break;
        default:
            expect(false);
    }
    if (response.status >= 400) expect(field("Cache-Control") == "max-age=1");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const HttpRequest request = read_request({reinterpret_cast<const char*>(data), size});
    Entity entity{.content_type = "text/plain",
                  .cache_control = "max-age=2",
                  .etag = "\"tag\"",
                  .last_modified = HttpTime(std::chrono::seconds(784111777)),
                  .body = weir::Bytes::from_string(std::string(kContent))};
    check(request, entity);
    entity.compress = true;
    check(request, entity);
    return 0;
}
