// SPDX-License-Identifier: MIT
#include "hls/media_playlist.hpp"

#include "hls/playlist_lines.hpp"
#include "hls/slot_segments.hpp"

namespace weir::hls {

MediaPlaylist make_media_playlist(const media::Window& window, const std::string& rendition,
                                  const MediaPlaylistOptions& options) {
    const SlotSegments segments(rendition, options);
    PlaylistFrame frame = make_frame(window, segments, options);
    std::string map;
    frame.playlist.segments.reserve(window.slots.size() - frame.first + 1);
    for (std::size_t i = frame.first; i < frame.parts_begin; ++i) {
        frame.playlist.segments.push_back(segments.whole(window.slots[i], map));
    }
    add_live_edge(frame, window, segments, map);
    return std::move(frame.playlist);
}

media::MarkedText to_marked_text(const MediaPlaylist& playlist) {
    constexpr std::size_t kTypicalLines = 160;  // of one segment, with its URI
    media::MarkedText text;
    text.text.reserve(512 + playlist.segments.size() * kTypicalLines);
    text.marks.reserve(playlist.segments.size() + 16);
    append_head(text, playlist);
    for (const MediaSegment& segment : playlist.segments) append_segment(text, segment);
    append_tail(text, playlist);
    return text;
}

std::string to_text(const MediaPlaylist& playlist) {
    return to_marked_text(playlist).text;
}

}  // namespace weir::hls
