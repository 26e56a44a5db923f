// SPDX-License-Identifier: MIT
// Any bytes as a request target: what comes out is a plain path, or nothing.
//
// clang++-14 -std=c++20 -g -fsanitize=fuzzer,address,undefined -Iinclude -Isrc
//     tests/fuzz/url_fuzz.cpp src/net/{url,http_message,http_semantics,http_date,gzip}.cpp
//     src/base/bytes.cpp -lz
#include <cstdint>
#include <cstdlib>
#include <string>

#include <weir/result.hpp>

#include "net/url.hpp"

namespace {

void expect(bool condition) {
    if (!condition) std::abort();
}

std::string percent_encode(std::string_view path) {
    std::string text;
    for (const char c : path) {
        char escape[4];
        std::snprintf(escape, sizeof(escape), "%%%02x", static_cast<unsigned char>(c));
        text += c == '/' ? "/" : escape;
    }
    return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto target = weir::net::parse_target(text);
    if (!target) return 0;
    const std::string& path = target->path;
    expect(path.starts_with('/'));
    expect((path + '/').find("/../") == std::string::npos);
    expect((path + '/').find("/./") == std::string::npos);
    expect(path.find("//") == std::string::npos);
    for (const char c : path) {
        expect(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != '\\');
    }
    expect(text.ends_with(target->query));
    // The plain path stands for itself, however it is written.
    const auto again = weir::net::parse_target(percent_encode(path) + '?' + target->query);
    expect(again == target);
    return 0;
}
