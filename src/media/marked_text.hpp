// SPDX-License-Identifier: MIT
// A manifest's text with marks where a URI ends, so that a text that all viewers share can be given
// to one of them with his own query behind each URI.
// Threads: values; pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weir::media {

struct UriMark {
    enum class Kind {
        playlist,  // of a playlist
        media      // of a segment, part or init segment
    };
    std::size_t offset = 0;  // behind the URI's last character
    Kind kind = Kind::media;

    friend bool operator==(const UriMark&, const UriMark&) = default;
};

// Ascending marks.
struct MarkedText {
    std::string text;
    std::vector<UriMark> marks;

    friend bool operator==(const MarkedText&, const MarkedText&) = default;
};

// What is put behind the URIs ("token=...", already percent-encoded; without '?' or '&'); empty:
// nothing. In XML '&' has to be "&amp;", which is `separator`.
struct UriQueries {
    std::string playlist;
    std::string media;
};
std::string with_queries(const MarkedText& text, const UriQueries& queries,
                         std::string_view separator = "&");

}  // namespace weir::media
