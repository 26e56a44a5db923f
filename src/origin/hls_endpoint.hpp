// SPDX-License-Identifier: MIT
// HLS of one channel below its mount point:
//
//   hls/index.m3u8, hls/<rendition>.m3u8              the current or latest programme
//   <programme>/hls/index.m3u8, .../<rendition>.m3u8  that programme
//   <programme>/<rendition>/<number>-<run>.ts         its segments
//
// A programme has one timeline, or two: what is passed through has its own, whose multivariant
// playlist is hls/<name>.m3u8 (and hls/index.m3u8, when it is alone).
//
// Playlists of the current or latest programme are windows on its Timeline; those of former ones
// and all segments are objects <channel>/<path> of the store. URIs in playlists are relative, so
// the mount point and a proxy's prefix do not matter, and the store's folder can be served as it
// is.
//
// Caches: all at hls/ may change and is kept for half a segment, also after the end, since the next
// programme will be there. A programme's own address is the same until it has ended and then never
// changes. Errors are kept for a second.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <weir/hls_sink.hpp>
#include <weir/store.hpp>

#include "hls/multivariant_playlist.hpp"
#include "media/timeline.hpp"
#include "net/http_semantics.hpp"
#include "origin/endpoint.hpp"
#include "origin/playlist_cache.hpp"

namespace weir::origin {

struct HlsEndpointOptions {
    HlsSink sink;
    std::int64_t target_duration = 0;  // EXT-X-TARGETDURATION, seconds
    // The store keeps everything: the programme's own address shows it all, whatever the live one
    // does, as EVENT and later VOD.
    bool recorded = false;
    hls::PlaylistNames names{};
    // Beside a timeline of the same programme, if there is one, and not in its place.
    bool beside = false;
};

// Threads: thread-safe. A request for a segment reads from the store on the caller's thread.
class HlsEndpoint final : public Endpoint {
public:
    HlsEndpoint(std::string channel_name, std::shared_ptr<Store> store);
    ~HlsEndpoint() override;

    // From now on hls/ is this programme; the former one, with all its timelines, is served from
    // the store only.
    void begin(std::shared_ptr<const media::Timeline> timeline, HlsEndpointOptions options);

    void handle(const net::HttpRequest& request, std::string_view path,
                net::HttpResponder responder) override;

    // What handle() responds with. 503 with Retry-After while the playlist has no segment yet.
    [[nodiscard]] net::HttpResponse answer(const net::HttpRequest& request, std::string_view path);

private:
    struct Programme;

    using Programmes = std::vector<std::shared_ptr<Programme>>;
    [[nodiscard]] Programmes programmes() const;
    [[nodiscard]] net::HttpResponse answer_playlist(const net::HttpRequest& request,
                                                    const std::string& programme_id,
                                                    const std::string& name);
    [[nodiscard]] net::HttpResponse answer_stored_playlist(const net::HttpRequest& request,
                                                           const std::string& key);
    [[nodiscard]] net::HttpResponse answer_segment(const net::HttpRequest& request,
                                                   const std::string& key, const std::string& name);

    const std::string channel_name_;
    const std::shared_ptr<Store> store_;
    PlaylistCache stored_playlists_;
    mutable std::mutex mutex_;  // guards programmes_
    Programmes programmes_;     // timelines of one programme
};

}  // namespace weir::origin
