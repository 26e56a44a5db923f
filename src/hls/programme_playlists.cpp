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
    for (std::size_t i = 0; i < tracks.size(); ++i) {
        tracks[i].bandwidth = timeline.measured(i, std::chrono::seconds(target_duration));
    }
    return tracks;
}

std::vector<std::pair<std::string, std::string>> recorded_playlists(const std::string& channel,
                                                                    const media::Timeline& timeline,
                                                                    std::int64_t target_duration) {
    Expects(timeline.ended());
    const media::Window window = timeline.all();
    if (window.slots.empty()) return {};
    const std::string folder = channel + '/' + timeline.programme() + "/hls/";
    const std::vector<media::Track> tracks = playlist_tracks(timeline, target_duration);
    const MediaPlaylistOptions options{
        .target_duration = target_duration, .type = MediaPlaylistType::vod, .uri_prefix = "../"};
    std::vector<std::pair<std::string, std::string>> files;
    for (const media::Track& track : tracks) {
        if (track.codecs.empty()) continue;
        files.emplace_back(folder + track.name + ".m3u8",
                           to_text(make_media_playlist(window, track.name, options)));
    }
    // Last: it names the others, and who puts them in this order never names what is not there.
    files.emplace_back(folder + "index.m3u8", to_text(make_multivariant_playlist(tracks)));
    return files;
}

}  // namespace weir::hls
