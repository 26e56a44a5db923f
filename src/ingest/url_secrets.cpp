// SPDX-License-Identifier: MIT
#include "ingest/url_secrets.hpp"

#include <algorithm>
#include <vector>

#include "base/gst_ptr.hpp"
#include "base/redact.hpp"

namespace weir::ingest {

namespace {

// A short word may be part of another one, so it counts only where it stands alone.
void hide(std::string& text, const std::string& secret) {
    constexpr std::size_t kShort = 5;
    const auto is_word = [](char c) { return g_ascii_isalnum(c) || c == '_'; };
    for (auto at = text.find(secret); !secret.empty() && at != text.npos;) {
        const auto end = at + secret.size();
        const bool part =
            (at > 0 && is_word(text[at - 1])) || (end < text.size() && is_word(text[end]));
        if (part && secret.size() < kShort) {
            at = text.find(secret, at + 1);
        } else {
            text.replace(at, secret.size(), "***");
            at = text.find(secret, at + 3);
        }
    }
}

// What an RTMP URL has to keep to itself, longest first: all behind the application's name, the
// stream's name without its query, the query, and who we are.
std::vector<std::string> secrets_of(const std::string& url) {
    std::vector<std::string> secrets;
    const auto scheme = url.find("://");
    const auto begin = scheme == url.npos ? 0 : scheme + 3;
    const auto query = url.find_first_of("?#", begin);
    const auto path_end = url.find_last_not_of('/', query == url.npos ? query : query - 1);
    const auto slash = url.rfind('/', path_end);
    if (slash != url.npos && slash >= begin) {
        secrets.push_back(url.substr(slash + 1));
        secrets.push_back(url.substr(slash + 1, path_end - slash));
    }
    if (query != url.npos) secrets.push_back(url.substr(query + 1));
    if (const auto at = url.rfind('@', url.find('/', begin)); at != url.npos && at >= begin) {
        const std::string user = url.substr(begin, at - begin);
        secrets.push_back(user);
        if (const auto colon = user.find(':'); colon != user.npos) {
            secrets.push_back(user.substr(colon + 1));
        }
    }
    for (std::size_t i = secrets.size(); i-- > 0;) {
        const base::GString plain(g_uri_unescape_string(secrets[i].c_str(), nullptr));
        if (plain && secrets[i] != plain.get()) secrets.emplace_back(plain.get());
    }
    std::erase(secrets, "");
    std::sort(secrets.begin(), secrets.end(),
              [](const auto& a, const auto& b) { return a.size() > b.size(); });
    return secrets;
}

}  // namespace

std::string without_secrets(std::string text, const std::string& url) {
    for (const auto& secret : secrets_of(url)) hide(text, secret);
    const std::string name = base::redacted_url(url);
    return text.find(name) == text.npos ? name + ": " + text : text;
}

std::string without_secret(std::string text, const std::string& secret) {
    hide(text, secret);
    return text;
}

std::string with_redacted_urls(const std::string& text) {
    const auto in_scheme = [](char c) { return g_ascii_isalnum(c) || c == '+' || c == '-'; };
    std::string result;
    std::size_t done = 0;
    for (auto at = text.find("://"); at != text.npos; at = text.find("://", done)) {
        auto begin = at;
        while (begin > done && in_scheme(text[begin - 1])) --begin;
        const auto end = std::min(text.find_first_of(" \t\r\n\"'<>", at), text.size());
        result += text.substr(done, begin - done);
        result += base::redacted_url(std::string_view(text).substr(begin, end - begin));
        done = end;
    }
    return result + text.substr(done);
}

}  // namespace weir::ingest
