// SPDX-License-Identifier: MIT
#include "origin/hls_endpoint.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include <gsl/gsl>

#include "hls/media_playlist.hpp"
#include "hls/multivariant_playlist.hpp"
#include "hls/programme_playlists.hpp"

namespace weir::origin {
namespace {

constexpr std::string_view kImmutable = "public, max-age=31536000, immutable";
constexpr std::string_view kPlaylistSuffix = ".m3u8";
constexpr std::string_view kSegmentSuffix = ".ts";
// Of the present programme: two addresses of the multivariant playlist and of each rendition's, of
// which there are at most 16 at a time.
constexpr std::size_t kMaxPlaylists = 64;
// Of former programmes; each may be a few megabytes.
constexpr std::size_t kStoredPlaylists = 16;

std::vector<std::string> split(std::string_view path) {
    std::vector<std::string> parts;
    for (std::size_t slash = path.find('/'); slash != path.npos; slash = path.find('/')) {
        parts.emplace_back(path.substr(0, slash));
        path.remove_prefix(slash + 1);
    }
    parts.emplace_back(path);
    return parts;
}

// The name in front of the suffix; nothing when it does not end so.
std::optional<std::string> without_suffix(const std::string& file, std::string_view suffix) {
    if (file.size() <= suffix.size() || !file.ends_with(suffix)) return std::nullopt;
    return file.substr(0, file.size() - suffix.size());
}

net::HttpResponse not_found() {
    return net::error_response(404, "there is nothing here");
}

net::HttpResponse not_now(std::string_view text) {
    net::HttpResponse response = net::error_response(503, text);
    response.fields.emplace_back("Retry-After", "1");
    return response;
}

// Without the store's message: paths of this machine are nobody's business.
net::HttpResponse store_error(const Error& error) {
    switch (error.code) {
        case ErrorCode::not_found:
        case ErrorCode::invalid_argument:
            return not_found();
        case ErrorCode::unavailable:
        case ErrorCode::timed_out:
            return not_now("the store does not answer");
        default:
            return net::error_response(500, "the store failed");
    }
}

std::string live_cache_control(const HlsSink& sink) {
    const auto half = std::chrono::floor<std::chrono::seconds>(sink.segment_duration) / 2;
    return "max-age=" + std::to_string(std::max<std::int64_t>(1, half.count()));
}

}  // namespace

// The current or latest programme.
struct HlsEndpoint::Programme {
    const std::shared_ptr<const media::Timeline> timeline;
    const HlsEndpointOptions options;
    PlaylistCache cache;  // both addresses of the multivariant playlist and of each rendition's

    enum class Address { live, own };

    Programme(std::shared_ptr<const media::Timeline> its_timeline, HlsEndpointOptions its_options)
        : timeline(std::move(its_timeline)),
          options(std::move(its_options)),
          cache(kMaxPlaylists) {}

    // Requires: has(name), and the timeline has a slot.
    net::Entity playlist(Address address, const std::string& name) {
        const std::string cached_name = (address == Address::live ? "live/" : "own/") + name;
        // Taken before the content: what was rendered is then never older than its stamp.
        const std::string version = std::to_string(timeline->version());
        if (auto entity = cache.find(cached_name, version)) return std::move(*entity);
        const bool ended = timeline->ended();
        std::string text = is_index(name) ? render_index() : render(address, name);
        const bool immutable = address == Address::own && ended;
        net::Entity entity =
            playlist_entity(std::move(text),
                            immutable ? std::string(kImmutable) : live_cache_control(options.sink));
        cache.put(cached_name, version, entity);
        return entity;
    }

    [[nodiscard]] bool has(const std::string& name) const {
        return is_index(name) || rendition(name).has_value();
    }

private:
    [[nodiscard]] bool is_index(const std::string& name) const {
        return std::ranges::count(options.names.multivariant, name) > 0;
    }

    // Whose media playlist has this name.
    [[nodiscard]] std::optional<std::string> rendition(const std::string& name) const {
        for (const auto& track : timeline->all_tracks()) {
            if (track.name + options.names.media_suffix == name) return track.name;
        }
        return std::nullopt;
    }

    [[nodiscard]] std::string render_index() const {
        return hls::to_text(hls::make_multivariant_playlist(
            hls::playlist_tracks(*timeline, options.target_duration), options.names));
    }

