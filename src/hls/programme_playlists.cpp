// SPDX-License-Identifier: MIT
#include "hls/programme_playlists.hpp"

#include <algorithm>
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

std::vector<media::Bandwidth> keyframe_bandwidths(const media::Timeline& timeline,
                                                  const std::vector<media::Track>& tracks,
                                                  std::int64_t target_duration) {
    if (!timeline.ended()) return {};
    std::vector<media::Bandwidth> bandwidths;
    for (const media::Track& track : tracks) {
        bandwidths.push_back(timeline.measured_keyframes(timeline.index_of(track.name),
                                                         std::chrono::seconds(target_duration)));
    }
    return bandwidths;
}

std::vector<std::pair<std::string, std::string>> recorded_playlists(const std::string& channel,
                                                                    const media::Timeline& timeline,
                                                                    std::int64_t target_duration,
                                                                    const PlaylistNames& names) {
    Expects(timeline.ended());
    const media::Window window = timeline.all();
    if (window.slots.empty()) return {};
    const std::string folder = channel + '/' + timeline.programme() + '/' + names.folder + '/';
    const std::vector<media::Track> tracks = playlist_tracks(timeline, target_duration);
    MediaPlaylistOptions options{.target_duration = target_duration,
                                 .type = MediaPlaylistType::vod,
                                 .independent_segments = names.independent_segments,
                                 .uri_prefix = "../",
                                 .extension = names.extension,
                                 .tracks = timeline.all_tracks()};
    const MultivariantPlaylist index = make_multivariant_playlist(
        tracks, names,
        {.i_frame_bandwidth = keyframe_bandwidths(timeline, tracks, target_duration)});
    std::vector<std::pair<std::string, std::string>> files;
    for (const media::Track& track : tracks) {
        if (track.codecs.empty()) continue;
        options.i_frames_only = false;
        files.emplace_back(folder + track.name + names.media_suffix + ".m3u8",
                           to_text(make_media_playlist(window, track.name, options)));
        const std::string i_frames = track.name + names.i_frames_suffix + ".m3u8";
        if (std::ranges::count(index.i_frames, i_frames, &Variant::uri) == 0) continue;
        options.i_frames_only = true;
        files.emplace_back(folder + i_frames,
                           to_text(make_media_playlist(window, track.name, options)));
    }
    // Last: it names the others, and who puts them in this order never names what is not there.
    const std::string multivariant = to_text(index);
    for (const std::string& name : names.multivariant) {
        files.emplace_back(folder + name + ".m3u8", multivariant);
    }
    return files;
}

}  // namespace weir::hls
