// SPDX-License-Identifier: MIT
#include "media/marked_text.hpp"

namespace weir::media {

std::string with_queries(const MarkedText& text, const UriQueries& queries,
                         std::string_view separator) {
    std::string result;
    result.reserve(text.text.size() + text.marks.size() * (queries.media.size() + 1));
    std::size_t done = 0;
    for (const UriMark& mark : text.marks) {
        const bool playlist = mark.kind == UriMark::Kind::playlist;
        const std::string& query = playlist ? queries.playlist : queries.media;
        result.append(text.text, done, mark.offset - done);
        done = mark.offset;
        if (query.empty()) continue;
        // URIs of ours have no query of their own.
        result += '?';
        for (const char c : query) {
            if (c == '&') {
                result += separator;
            } else {
                result += c;
            }
        }
    }
    result.append(text.text, done);
    return result;
}

}  // namespace weir::media
