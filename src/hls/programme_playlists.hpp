// SPDX-License-Identifier: MIT
// All playlists of a finished programme, to be left in the store: with them the folder
// <channel>/<programme>/ is a recording that any static web server can serve as VOD.
// Threads: pure functions of a Timeline, which is thread-safe itself.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "hls/multivariant_playlist.hpp"
#include "media/timeline.hpp"
#include "media/track.hpp"

namespace weir::hls {

// The tracks with the bandwidth that a playlist is to say: the fixed bound while the programme
// goes on, the measured one once it has ended.
std::vector<media::Track> playlist_tracks(const media::Timeline& timeline,
                                          std::int64_t target_duration);

// MultivariantOptions::i_frame_bandwidth for these tracks: measured once the programme has ended.
std::vector<media::Bandwidth> keyframe_bandwidths(const media::Timeline& timeline,
                                                  const std::vector<media::Track>& tracks,
                                                  std::int64_t target_duration);

// Keys and texts: <channel>/<programme>/hls/index.m3u8 and one <rendition>.m3u8 for each track that
// has a codec string (and one of its I-frames, if the names say so and they are known), VOD with
// ENDLIST over everything there is. The URIs in them are relative; the folder is that of the names.
// They are what the origin serves at the programme's own address, byte for byte. Empty when the
// programme has no slot: a playlist without a segment that has ended is none.
// Requires: timeline.ended().
std::vector<std::pair<std::string, std::string>> recorded_playlists(
    const std::string& channel, const media::Timeline& timeline, std::int64_t target_duration,
    const PlaylistNames& names = {});

}  // namespace weir::hls
