// SPDX-License-Identifier: MIT
#include "hls/multivariant_playlist.hpp"

#include "hls/text.hpp"

namespace weir::hls {
namespace {

// RFC 8216bis 4.4.6.2: rounded to three places.
void append_frame_rate(std::string& text, Rational rate) {
    append_decimal(text, (rate.numerator * 1000 + rate.denominator / 2) / rate.denominator, 3);
}

void append_variant(std::string& text, const Variant& variant) {
    text += "#EXT-X-STREAM-INF:BANDWIDTH=";
    append_padded(text, variant.bandwidth, 1);
    if (variant.average_bandwidth > 0) {
        text += ",AVERAGE-BANDWIDTH=";
        append_padded(text, variant.average_bandwidth, 1);
    }
    text += ",CODECS=\"";
    text += variant.codecs;
    text += '"';
    if (variant.width > 0 && variant.height > 0) {
        text += ",RESOLUTION=";
        append_padded(text, variant.width, 1);
        text += 'x';
        append_padded(text, variant.height, 1);
    }
    if (variant.frame_rate.numerator > 0) {
        text += ",FRAME-RATE=";
        append_frame_rate(text, variant.frame_rate);
    }
    text += '\n';
    text += variant.uri;
    text += '\n';
}

}  // namespace

PlaylistNames passthrough_names(const std::string& name, bool alone) {
    PlaylistNames names{
        .multivariant = {name}, .media_suffix = ".media", .independent_segments = false};
    if (alone) names.multivariant.emplace_back("index");
    return names;
}

MultivariantPlaylist make_multivariant_playlist(const std::vector<media::Track>& tracks,
                                                const PlaylistNames& names) {
    MultivariantPlaylist playlist;
    playlist.independent_segments = names.independent_segments;
    for (const media::Track& track : tracks) {
        if (track.codecs.empty()) continue;
        playlist.variants.push_back({
            .uri = track.name + names.media_suffix + ".m3u8",
            .bandwidth = track.bandwidth.peak_bps,
            .average_bandwidth = track.bandwidth.average_bps,
            .codecs = track.codecs,
            .width = track.width,
            .height = track.height,
            .frame_rate = track.frame_rate,
        });
    }
    return playlist;
}

std::string to_text(const MultivariantPlaylist& playlist) {
    std::string text = "#EXTM3U\n";
    append_tag(text, "#EXT-X-VERSION:", playlist.version);
    if (playlist.independent_segments) text += "#EXT-X-INDEPENDENT-SEGMENTS\n";
    for (const Variant& variant : playlist.variants) append_variant(text, variant);
    return text;
}

}  // namespace weir::hls
