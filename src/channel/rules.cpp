// SPDX-License-Identifier: MIT
#include "channel/rules.hpp"

#include <gio/gio.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "base/redact.hpp"

namespace weir::channel {
namespace {

using base::shown;

std::string to_text(int value) {
    return std::to_string(value);
}
std::string to_text(const std::string& value) {
    return shown(value);
}

bool is_name_character(char c) {
    return g_ascii_isalnum(c) || c == '-' || c == '_';
}

// What GLib's URI parser gives; all may be absent.
struct UriParts {
    std::string scheme;
    std::string host;
    std::string path;
};

std::optional<UriParts> split_uri(const std::string& text) {
    const std::unique_ptr<GUri, decltype(&g_uri_unref)> uri(
        g_uri_parse(text.c_str(), G_URI_FLAGS_ENCODED, nullptr), &g_uri_unref);
    if (!uri) return std::nullopt;
    const char* host = g_uri_get_host(uri.get());
    return UriParts{g_uri_get_scheme(uri.get()), host == nullptr ? "" : host,
                    g_uri_get_path(uri.get())};
}

// What is wrong with the parts of an RTMP URL; "" when nothing is.
std::string rtmp_mistake(const std::string& value) {
    const auto parts = split_uri(value);
    if (!parts) return "is no URL";
    if (parts->scheme != "rtmp") return "the scheme is not rtmp";
    if (parts->host.empty()) return "the host is missing";
    const std::string_view path = parts->path;
    const auto last = path.rfind('/');
    if (path.size() < 2) return "application and stream are missing";
    if (last == 0 || last + 1 == path.size()) return "the stream is missing";
    if (path.find("//") != path.npos) return "a part of the path is empty";
    return {};
}

}  // namespace

std::string seconds_text(std::chrono::milliseconds duration) {
    const std::int64_t count = duration.count();
    const std::uint64_t size =
        count < 0 ? 0 - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
    std::string text = (count < 0 ? "-" : "") + std::to_string(size / 1000);
    if (size % 1000 == 0) return text;
    std::string places = std::to_string(1000 + size % 1000).substr(1);
    places.erase(places.find_last_not_of('0') + 1);
    return text + "." + places;
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
        text += words[i];
    }
    return text;
}

std::string Between::allowed() const {
    const std::string range = std::to_string(min) + " to " + std::to_string(max);
    return "must be " + range + (step == 2 ? " and even" : "");
}

std::string Between::check(std::int64_t value, const std::string& text) const {
    if (value < min || value > max) return allowed() + ", is " + text;
    if (value % step != 0) return "must be even, is " + text;
    return {};
}

std::string Lasting::allowed() const {
    return "must be " + seconds_text(min) + " to " + seconds_text(max) + " seconds";
}

std::string Lasting::operator()(std::chrono::milliseconds value) const {
    if (value >= min && value <= max) return {};
    return allowed() + ", is " + seconds_text(value);
}

template <class T>
std::string OneOf<T>::allowed() const {
    std::vector<std::string> words;
    for (const T& value : values) words.push_back(to_text(value));
    return "must be " + joined(words);
}

template <class T>
std::string OneOf<T>::operator()(const T& value) const {
    if (std::find(values.begin(), values.end(), value) != values.end()) return {};
    return allowed() + ", is " + to_text(value);
}

template struct OneOf<int>;
template struct OneOf<std::string>;

std::string Entries::check(std::size_t count) const {
    if (count >= min && count <= max) return {};
    std::string wanted = std::to_string(min) + " to " + std::to_string(max);
    if (min == max) wanted = "exactly " + std::to_string(min);
    if (count < min && min == 1 && max > 1) wanted = "at least one";
    return "must have " + wanted + ", has " + std::to_string(count);
}

