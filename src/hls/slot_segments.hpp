// SPDX-License-Identifier: MIT
// How the slots of a window become the segments of one rendition's playlist.
// Threads: values; pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "hls/media_playlist.hpp"
#include "media/slot.hpp"
#include "media/timeline.hpp"

namespace weir::hls {

class SlotSegments {
public:
    SlotSegments(const std::string& rendition, const MediaPlaylistOptions& options);

    // `map` is the EXT-X-MAP that holds in front of it ("": none), and becomes the one behind it.
    [[nodiscard]] MediaSegment whole(const media::Slot& slot, std::string& map) const;
    // Of which there are only parts.
    [[nodiscard]] MediaSegment growing(const media::PartialSlot& parts, std::string& map) const;

    void add_parts(MediaSegment& segment, const media::PartialSlot& parts) const;

    [[nodiscard]] std::string hint_uri(const media::PartHint& hint) const;
    // The URI of its init segment; "" when it has none.
    [[nodiscard]] std::string map_uri(const media::Slot& slot) const;
    [[nodiscard]] std::int64_t duration_us(media::MediaTime start, media::MediaTime end) const;
    // By how much the rendition's times may differ from the slots'.
    [[nodiscard]] std::int64_t jitter_us() const;

private:
    [[nodiscard]] MediaSegment begin_of(const media::Slot& slot, std::string& map) const;
    void shorten_gap(MediaSegment& gap) const;
    [[nodiscard]] bool independent(const media::PartialSlot& parts,
                                   const media::PartEntry& part) const;
    [[nodiscard]] std::optional<std::size_t> index_of(const std::string& track) const;

    std::string rendition_;
    std::string uri_prefix_;
    std::string extension_;
    std::vector<media::Track> tracks_;
    std::optional<std::size_t> index_;
    media::Track track_;
    std::int64_t target_duration_ = 0;
    bool i_frames_only_ = false;
};

// What of a playlist changes with every part, and how it is put together.
struct PlaylistFrame {
    MediaPlaylist playlist;       // without segments
    std::size_t first = 0;        // those of the window's slots before it are skipped
    std::size_t parts_begin = 0;  // those from it on are shown with their parts
};
PlaylistFrame make_frame(const media::Window& window, const SlotSegments& segments,
                         const MediaPlaylistOptions& options);

// Appends the segments from frame.parts_begin on; `map` holds in front of them.
void add_live_edge(PlaylistFrame& frame, const media::Window& window, const SlotSegments& segments,
                   std::string& map);

}  // namespace weir::hls
