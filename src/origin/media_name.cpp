// SPDX-License-Identifier: MIT
#include "origin/media_name.hpp"

#include <charconv>

namespace weir::origin {
namespace {

// Digits only, as names are written: no sign, no zero in front.
template <class T>
std::optional<T> to_number(std::string_view text) {
    T value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool plain = !text.empty() && text[0] != '-' && (text[0] != '0' || text.size() == 1);
    if (!plain || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool take_suffix(std::string_view& text, std::string_view suffix) {
    if (!text.ends_with(suffix)) return false;
    text.remove_suffix(suffix.size());
    return true;
}

bool is_word(std::string_view text) {
    return !text.empty() && text.find_first_not_of(
                                "0123456789abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == text.npos;
}

}  // namespace

std::optional<MediaName> parse_media_name(std::string_view file) {
    MediaName name;
    if (take_suffix(file, ".mp4")) {
        if (!file.starts_with("init-") || !is_word(file.substr(5))) return std::nullopt;
        name.kind = MediaName::Kind::init;
        name.run = file.substr(5);
        return name;
    }
    if (take_suffix(file, ".m4s")) {
        name.kind = MediaName::Kind::cmaf;
    } else if (!take_suffix(file, ".ts")) {
        return std::nullopt;
    }
    const std::size_t dash = file.find('-');
    if (dash == file.npos) return std::nullopt;
    const auto number = to_number<std::int64_t>(file.substr(0, dash));
    if (!number) return std::nullopt;
    name.number = *number;
    file.remove_prefix(dash + 1);
    const std::size_t point = file.find('.');
    if (point != file.npos && name.kind == MediaName::Kind::cmaf) {
        const auto index = to_number<std::size_t>(file.substr(point + 1));
        if (!index) return std::nullopt;
        name.kind = MediaName::Kind::part;
        name.index = *index;
        file = file.substr(0, point);
    }
    if (!is_word(file)) return std::nullopt;
    name.run = file;
    return name;
}

}  // namespace weir::origin
