// SPDX-License-Identifier: MIT
// The lines of a media playlist, in their order: head, segments, tail.
// Threads: pure functions.
#pragma once

#include <string>

#include "hls/media_playlist.hpp"
#include "media/marked_text.hpp"

namespace weir::hls {

// All before the first segment.
void append_head(media::MarkedText& text, const MediaPlaylist& playlist);

void append_map(media::MarkedText& text, const std::string& uri);
void append_segment(media::MarkedText& text, const MediaSegment& segment);

// All behind the last segment.
void append_tail(media::MarkedText& text, const MediaPlaylist& playlist);

}  // namespace weir::hls
