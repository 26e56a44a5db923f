// SPDX-License-Identifier: MIT
// Playlists ready to be sent: a poll costs a look-up, not a rendering, a hash and a compression.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "net/http_semantics.hpp"

namespace weir::origin {

// The entity for a playlist's text: type, strong tag from the content, gzip form. Pure.
net::Entity playlist_entity(std::string text, std::string cache_control);

// Entities by name, each with a stamp of what it was made from; the oldest names go first.
// Threads: thread-safe.
class PlaylistCache {
public:
    explicit PlaylistCache(std::size_t capacity) : capacity_(capacity) {}

    // Nothing when there is none or it was made from something else.
    [[nodiscard]] std::optional<net::Entity> find(const std::string& name,
                                                  const std::string& stamp) const;
    void put(const std::string& name, std::string stamp, net::Entity entity);

private:
    struct Entry {
        std::string stamp;
        net::Entity entity;
    };

    const std::size_t capacity_;
    mutable std::mutex mutex_;  // guards all below
    std::map<std::string, Entry> entries_;
    std::deque<std::string> names_;  // in the order in which they came
};

}  // namespace weir::origin
