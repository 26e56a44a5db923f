// SPDX-License-Identifier: MIT
// One packaged form of a programme, as the origin serves it.
// Threads: values.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <weir/hls_sink.hpp>
#include <weir/rational.hpp>

#include "hls/multivariant_playlist.hpp"
#include "media/part_schedule.hpp"
#include "media/time.hpp"
#include "media/timeline.hpp"

namespace weir::origin {

enum class Container {
    ts,   // MPEG-TS: playlists below hls/
    cmaf  // fragmented MP4: playlists below cmaf/, MPD below dash/
};

struct View {
    std::shared_ptr<const media::Timeline> timeline;
    Container container = Container::ts;
    PlaylistType playlist_type = PlaylistType::live;
    Rational frame_rate{};  // 0: not known
    media::MediaTime segment_duration{};
    std::int64_t target_duration = 0;  // EXT-X-TARGETDURATION, seconds
    media::MediaTime window{};         // of a live playlist
    media::MediaTime time_shift{};     // how far back a viewer may ask; 0: the window
    // The store keeps everything: the programme's own address shows it all, whatever the live one
    // does, as EVENT and later VOD.
    bool recorded = false;
    hls::PlaylistNames names{};
    bool hls = true;
    bool dash = false;
    std::optional<media::PartSchedule> parts{};  // low latency
};

}  // namespace weir::origin
