// SPDX-License-Identifier: MIT
// The manifests of one view: HLS playlists and the MPD, at both of its addresses, whatever a query
// asks for. What all viewers share is made once for each change of the timeline.
// Threads: thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <weir/result.hpp>

#include "hls/media_playlist.hpp"
#include "hls/playlist_text.hpp"
#include "net/http_semantics.hpp"
#include "origin/manifest_query.hpp"
#include "origin/playlist_cache.hpp"
#include "origin/time_shift.hpp"
#include "origin/view.hpp"

namespace weir::origin {

// Where a manifest is asked for.
enum class Address {
    live,  // of the channel: the current or latest programme
    own    // of the programme, for good
};

class Manifests {
public:
    explicit Manifests(View view);

    [[nodiscard]] const View& view() const { return view_; }

    // Whether there is a playlist `name`.m3u8: a multivariant one or a rendition's.
    [[nodiscard]] bool has_playlist(const std::string& name) const;
    [[nodiscard]] bool is_multivariant(const std::string& name) const;

    // Errors: as select_window(), and not_found when a filter leaves nothing.
    // Requires: has_playlist(name).
    [[nodiscard]] Result<net::Entity> playlist(Address address, const std::string& name,
                                               const ManifestQuery& query);
    [[nodiscard]] Result<net::Entity> mpd(Address address, const ManifestQuery& query);

private:
    struct Rendered {
        ManifestText text;
        Selection::Kind kind = Selection::Kind::sliding;
    };

    [[nodiscard]] Result<net::Entity> answer(const std::string& cached_name, Address address,
                                             const ManifestQuery& query, bool is_xml,
                                             const std::function<Result<Rendered>()>& render);
    [[nodiscard]] Result<Rendered> render_multivariant(Address address, const ManifestQuery& query);
    [[nodiscard]] Result<Rendered> render_media(Address address, const std::string& rendition,
                                                const ManifestQuery& query);
    [[nodiscard]] Result<Rendered> render_mpd(Address address, const ManifestQuery& query);
    [[nodiscard]] std::string cache_control(Address address, Selection::Kind kind) const;
    [[nodiscard]] std::string live_lifetime() const;
    [[nodiscard]] std::string prefix(Address address) const;
    [[nodiscard]] std::optional<std::string> rendition_of(const std::string& name) const;
    [[nodiscard]] hls::PlaylistText& text_of(Address address, const std::string& rendition);
    [[nodiscard]] hls::MediaPlaylistOptions media_options(Address address,
                                                          const std::string& rendition) const;
    [[nodiscard]] media::MediaTime longest_part() const;
    [[nodiscard]] std::vector<media::Track> tracks(const ManifestQuery& query) const;

    const View view_;
    PlaylistCache cache_;
    std::mutex mutex_;  // guards texts_
    // By address, rendition and how many tracks there were.
    std::map<std::string, std::unique_ptr<hls::PlaylistText>> texts_;
};

}  // namespace weir::origin
