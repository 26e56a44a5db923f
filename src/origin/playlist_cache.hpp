// SPDX-License-Identifier: MIT
// Manifests ready to be sent: a poll costs a look-up, not a rendering, a hash and a compression.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "media/marked_text.hpp"
#include "net/http_semantics.hpp"

namespace weir::origin {

// A manifest's text in pieces, which other manifests may share.
using ManifestText = std::vector<std::shared_ptr<const media::MarkedText>>;

// The entity: strong tag from the content, gzip form when it is not too long. Pure.
net::Entity manifest_entity(const ManifestText& text, std::string content_type,
                            std::string cache_control);

// The same for one viewer, with `queries` behind the URIs: for his cache only.
net::Entity private_entity(const ManifestText& text, std::string content_type,
                           const media::UriQueries& queries, bool is_xml);

net::Entity playlist_entity(std::string text, std::string cache_control);

// Manifests by name, each with a stamp of what it was made from; the oldest names go first.
// Threads: thread-safe.
class PlaylistCache {
public:
    struct Entry {
        net::Entity entity;
        ManifestText text;
    };

    explicit PlaylistCache(std::size_t capacity) : capacity_(capacity) {}

    // Null when there is none or it was made from something else.
    [[nodiscard]] std::shared_ptr<const Entry> find(const std::string& name,
                                                    const std::string& stamp) const;
    std::shared_ptr<const Entry> put(const std::string& name, std::string stamp, Entry entry);

private:
    struct Stamped {
        std::string stamp;
        std::shared_ptr<const Entry> entry;
    };

    const std::size_t capacity_;
    mutable std::mutex mutex_;  // guards all below
    std::map<std::string, Stamped> entries_;
    std::deque<std::string> names_;  // in the order in which they came
};

}  // namespace weir::origin