std::string Name::operator()(const std::string& value) const {
    constexpr std::size_t kMaxLength = 64;
    if (value.empty()) return "must not be empty";
    if (value.size() > kMaxLength) {
        return "must have at most 64 characters, has " + std::to_string(value.size());
    }
    if (!std::all_of(value.begin(), value.end(), is_name_character)) {
        return "may have letters, digits, '-' and '_', is \"" + shown(value) + "\"";
    }
    if (std::find(reserved.begin(), reserved.end(), value) != reserved.end()) {
        return "must not be \"" + value + "\": weir's own files have that name";
    }
    return {};
}

std::string Text::operator()(const std::string& value) const {
    if (value.empty() && !may_be_empty) return "must not be empty";
    if (g_utf8_validate_len(value.data(), value.size(), nullptr)) return {};
    const std::string what = is_secret ? "***" : "\"" + shown(value) + "\"";
    return "must be UTF-8 without a zero byte, is " + what;
}

std::string FrameRate::operator()(const Rational& value) const {
    constexpr std::int64_t kMaxRate = 240;
    constexpr std::int64_t kMaxTerm = INT32_MAX;  // so that no product of two overflows
    const std::int64_t above = value.numerator;
    const std::int64_t below = value.denominator;
    const bool terms = above > 0 && below > 0 && above <= kMaxTerm && below <= kMaxTerm;
    if (terms && above >= below && above <= kMaxRate * below) return {};
    return "must be 1 to 240 frames per second, is " + to_string(value);
}

std::string FrameRate::operator()(const std::optional<Rational>& value) const {
    return value ? (*this)(*value) : std::string();
}

std::string Number::allowed() const {
    const auto text = [](double value) {
        char digits[32];
        std::snprintf(digits, sizeof digits, "%g", value);
        return std::string(digits);
    };
    return "must be " + text(min) + " to " + text(max);
}

std::string Number::operator()(double value) const {
    if (value >= min && value <= max) return {};
    char digits[32];
    std::snprintf(digits, sizeof digits, "%g", value);
    return allowed() + ", is " + digits;
}

std::string Number::operator()(const std::optional<double>& value) const {
    return value ? (*this)(*value) : std::string();
}

std::string Passphrase::operator()(const std::string& value) const {
    constexpr std::size_t kShortest = 10;
    constexpr std::size_t kLongest = 79;  // libsrt's HAICRYPT_PWD_MAX_SZ is 80, with the end
    if (value.empty() || (value.size() >= kShortest && value.size() <= kLongest)) return {};
    return "must have 10 to 79 characters, has " + std::to_string(value.size());
}

std::string Url::operator()(const std::string& value) const {
    const std::string form = "must be " + joined(schemes) + "://host/...";
    if (value.empty()) return form + ", is empty";
    const auto parts = split_uri(value);
    std::string mistake;
    if (!parts) {
        mistake = "is no URL";
    } else if (std::find(schemes.begin(), schemes.end(), parts->scheme) == schemes.end()) {
        mistake = "the scheme is not " + joined(schemes);
    } else if (parts->host.empty()) {
        mistake = "the host is missing";
    }
    if (mistake.empty()) return {};
    return form + ", is " + shown(base::redacted_url(value)) + ": " + mistake;
}

std::string RtmpUrl::operator()(const std::string& value) const {
    const std::string form = "must be rtmp://host[:port]/application/stream";
    if (value.empty()) return form + ", is empty";
    std::string mistake = rtmp_mistake(value);
    const auto is_bad = [](char c) { return c <= ' ' || c > '~'; };
    if (std::any_of(value.begin(), value.end(), is_bad)) {
        mistake = "has a blank or a character that must be written as %XX";
    }
    if (mistake.empty()) return {};
    return form + ", is " + shown(base::redacted_url(value)) + ": " + mistake;
}

std::string IpAddress::operator()(const std::string& value) const {
    const bool has_zero = value.find('\0') != value.npos;
    if (!has_zero && (value == "localhost" || g_hostname_is_ip_address(value.c_str()))) return {};
    return "must be an IP address or \"localhost\", is \"" + shown(value) + "\"";
}

}  // namespace weir::channel
