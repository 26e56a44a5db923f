// SPDX-License-Identifier: MIT
#include "hls/playlist_text.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "hls/playlist_lines.hpp"

namespace weir::hls {
namespace {

using media::MarkedText;
using media::SlotList;

constexpr std::size_t kTypicalLines = 160;  // of one segment, with its URI

// FNV-1a over eight bytes at a time: texts of ours, nobody chooses them to collide.
std::uint64_t hash_of(std::string_view text) {
    constexpr std::uint64_t kPrime = 0x100000001b3;
    std::uint64_t hash = 0xcbf29ce484222325;
    while (!text.empty()) {
        std::uint64_t word = 0;
        const std::size_t size = std::min(text.size(), sizeof(word));
        std::memcpy(&word, text.data(), size);
        hash = (hash ^ word) * kPrime;
        hash ^= hash >> 29;
        text.remove_prefix(size);
    }
    return hash;
}

std::shared_ptr<const TextPiece> make_piece(MarkedText text) {
    auto piece = std::make_shared<TextPiece>();
    piece->text = std::move(text.text);
    piece->marks = std::move(text.marks);
    piece->hash = hash_of(piece->text);
    return piece;
}

// Collects what is not shared into a piece of its own.
class PieceWriter {
public:
    [[nodiscard]] MarkedText& text() { return text_; }

    void add(std::shared_ptr<const TextPiece> shared) {
        flush();
        pieces_.push_back(std::move(shared));
    }

    [[nodiscard]] TextPieces take() {
        flush();
        return std::move(pieces_);
    }

private:
    void flush() {
        if (text_.text.empty()) return;
        pieces_.push_back(make_piece(std::exchange(text_, {})));
    }

    MarkedText text_;
    TextPieces pieces_;
};

// Whether a MAP within the block depends on what came before it: of no block that a programme
// makes, where a slot without an init segment is a gap, and the one behind it a discontinuity.
bool depends_on_before(const SlotList::Block& block, const SlotSegments& segments) {
    bool without = false;
    for (const media::Slot& slot : block) {
        if (slot.discontinuity) return false;
        if (segments.map_uri(slot).empty()) {
            without = true;
        } else {
            return without;
        }
    }
    return false;
}

}  // namespace

std::size_t size_of(const TextPieces& pieces) {
    std::size_t size = 0;
    for (const auto& piece : pieces) size += piece->text.size();
    return size;
}

std::uint64_t hash_of(const TextPieces& pieces) {
    std::uint64_t hash = pieces.size();
    for (const auto& piece : pieces) hash = (hash ^ piece->hash) * 0x9e3779b97f4a7c15;
    return hash ^ (hash >> 32);
}

MarkedText joined(const TextPieces& pieces) {
    MarkedText all;
    all.text.reserve(size_of(pieces));
    for (const auto& piece : pieces) {
        const std::size_t offset = all.text.size();
        for (const media::UriMark& mark : piece->marks) {
            all.marks.push_back({.offset = offset + mark.offset, .kind = mark.kind});
        }
        all.text += piece->text;
    }
    return all;
}

PlaylistText::PlaylistText(std::string rendition, MediaPlaylistOptions options)
    : rendition_(std::move(rendition)),
      options_(std::move(options)),
      segments_(rendition_, options_) {}

std::size_t PlaylistText::kept() const {
    const std::lock_guard lock(mutex_);
    return kept_.size();
}

std::shared_ptr<const PlaylistText::BlockText> PlaylistText::write(
    const SlotList::Block& block) const {
    if (depends_on_before(block, segments_)) return nullptr;
    BlockText written;
    MarkedText text;
    text.text.reserve(block.size() * kTypicalLines);
    text.marks.reserve(block.size());
    if (!block.front().discontinuity) written.first_map = segments_.map_uri(block.front());
    std::string map = written.first_map;
    bool cleared = false;
    for (const media::Slot& slot : block) {
        append_segment(text, segments_.whole(slot, map));
        cleared = cleared || slot.discontinuity;
    }
    text.text.shrink_to_fit();
    if (cleared || !map.empty()) written.last_map = std::move(map);
    written.text = make_piece(std::move(text));
    return std::make_shared<const BlockText>(std::move(written));
}

std::shared_ptr<const PlaylistText::BlockText> PlaylistText::block_text(
    const std::shared_ptr<const SlotList::Block>& block) {
    {
        const std::lock_guard lock(mutex_);
        const auto found = kept_.find(block.get());
        // While the weak pointer is there no other block can have the same address.
        if (found != kept_.end()) return found->second.text;
    }
    auto text = write(*block);
    const std::lock_guard lock(mutex_);
    std::erase_if(kept_, [](const auto& entry) { return entry.second.block.expired(); });
    kept_.insert_or_assign(block.get(), Kept{.block = block, .text = text});
    return text;
}

TextPieces PlaylistText::render(const media::Window& window, const PlaylistView& view) {
    MediaPlaylistOptions options = options_;
    options.type = view.type;
    options.delta = view.delta;
    options.start = view.start;
    PlaylistFrame frame = make_frame(window, segments_, options);

    PieceWriter writer;
    append_head(writer.text(), frame.playlist);
    std::string map;
    std::size_t before = 0;  // slots of the window that lie before the chunk
    for (const SlotList::Chunk& chunk : window.slots.chunks()) {
        const std::size_t count = chunk.end - chunk.first;
        const std::size_t first = std::clamp(frame.first, before, before + count) - before;
        const std::size_t end = std::clamp(frame.parts_begin, before, before + count) - before;
        before += count;
        if (first >= end) continue;
        if (chunk.whole() && first == 0 && end == count) {
            if (const auto block = block_text(chunk.block)) {
                if (!block->first_map.empty() && block->first_map != map) {
                    append_map(writer.text(), block->first_map);
                }
                writer.add(block->text);
                if (block->last_map) map = *block->last_map;
                continue;
            }
        }
        for (std::size_t i = first; i < end; ++i) {
            const media::Slot& slot = (*chunk.block)[chunk.first + i];
            append_segment(writer.text(), segments_.whole(slot, map));
        }
    }
    add_live_edge(frame, window, segments_, map);
    for (const MediaSegment& segment : frame.playlist.segments) {
        append_segment(writer.text(), segment);
    }
    append_tail(writer.text(), frame.playlist);
    return writer.take();
}

}  // namespace weir::hls
