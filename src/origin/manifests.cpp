// SPDX-License-Identifier: MIT
#include "origin/manifests.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "dash/mpd.hpp"
#include "hls/programme_playlists.hpp"
#include "origin/content.hpp"

namespace weir::origin {

using media::MediaTime;

namespace {

// From a segment's end to when it can be fetched: encoders and packaging. Who comes earlier is
// held.
constexpr MediaTime kOutputLatency = std::chrono::seconds(1);
constexpr MediaTime kLowOutputLatency = std::chrono::milliseconds(300);
// Both addresses of the multivariant playlist, of each rendition's (at most 32), and what viewers
// ask for in queries.
constexpr std::size_t kMaxManifests = 256;

ManifestText one_piece(media::MarkedText text) {
    return {std::make_shared<const media::MarkedText>(std::move(text))};
}

std::optional<hls::StartPoint> start_point(const ManifestQuery& query) {
    if (!query.start_offset_ms) return std::nullopt;
    return hls::StartPoint{.offset_us = *query.start_offset_ms * 1000};
}

}  // namespace

Manifests::Manifests(View view) : view_(std::move(view)), cache_(kMaxManifests) {}

bool Manifests::is_multivariant(const std::string& name) const {
    return std::ranges::count(view_.names.multivariant, name) > 0;
}

std::optional<std::string> Manifests::rendition_of(const std::string& name) const {
    for (const auto& track : view_.timeline->all_tracks()) {
        if (track.name + view_.names.media_suffix == name) return track.name;
    }
    return std::nullopt;
}

bool Manifests::has_playlist(const std::string& name) const {
    return view_.hls && (is_multivariant(name) || rendition_of(name));
}

Result<net::Entity> Manifests::playlist(Address address, const std::string& name,
                                        const ManifestQuery& query) {
    if (is_multivariant(name)) {
        return answer("index?" + query.key(), address, query, false,
                      [&] { return render_multivariant(address, query); });
    }
    // A list that is as new as a blocking reload wants is what everybody gets.
    const std::string cached = "media/" + name + (query.skip ? "/skip?" : "?") + query.key();
    return answer(cached, address, query, false,
                  [&] { return render_media(address, *rendition_of(name), query); });
}

Result<net::Entity> Manifests::mpd(Address address, const ManifestQuery& query) {
    return answer("mpd?" + query.key(), address, query, true,
                  [&] { return render_mpd(address, query); });
}

Result<net::Entity> Manifests::answer(const std::string& cached_name, Address address,
                                      const ManifestQuery& query, bool is_xml,
                                      const std::function<Result<Rendered>()>& render) {
    const std::string name = (address == Address::live ? "live/" : "own/") + cached_name;
    const std::string type(is_xml ? kMpdType : kPlaylistType);
    // Taken before the content: what was rendered is then never older than its stamp.
    const std::string stamp = std::to_string(view_.timeline->version());
    auto entry = cache_.find(name, stamp);
    if (!entry) {
        auto rendered = render();
        if (!rendered) return rendered.error();
        net::Entity entity =
            manifest_entity(rendered->text, type, cache_control(address, rendered->kind));
        entry = cache_.put(name, stamp, {std::move(entity), std::move(rendered->text)});
    }
    const media::UriQueries queries{.playlist = query.for_playlists(), .media = query.for_media()};
    if (queries.playlist.empty() && queries.media.empty()) {
        net::Entity shared = entry->entity;
        // The address says which edge is wanted: it is another one at the next reload.
        if (query.msn && shared.cache_control == kNoCache) shared.cache_control = live_lifetime();
        return shared;
    }
    net::Entity own = private_entity(entry->text, type, queries, is_xml);
    // The same for everybody who asks for the same time: only a token is one viewer's.
    if (query.token.empty()) own.cache_control = entry->entity.cache_control;
    return own;
}

std::string Manifests::cache_control(Address address, Selection::Kind kind) const {
    if (address == Address::own && kind == Selection::Kind::whole) return std::string(kImmutable);
    // Who reloads without saying what he waits for wants what is there now.
    if (view_.parts && kind != Selection::Kind::whole) return std::string(kNoCache);
    return live_lifetime();
}

std::string Manifests::live_lifetime() const {
    const auto half = std::chrono::floor<std::chrono::seconds>(view_.segment_duration) / 2;
    return "max-age=" + std::to_string(std::max<std::int64_t>(1, half.count()));
}

std::string Manifests::prefix(Address address) const {
    return address == Address::own ? "../" : "../" + view_.timeline->programme() + '/';
}

std::vector<media::Track> Manifests::tracks(const ManifestQuery& query) const {
    return filtered(hls::playlist_tracks(*view_.timeline, view_.target_duration), query.filter);
}

Result<Manifests::Rendered> Manifests::render_multivariant(Address address,
                                                           const ManifestQuery& query) {
    const auto selection = select_window(view_, address == Address::own, query);
    if (!selection) return selection.error();
    const auto listed = tracks(query);
    if (listed.empty()) return Error{ErrorCode::not_found, "no rendition passes the filter"};
    const auto playlist = hls::make_multivariant_playlist(
        listed, view_.names, {.order = query.order, .start = start_point(query)});
    return Rendered{one_piece(hls::to_marked_text(playlist)), selection->kind};
}

Result<Manifests::Rendered> Manifests::render_media(Address address, const std::string& rendition,
                                                    const ManifestQuery& query) {
    auto selection = select_window(view_, address == Address::own, query);
    if (!selection) return selection.error();
    hls::PlaylistView shown;
    if (selection->kind == Selection::Kind::growing) shown.type = hls::MediaPlaylistType::event;
    if (selection->kind == Selection::Kind::whole) shown.type = hls::MediaPlaylistType::vod;
    shown.delta = query.skip;
    shown.start = start_point(query);
    const auto pieces = text_of(address, rendition).render(selection->window, shown);
    return Rendered{{pieces.begin(), pieces.end()}, selection->kind};
}

hls::PlaylistText& Manifests::text_of(Address address, const std::string& rendition) {
    const std::string key = (address == Address::live ? "live/" : "own/") + rendition + '/' +
                            std::to_string(view_.timeline->all_tracks().size());
    const std::lock_guard lock(mutex_);
    auto& text = texts_[key];
    if (!text) {
        text = std::make_unique<hls::PlaylistText>(rendition, media_options(address, rendition));
    }
    return *text;
}

MediaTime Manifests::longest_part() const {
    MediaTime longest{};
    if (!view_.parts) return longest;
    for (const auto& track : view_.timeline->all_tracks()) {
        longest = std::max(longest, view_.parts->part_target(track));
    }
    return longest;
}

hls::MediaPlaylistOptions Manifests::media_options(Address address,
                                                   const std::string& rendition) const {
    hls::MediaPlaylistOptions options;
    options.target_duration = view_.target_duration;
    options.independent_segments = view_.names.independent_segments;
    options.uri_prefix = prefix(address);
    options.extension = view_.names.extension;
    options.tracks = view_.timeline->all_tracks();
    if (!view_.parts) return options;
    options.server_control = hls::server_control(view_.target_duration, longest_part());
    for (const auto& track : options.tracks) {
        if (track.name == rendition) {
            options.part_target = view_.parts->part_target(track);
        } else {
            options.rendition_reports.push_back(track.name + view_.names.media_suffix + ".m3u8");
        }
    }
    return options;
}

Result<Manifests::Rendered> Manifests::render_mpd(Address address, const ManifestQuery& query) {
    const auto selection = select_window(view_, address == Address::own, query);
    if (!selection) return selection.error();
    const auto listed = tracks(query);
    if (listed.empty()) return Error{ErrorCode::not_found, "no rendition passes the filter"};
    const bool whole = selection->kind == Selection::Kind::whole;
    dash::MpdOptions options;
    options.type = whole ? dash::MpdType::static_ : dash::MpdType::dynamic;
    options.segment_duration = view_.segment_duration;
    options.frame_rate = view_.frame_rate;
    options.explicit_timeline = whole || query.start.has_value();
    options.low_latency = view_.parts.has_value();
    options.part_target = longest_part();
    options.output_latency = view_.parts ? kLowOutputLatency : kOutputLatency;
    const bool growing = selection->kind == Selection::Kind::growing;
    options.explicit_timeline = options.explicit_timeline || growing;
    if (!growing) options.time_shift_buffer_depth = query.window.value_or(view_.window);
    const auto& slots = selection->window.slots;
    // With $Number$ nothing changes until something breaks.
    if (!slots.empty()) {
        options.publish_time =
            options.explicit_timeline ? slots.back().end : slots.back().unbroken_start;
    }
    options.uri_prefix = prefix(address);
    options.time_uri = "/time";
    return Rendered{one_piece(dash::make_mpd(selection->window, listed, options)), selection->kind};
}

}  // namespace weir::origin
