// SPDX-License-Identifier: MIT
#include "origin/playlist_cache.hpp"

#include <memory>
#include <utility>

#include <glib.h>

#include "net/gzip.hpp"

namespace weir::origin {
namespace {

std::string content_etag(const std::string& text) {
    const std::unique_ptr<char, decltype(&g_free)> hash(
        g_compute_checksum_for_data(G_CHECKSUM_SHA1, reinterpret_cast<const guchar*>(text.data()),
                                    text.size()),
        &g_free);
    return '"' + std::string(hash.get()) + '"';
}

}  // namespace

net::Entity playlist_entity(std::string text, std::string cache_control) {
    net::Entity entity;
    entity.content_type = "application/vnd.apple.mpegurl";
    entity.cache_control = std::move(cache_control);
    entity.etag = content_etag(text);
    entity.compress = true;
    if (auto packed = net::gzip(text)) entity.gzipped = Bytes::from_string(std::move(*packed));
    entity.body = Bytes::from_string(std::move(text));
    return entity;
}

std::optional<net::Entity> PlaylistCache::find(const std::string& name,
                                               const std::string& stamp) const {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    if (found == entries_.end() || found->second.stamp != stamp) return std::nullopt;
    return found->second.entity;
}

void PlaylistCache::put(const std::string& name, std::string stamp, net::Entity entity) {
    Entry entry{std::move(stamp), std::move(entity)};
    const std::lock_guard lock(mutex_);
    const auto [position, is_new] = entries_.try_emplace(name);
    std::swap(position->second, entry);
    if (!is_new) return;
    names_.push_back(name);
    if (names_.size() > capacity_) {
        entries_.erase(names_.front());
        names_.pop_front();
    }
}

}  // namespace weir::origin
