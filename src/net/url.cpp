// SPDX-License-Identifier: MIT
#include "net/url.hpp"

#include <algorithm>
#include <array>

#include "net/http_message.hpp"

namespace weir::net {

namespace {

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// What may stand in a target unescaped. Not all of it is allowed by RFC 3986, but all of it has one
// meaning; '#' begins a fragment, which is never sent.
bool is_plain(std::string_view text) {
    return !has_control(text) && std::none_of(text.begin(), text.end(), [](char c) {
        return c == ' ' || c == '#' || c == '\\' || static_cast<unsigned char>(c) >= 0x80;
    });
}

// "http://host:port/path" → "/path"; anything that begins with '/' stays as it is.
std::optional<std::string_view> without_origin(std::string_view text) {
    if (text.starts_with('/')) return text;
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!equals_ignoring_case(text.substr(0, scheme.size()), scheme)) continue;
        const std::size_t end = std::min(text.find_first_of("/?", scheme.size()), text.size());
        const std::string_view authority = text.substr(scheme.size(), end - scheme.size());
        if (authority.empty() || authority.find('@') != std::string_view::npos) return std::nullopt;
        return text.substr(end);
    }
    return std::nullopt;
}

// One part between slashes. Nothing when it is malformed or steps upwards.
std::optional<std::string> decode_part(std::string_view text) {
    auto part = percent_decode(text);
    if (!part || *part == "..") return std::nullopt;
    if (has_control(*part) || part->find_first_of("/\\") != std::string::npos) return std::nullopt;
    return part;
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        if (text.size() - i < 3) return std::nullopt;
        const int high = hex_value(text[i + 1]);
        const int low = hex_value(text[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        decoded += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return decoded;
}

std::optional<Target> parse_target(std::string_view text) {
    if (!is_plain(text)) return std::nullopt;
    const auto local = without_origin(text);
    if (!local) return std::nullopt;

    Target target;
    std::string_view path = *local;
    if (const std::size_t mark = path.find('?'); mark != std::string_view::npos) {
        target.query = path.substr(mark + 1);
        path = path.substr(0, mark);
    }
    bool folder = true;  // the path so far ends at a slash
    while (!path.empty()) {
        path.remove_prefix(1);  // the '/'
        const std::size_t end = std::min(path.find('/'), path.size());
        const auto part = decode_part(path.substr(0, end));
        if (!part) return std::nullopt;
        path.remove_prefix(end);
        folder = part->empty() || *part == ".";
        if (!folder) target.path += '/' + *part;
    }
    if (folder) target.path += '/';
    return target;
}

}  // namespace weir::net
