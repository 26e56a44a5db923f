// SPDX-License-Identifier: MIT
// Long playlists in pieces that are written once. The entry of a slot never changes, so the text of
// a whole block of slots is kept and shared by every playlist that shows it: of days of segments
// only the first and the last few hundred lines are written when one comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "hls/media_playlist.hpp"
#include "hls/slot_segments.hpp"
#include "media/marked_text.hpp"
#include "media/slot_list.hpp"
#include "media/timeline.hpp"

namespace weir::hls {

// Marks count from the piece's own beginning.
struct TextPiece : media::MarkedText {
    std::uint64_t hash = 0;  // of the text
};

// A text is its pieces, one behind the other. Those that several texts have in common are the same
// objects: what is made of one (its gzip form, say) may be kept as long as the piece.
using TextPieces = std::vector<std::shared_ptr<const TextPiece>>;

std::size_t size_of(const TextPieces& pieces);
// For an entity tag: from the pieces' own hashes, so it costs nothing.
std::uint64_t hash_of(const TextPieces& pieces);
media::MarkedText joined(const TextPieces& pieces);

// What may differ between two requests for the playlist at one address.
struct PlaylistView {
    MediaPlaylistType type = MediaPlaylistType::none;
    bool delta = false;
    std::optional<StartPoint> start{};
};

// The playlists of one rendition at one address, whatever window they show: one of these for each
// address (and one more for its I-frames). Threads: thread-safe.
class PlaylistText {
public:
    // Type, delta and start are those of the view.
    PlaylistText(std::string rendition, MediaPlaylistOptions options);

    // joined() and to_marked_text(make_media_playlist()) are the same.
    [[nodiscard]] TextPieces render(const media::Window& window, const PlaylistView& view = {});

    // How many blocks' texts are kept.
    [[nodiscard]] std::size_t kept() const;

private:
    // A whole block's entries, but for the EXT-X-MAP that its first one may need.
    struct BlockText {
        std::shared_ptr<const TextPiece> text;
        std::string first_map;  // that its first entry needs; empty: none, or it is in the text
        std::optional<std::string> last_map;  // that holds behind it; nothing: that in front of it
    };
    struct Kept {
        std::weak_ptr<const media::SlotList::Block> block;
        std::shared_ptr<const BlockText> text;
    };

    [[nodiscard]] std::shared_ptr<const BlockText> block_text(
        const std::shared_ptr<const media::SlotList::Block>& block);
    [[nodiscard]] std::shared_ptr<const BlockText> write(const media::SlotList::Block& block) const;

    const std::string rendition_;
    const MediaPlaylistOptions options_;
    const SlotSegments segments_;
    mutable std::mutex mutex_;  // guards kept_
    std::map<const media::SlotList::Block*, Kept> kept_;
};

}  // namespace weir::hls
