// SPDX-License-Identifier: MIT
// One channel below its mount point:
//
//   hls/<name>.m3u8, cmaf/<name>.m3u8, dash/manifest.mpd   the current or latest programme
//   <programme>/hls/<name>.m3u8, and so on                 that programme
//   <programme>/<rendition>/<file>                         its segments, parts and init segments
//
// A programme has one view for each packaged form. Manifests of the current or latest programme are
// windows on its timelines; those of former ones, and all segments, are objects <channel>/<path> of
// the store. URIs in manifests are relative, so the mount point and a proxy's prefix do not matter,
// and the store's folder can be served as it is.
//
// Caches: all at the live address may change and is kept for half a segment, also after the end,
// since the next programme will be there. A programme's own address is the same until it has ended
// and then never changes. Errors are kept for a second; a missing part is not kept at all.
// Threads: thread-safe. A request for a segment reads from the store on the caller's thread.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weir/store.hpp>

#include "base/executor.hpp"
#include "origin/endpoint.hpp"
#include "origin/live_view.hpp"
#include "origin/playlist_cache.hpp"
#include "origin/view.hpp"

namespace weir::origin {

class ChannelEndpoint final : public Endpoint {
public:
    ChannelEndpoint(std::string channel_name, std::shared_ptr<Store> store,
                    std::shared_ptr<base::Executor> executor);
    ~ChannelEndpoint() override;

    // From now on the live address is this programme, with these views; the former one is served
    // from the store only.
    void begin(std::vector<View> views);

    void handle(const net::HttpRequest& request, std::string_view path,
                net::HttpResponder responder) override;

private:
    using Views = std::vector<std::shared_ptr<LiveView>>;
    struct Route;

    [[nodiscard]] Views views() const;
    void answer_manifest(const net::HttpRequest& request, const Route& route,
                         net::HttpResponder responder);
    void answer_media(const net::HttpRequest& request, const Route& route,
                      net::HttpResponder responder);
    [[nodiscard]] net::HttpResponse answer_stored_manifest(const net::HttpRequest& request,
                                                           const std::string& key);

    const std::string channel_name_;
    const std::shared_ptr<Store> store_;
    const std::shared_ptr<base::Executor> executor_;
    PlaylistCache stored_manifests_;
    mutable std::mutex mutex_;  // guards views_
    Views views_;               // of one programme
};

}  // namespace weir::origin