    [[nodiscard]] std::string render(Address address, const std::string& name) const {
        const bool everything = options.sink.playlist_type == PlaylistType::event ||
                                (address == Address::own && options.recorded);
        const media::Window window =
            everything ? timeline->all() : timeline->latest(options.sink.window);
        hls::MediaPlaylistOptions playlist;
        playlist.target_duration = options.target_duration;
        if (everything) {
            playlist.type =
                window.ended ? hls::MediaPlaylistType::vod : hls::MediaPlaylistType::event;
        }
        playlist.independent_segments = options.names.independent_segments;
        playlist.uri_prefix = address == Address::own ? "../" : "../" + timeline->programme() + '/';
        return hls::to_text(hls::make_media_playlist(window, *rendition(name), playlist));
    }
};

HlsEndpoint::HlsEndpoint(std::string channel_name, std::shared_ptr<Store> store)
    : channel_name_(std::move(channel_name)),
      store_(std::move(store)),
      stored_playlists_(kStoredPlaylists) {
    Expects(store_ != nullptr);
}

HlsEndpoint::~HlsEndpoint() = default;

void HlsEndpoint::begin(std::shared_ptr<const media::Timeline> timeline,
                        HlsEndpointOptions options) {
    Expects(timeline != nullptr);
    auto next = std::make_shared<Programme>(std::move(timeline), std::move(options));
    const std::lock_guard lock(mutex_);
    // Who reads them has them for as long.
    std::erase_if(programmes_, [&](const auto& former) {
        return former->timeline->programme() != next->timeline->programme() ||
               former->options.beside == next->options.beside;
    });
    programmes_.push_back(std::move(next));
}

HlsEndpoint::Programmes HlsEndpoint::programmes() const {
    const std::lock_guard lock(mutex_);
    return programmes_;
}

void HlsEndpoint::handle(const net::HttpRequest& request, std::string_view path,
                         net::HttpResponder responder) {
    std::move(responder).respond(answer(request, path));
}

net::HttpResponse HlsEndpoint::answer(const net::HttpRequest& request, std::string_view path) {
    if (auto response = net::answer_by_method(request)) return std::move(*response);
    const std::vector<std::string> parts = split(path);
    if (parts.size() < 2 || parts.size() > 3 || !is_valid_key(path)) return not_found();
    const std::string& folder = parts[parts.size() - 2];
    if (const auto name = without_suffix(parts.back(), kPlaylistSuffix); name && folder == "hls") {
        return answer_playlist(request, parts.size() == 3 ? parts.front() : "", *name);
    }
    if (const auto name = without_suffix(parts.back(), kSegmentSuffix); name && parts.size() == 3) {
        return answer_segment(request, channel_name_ + '/' + std::string(path), *name);
    }
    return not_found();
}

// With an empty id: at the live address.
net::HttpResponse HlsEndpoint::answer_playlist(const net::HttpRequest& request,
                                               const std::string& programme_id,
                                               const std::string& name) {
    const bool live = programme_id.empty();
    const auto all = programmes();
    if (live && all.empty()) return not_now("nothing has been on yet");
    if (!live && (all.empty() || all.front()->timeline->programme() != programme_id)) {
        return answer_stored_playlist(
            request, channel_name_ + '/' + programme_id + "/hls/" + name + ".m3u8");
    }
    const auto found =
        std::ranges::find_if(all, [&](const auto& programme) { return programme->has(name); });
    if (found == all.end()) return not_found();
    const auto& current = *found;
    if (current->timeline->empty()) {
        if (!live && current->timeline->ended()) return not_found();
        return not_now("the first segment is not complete yet");
    }
    const auto address = live ? Programme::Address::live : Programme::Address::own;
    return net::answer(request, current->playlist(address, name));
}

net::HttpResponse HlsEndpoint::answer_stored_playlist(const net::HttpRequest& request,
                                                      const std::string& key) {
    const auto info = store_->describe(key);
    if (!info) return store_error(info.error());
    const std::string stamp = std::to_string(info->modified.time_since_epoch().count()) + '/' +
                              std::to_string(info->size_bytes);
    auto entity = stored_playlists_.find(key, stamp);
    if (!entity) {
        const auto bytes = store_->get(key);
        if (!bytes) return store_error(bytes.error());
        auto text = bytes->read();
        if (!text) return store_error(text.error());
        entity = playlist_entity(std::move(*text), std::string(kImmutable));
        stored_playlists_.put(key, stamp, *entity);
    }
    return net::answer(request, *entity);
}

net::HttpResponse HlsEndpoint::answer_segment(const net::HttpRequest& request,
                                              const std::string& key, const std::string& name) {
    auto bytes = store_->get(key);
    if (!bytes) return store_error(bytes.error());
    net::Entity entity;
    entity.content_type = "video/mp2t";
    entity.cache_control = kImmutable;
    // Number and run name one sequence of bytes for ever (invariant 4): no need to read them.
    entity.etag = '"' + name + '"';
    entity.body = std::move(*bytes);
    return net::answer(request, entity);
}

}  // namespace weir::origin
