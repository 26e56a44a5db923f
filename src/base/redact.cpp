// SPDX-License-Identifier: MIT
#include "base/redact.hpp"

#include <glib.h>

#include <algorithm>

namespace weir::base {
namespace {

constexpr std::string_view kHidden = "***";

// "me:pw@host:1935" -> "***@host:1935". What stands where the port should be but is no number may
// be a password whose '@' was forgotten.
std::string redacted_authority(std::string_view authority) {
    const auto at = authority.rfind('@');
    const bool has_user = at != authority.npos;
    const std::string_view host = has_user ? authority.substr(at + 1) : authority;
    std::string result = has_user ? std::string(kHidden) + "@" : "";
    const auto bracket = host.rfind(']');
    const auto colon = host.find(':', bracket == host.npos ? 0 : bracket);
    if (colon == host.npos) return result.append(host);
    const std::string_view port = host.substr(colon + 1);
    const bool is_number = port.find_first_not_of("0123456789") == port.npos;
    return result.append(host.substr(0, colon + 1)).append(is_number ? port : kHidden);
}

// "/live/key" -> "/live/***"
std::string redacted_path(std::string_view path) {
    const auto end = path.find_last_not_of('/');
    if (end == path.npos) return std::string(path);
    return std::string(path.substr(0, path.rfind('/', end) + 1)).append(kHidden);
}

}  // namespace

std::string redacted_url(std::string_view url) {
    const auto scheme_end = url.find("://");
    const bool is_url = scheme_end != url.npos && scheme_end <= 16 &&
                        std::all_of(url.begin(), url.begin() + static_cast<long>(scheme_end),
                                    [](char c) { return g_ascii_isalnum(c); });
    if (!is_url) return std::string(url.empty() ? "" : kHidden);
    const std::string_view scheme = url.substr(0, scheme_end + 3);
    std::string_view rest = url.substr(scheme.size());
    std::string tail;
    if (const auto query = rest.find_first_of("?#"); query != rest.npos) {
        tail = std::string(1, rest[query]).append(kHidden);
        // A '@' behind it: the '?' may stand in a password.
        if (rest.find('@', query) != rest.npos) return std::string(scheme).append(kHidden);
        rest = rest.substr(0, query);
    }
    const auto path = std::min(rest.find('/'), rest.size());
    // A '@' in the path: the '/' before it may stand in a password.
    if (rest.find('@', path) != rest.npos) return std::string(scheme).append(kHidden);
    return std::string(scheme) + redacted_authority(rest.substr(0, path)) +
           redacted_path(rest.substr(path)) + tail;
}

std::string shown(std::string_view text) {
    constexpr std::size_t kMaxLength = 80;
    const bool is_url = text.find("://") != text.npos;
    std::string result = is_url ? redacted_url(text) : std::string(text.substr(0, kMaxLength + 1));
    if (result.size() > kMaxLength) result.replace(kMaxLength - 3, result.npos, "...");
    std::replace_if(
        result.begin(), result.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return result;
}

}  // namespace weir::base
