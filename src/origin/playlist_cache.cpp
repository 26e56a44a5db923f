// SPDX-License-Identifier: MIT
#include "origin/playlist_cache.hpp"

#include <glib.h>

#include <utility>

#include "net/gzip.hpp"
#include "origin/content.hpp"

namespace weir::origin {
namespace {

// What is longer is made of pieces that are shared, and is sent as it is: to compress it for each
// new segment would cost more than to send it.
constexpr std::size_t kMostPacked = 512 * 1024;

using Checksum = std::unique_ptr<GChecksum, decltype(&g_checksum_free)>;

void add(const Checksum& sum, const std::string& text) {
    g_checksum_update(sum.get(), reinterpret_cast<const guchar*>(text.data()),
                      static_cast<gssize>(text.size()));
}

std::size_t size_of(const ManifestText& text) {
    std::size_t size = 0;
    for (const auto& piece : text) size += piece->text.size();
    return size;
}

std::string joined(const ManifestText& text) {
    std::string all;
    all.reserve(size_of(text));
    for (const auto& piece : text) all += piece->text;
    return all;
}

// Of the content. Of a long text it takes the pieces at both ends, with the numbers of the first
// and the last segment, and how much lies between: the entries in the middle never change.
std::string content_etag(const ManifestText& text, std::size_t size) {
    const Checksum sum(g_checksum_new(G_CHECKSUM_SHA1), &g_checksum_free);
    constexpr std::size_t kEnds = 3;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool at_end = i < kEnds || i + kEnds >= text.size();
        if (size <= kMostPacked || at_end) add(sum, text[i]->text);
    }
    add(sum, std::to_string(size));
    return '"' + std::string(g_checksum_get_string(sum.get())) + '"';
}

}  // namespace

net::Entity manifest_entity(const ManifestText& text, std::string content_type,
                            std::string cache_control) {
    const std::size_t size = size_of(text);
    net::Entity entity;
    entity.content_type = std::move(content_type);
    entity.cache_control = std::move(cache_control);
    entity.etag = content_etag(text, size);
    if (size <= kMostPacked) {
        std::string whole = joined(text);
        entity.compress = true;
        if (auto packed = net::gzip(whole)) entity.gzipped = Bytes::from_string(std::move(*packed));
        entity.body = Bytes::from_string(std::move(whole));
        return entity;
    }
    std::vector<Bytes> pieces;
    pieces.reserve(text.size());
    for (const auto& piece : text) {
        pieces.push_back(
            Bytes::share(piece, std::as_bytes(std::span(piece->text.data(), piece->text.size()))));
    }
    entity.body = net::Body(std::move(pieces));
    return entity;
}

net::Entity private_entity(const ManifestText& text, std::string content_type,
                           const media::UriQueries& queries, bool is_xml) {
    std::string whole;
    whole.reserve(size_of(text) * 5 / 4);
    for (const auto& piece : text) {
        whole += media::with_queries(*piece, queries, is_xml ? "&amp;" : "&");
    }
    const auto shared = std::make_shared<media::MarkedText>();
    shared->text = std::move(whole);
    net::Entity entity;
    entity.content_type = std::move(content_type);
    entity.cache_control = "private, no-cache";
    entity.etag = content_etag({shared}, shared->text.size());
    entity.compress = true;
    entity.body = Bytes::from_string(std::move(shared->text));
    return entity;
}

net::Entity playlist_entity(std::string text, std::string cache_control) {
    const auto piece = std::make_shared<media::MarkedText>();
    piece->text = std::move(text);
    return manifest_entity({piece}, std::string(kPlaylistType), std::move(cache_control));
}

std::shared_ptr<const PlaylistCache::Entry> PlaylistCache::find(const std::string& name,
                                                                const std::string& stamp) const {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    if (found == entries_.end() || found->second.stamp != stamp) return nullptr;
    return found->second.entry;
}

std::shared_ptr<const PlaylistCache::Entry> PlaylistCache::put(const std::string& name,
                                                               std::string stamp, Entry entry) {
    Stamped stamped{std::move(stamp), std::make_shared<const Entry>(std::move(entry))};
    const auto result = stamped.entry;
    const std::lock_guard lock(mutex_);
    const auto [position, is_new] = entries_.try_emplace(name);
    std::swap(position->second, stamped);
    if (!is_new) return result;
    names_.push_back(name);
    if (names_.size() > capacity_) {
        entries_.erase(names_.front());
        names_.pop_front();
    }
    return result;
}

}  // namespace weir::origin
