// SPDX-License-Identifier: MIT
// What a player asks of a manifest in the query of its URL: a blocking reload or a delta update
// (RFC 8216bis 6.2.5), another time, some of the renditions.
// Threads: values; pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weir/result.hpp>

#include "hls/multivariant_playlist.hpp"
#include "media/time.hpp"
#include "media/track.hpp"

namespace weir::origin {

struct NumberRange {
    std::int64_t least = 0;
    std::int64_t most = 0;
    friend bool operator==(const NumberRange&, const NumberRange&) = default;
};

// Which renditions a manifest lists; what is empty lets all pass.
struct ManifestFilter {
    std::vector<NumberRange> video_height{};
    std::vector<NumberRange> video_bitrate{};  // bits a second, of BANDWIDTH
    std::vector<NumberRange> audio_bitrate{};
    std::vector<NumberRange> audio_channels{};
    std::vector<std::string> video_codec{};     // "h264", "h265", "av1"
    std::vector<std::string> audio_codec{};     // "aac", "opus"
    std::vector<std::string> audio_language{};  // BCP 47

    [[nodiscard]] bool empty() const { return *this == ManifestFilter{}; }
    friend bool operator==(const ManifestFilter&, const ManifestFilter&) = default;
};

struct ManifestQuery {
    std::optional<std::int64_t> msn{};   // _HLS_msn
    std::optional<std::int64_t> part{};  // _HLS_part
    bool skip = false;                   // _HLS_skip

    std::optional<media::MediaTime> start{};       // UTC
    std::optional<media::MediaTime> end{};         // UTC
    std::optional<media::MediaTime> time_delay{};  // behind the live edge
    std::optional<media::MediaTime> window{};      // how much a live manifest shows

    ManifestFilter filter{};
    hls::VariantOrder order = hls::VariantOrder::as_given;
    std::optional<std::int64_t> start_offset_ms{};  // EXT-X-START TIME-OFFSET

    // As it was sent. Whether it is good is not asked here; it goes on into every URI.
    std::string token{};

    [[nodiscard]] bool shifts_time() const { return start || end || time_delay || window; }

    // What of it goes on into the URIs of playlists, and of media: queries without '?'.
    [[nodiscard]] std::string for_playlists() const;
    [[nodiscard]] std::string for_media() const;
    // What it makes of a manifest's text, but for the token: equal keys, equal texts.
    [[nodiscard]] std::string key() const;

    friend bool operator==(const ManifestQuery&, const ManifestQuery&) = default;

private:
    [[nodiscard]] std::string time_key() const;
};

// What has another name is not ours and is passed over. Errors: invalid_argument with the
// parameter's name and what is wrong with it; a name that stands twice; _HLS_part without _HLS_msn;
// `end` that is not after `start`.
Result<ManifestQuery> parse_manifest_query(std::string_view query);

// Those that pass. A muxed track is judged by its pictures, and by the codec of its sound.
std::vector<media::Track> filtered(std::vector<media::Track> tracks, const ManifestFilter& filter);

}  // namespace weir::origin
