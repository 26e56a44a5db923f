// SPDX-License-Identifier: MIT
#include "hls/programme_playlists.hpp"

#include <chrono>

#include <gsl/gsl>

#include "hls/media_playlist.hpp"
#include "hls/multivariant_playlist.hpp"

namespace weir::hls {

std::vector<media::Track> playlist_tracks(const media::Timeline& timeline,
                                          std::int64_t target_duration) {
    std::vector<media::Track> tracks = timeline.tracks();
    if (!timeline.ended()) return tracks;
    for (media::Track& track : tracks) {
        track.bandwidth =
            timeline.measured(timeline.index_of(track.name), std::chrono::seconds(target_duration));
    }
    return tracks;
}

std::vector<std::pair<std::string, std::string>> recorded_playlists(const std::string& channel,
                                                                    const media::Timeline& timeline,
                                                                    std::int64_t target_duration,
                                                                    const PlaylistNames& names) {
    Expects(timeline.ended());
    const media::Window window = timeline.all();
    if (window.slots.empty()) return {};
    const std::string folder = channel + '/' + timeline.programme() + "/hls/";
    const std::vector<media::Track> tracks = playlist_tracks(timeline, target_duration);
    const MediaPlaylistOptions options{.target_duration = target_duration,
                                       .type = MediaPlaylistType::vod,
                                       .independent_segments = names.independent_segments,
                                       .uri_prefix = "../"};
    std::vector<std::pair<std::string, std::string>> files;
    for (const media::Track& track : tracks) {
        if (track.codecs.empty()) continue;
        files.emplace_back(folder + track.name + names.media_suffix + ".m3u8",
                           to_text(make_media_playlist(window, track.name, options)));
    }
    // Last: it names the others, and who puts them in this order never names what is not there.
    const std::string multivariant = to_text(make_multivariant_playlist(tracks, names));
    for (const std::string& name : names.multivariant) {
        files.emplace_back(folder + name + ".m3u8", multivariant);
    }
    return files;
}

}  // namespace weir::hls
