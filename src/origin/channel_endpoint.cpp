// SPDX-License-Identifier: MIT
#include "origin/channel_endpoint.hpp"

#include <algorithm>
#include <utility>

#include <gsl/gsl>

#include "origin/content.hpp"
#include "origin/growing_segment.hpp"
#include "origin/manifest_query.hpp"

namespace weir::origin {
namespace {

constexpr std::string_view kPlaylistSuffix = ".m3u8";
constexpr std::string_view kMpdName = "manifest.mpd";
// Of former programmes; each may be a few megabytes.
constexpr std::size_t kStoredManifests = 16;

std::vector<std::string> split(std::string_view path) {
    std::vector<std::string> parts;
    for (std::size_t slash = path.find('/'); slash != path.npos; slash = path.find('/')) {
        parts.emplace_back(path.substr(0, slash));
        path.remove_prefix(slash + 1);
    }
    parts.emplace_back(path);
    return parts;
}

}  // namespace

// What a path means.
struct ChannelEndpoint::Route {
    enum class Kind { playlist, mpd, media };
    Kind kind = Kind::playlist;
    std::string programme;  // empty: at the live address
    std::string folder;     // "hls", "cmaf", "dash", or the rendition
    std::string file;       // with its suffix
    std::string name;       // of a playlist, without its suffix
    MediaName media;

    static std::optional<Route> parse(std::string_view path) {
        const auto parts = split(path);
        if (parts.size() < 2 || parts.size() > 3 || !is_valid_key(path)) return std::nullopt;
        Route route;
        route.folder = parts[parts.size() - 2];
        route.file = parts.back();
        if (parts.size() == 3) route.programme = parts.front();
        const std::string_view file = route.file;
        if (route.folder == "dash" && file == kMpdName) {
            route.kind = Kind::mpd;
            return route;
        }
        const bool playlists = route.folder == "hls" || route.folder == "cmaf";
        if (playlists && file.size() > kPlaylistSuffix.size() && file.ends_with(kPlaylistSuffix)) {
            route.name = file.substr(0, file.size() - kPlaylistSuffix.size());
            return route;
        }
        const auto media = parse_media_name(file);
        if (!media || parts.size() != 3) return std::nullopt;
        route.kind = Kind::media;
        route.media = *media;
        return route;
    }

    // Whether a view has what is asked for.
    [[nodiscard]] bool is_in(LiveView& live) const {
        const View& view = live.view();
        const bool cmaf = view.container == Container::cmaf;
        if (kind == Kind::mpd) return cmaf && view.dash;
        if (kind == Kind::media) return cmaf == (media.kind != MediaName::Kind::ts);
        return folder == (cmaf ? "cmaf" : "hls") && live.manifests().has_playlist(name);
    }
};

ChannelEndpoint::ChannelEndpoint(std::string channel_name, std::shared_ptr<Store> store,
                                 std::shared_ptr<base::Executor> executor)
    : channel_name_(std::move(channel_name)),
      store_(std::move(store)),
      executor_(std::move(executor)),
      stored_manifests_(kStoredManifests) {
    Expects(store_ != nullptr);
}

ChannelEndpoint::~ChannelEndpoint() = default;

void ChannelEndpoint::begin(std::vector<View> views) {
    Expects(!views.empty());
    Views next;
    for (View& view : views) {
        next.push_back(
            std::make_shared<LiveView>(std::move(view), channel_name_, store_, executor_));
    }
    const std::lock_guard lock(mutex_);
    views_ = std::move(next);  // who reads the former ones has them for as long
}

ChannelEndpoint::Views ChannelEndpoint::views() const {
    const std::lock_guard lock(mutex_);
    return views_;
}

void ChannelEndpoint::handle(const net::HttpRequest& request, std::string_view path,
                             net::HttpResponder responder) {
    if (auto response = net::answer_by_method(request)) {
        return std::move(responder).respond(std::move(*response));
    }
    const auto route = Route::parse(path);
    if (!route) return std::move(responder).respond(not_found_response());
    if (route->kind == Route::Kind::media) {
        return answer_media(request, *route, std::move(responder));
    }
    answer_manifest(request, *route, std::move(responder));
}

void ChannelEndpoint::answer_manifest(const net::HttpRequest& request, const Route& route,
                                      net::HttpResponder responder) {
    const bool live = route.programme.empty();
    const auto all = views();
    if (live && all.empty()) {
        return std::move(responder).respond(not_now("nothing has been on yet"));
    }
    if (!live && (all.empty() || all.front()->view().timeline->programme() != route.programme)) {
        return std::move(responder).respond(answer_stored_manifest(
            request,
            channel_name_ + '/' + route.programme + '/' + route.folder + '/' + route.file));
    }
    const auto found =
        std::ranges::find_if(all, [&](const auto& view) { return route.is_in(*view); });
    if (found == all.end()) return std::move(responder).respond(not_found_response());
    const auto query = parse_manifest_query(request.query);
    if (!query) {
        return std::move(responder).respond(net::error_response(400, query.error().message));
    }
    const auto& timeline = *(*found)->view().timeline;
    if (!live && timeline.empty() && timeline.ended()) {
        return std::move(responder).respond(not_found_response());
    }
    const Address address = live ? Address::live : Address::own;
    if (route.kind == Route::Kind::mpd) {
        return (*found)->answer_mpd(request, address, *query, std::move(responder));
    }
    (*found)->answer_playlist(request, address, route.name, *query, std::move(responder));
}

void ChannelEndpoint::answer_media(const net::HttpRequest& request, const Route& route,
                                   net::HttpResponder responder) {
    for (const auto& view : views()) {
        if (view->view().timeline->programme() != route.programme || !route.is_in(*view)) continue;
        if (!track_index(*view->view().timeline, route.folder)) continue;
        return view->answer_media(request, route.folder, route.file, route.media,
                                  std::move(responder));
    }
    if (route.media.kind == MediaName::Kind::part) {
        return std::move(responder).respond(no_media(route.media));
    }
    auto bytes =
        store_->get(channel_name_ + '/' + route.programme + '/' + route.folder + '/' + route.file);
    if (!bytes) return std::move(responder).respond(store_error(bytes.error()));
    std::move(responder).respond(
        net::answer(request, media_entity(route.file, route.media, std::move(*bytes))));
}

net::HttpResponse ChannelEndpoint::answer_stored_manifest(const net::HttpRequest& request,
                                                          const std::string& key) {
    const auto info = store_->describe(key);
    if (!info) return store_error(info.error());
    const std::string stamp = std::to_string(info->modified.time_since_epoch().count()) + '/' +
                              std::to_string(info->size_bytes);
    auto entry = stored_manifests_.find(key, stamp);
    if (!entry) {
        const auto bytes = store_->get(key);
        if (!bytes) return store_error(bytes.error());
        auto text = bytes->read();
        if (!text) return store_error(text.error());
        const auto piece = std::make_shared<media::MarkedText>();
        piece->text = std::move(*text);
        const bool is_mpd = key.ends_with(kMpdName);
        entry = stored_manifests_.put(
            key, stamp,
            {manifest_entity({piece}, std::string(is_mpd ? kMpdType : kPlaylistType),
                             std::string(kImmutable)),
             {piece}});
    }
    return net::answer(request, entry->entity);
}

}  // namespace weir::origin
