// SPDX-License-Identifier: MIT
// Writes playlists of all kinds into a folder, with what they say in JSON beside them, for parsers
// that are not ours (tests/browser/parse.mjs, started by tests/e2e/test_playlists.py).
//
// usage: emit_playlists FOLDER
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "hls/playlist_text.hpp"
#include "hls/programme_playlists.hpp"
#include "support/cmaf_feed.hpp"

namespace {

using namespace weir;
using std::chrono::seconds;

nlohmann::json said_by(const hls::MediaPlaylist& playlist) {
    nlohmann::json segments = nlohmann::json::array();
    nlohmann::json parts = nlohmann::json::array();
    std::int64_t number = playlist.media_sequence + playlist.skipped_segments;
    std::string map;
    for (const auto& segment : playlist.segments) {
        if (!segment.map.empty()) map = segment.map;
        for (const auto& part : segment.parts) {
            parts.push_back({{"number", number},
                             {"uri", part.uri},
                             {"duration", static_cast<double>(part.duration_us) / 1e6},
                             {"independent", part.independent}});
        }
        if (!segment.uri.empty()) {
            segments.push_back({{"number", number},
                                {"uri", segment.uri},
                                {"duration", static_cast<double>(segment.duration_us) / 1e6},
                                {"time_ms", segment.program_date_time.count() / 1'000'000},
                                {"discontinuity", segment.discontinuity},
                                {"gap", segment.gap},
                                {"map", map},
                                {"bytes", segment.leading_bytes}});
        }
        ++number;
    }
    const auto& control = playlist.server_control;
    return {
        {"kind", "media"},
        {"target_duration", playlist.target_duration},
        {"version", playlist.version},
        {"media_sequence", playlist.media_sequence},
        {"discontinuity_sequence", playlist.discontinuity_sequence},
        {"ended", playlist.end_list},
        {"i_frames_only", playlist.i_frames_only},
        {"skipped", playlist.skipped_segments},
        {"part_target", static_cast<double>(playlist.part_target_us) / 1e6},
        {"part_hold_back", control ? static_cast<double>(control->part_hold_back_us) / 1e6 : 0.0},
        {"can_skip_until", control ? static_cast<double>(control->can_skip_until_us) / 1e6 : 0.0},
        {"hint", playlist.preload_hint},
        {"reports", playlist.rendition_reports.size()},
        {"segments", segments},
        {"parts", parts}};
}

class Folder {
public:
    explicit Folder(std::string path) : path_(std::move(path)) {}

    void put(const std::string& name, const std::string& text, const nlohmann::json& said) {
        std::ofstream(path_ + '/' + name + ".m3u8") << text;
        std::ofstream(path_ + '/' + name + ".json") << said;
    }

    void put(const std::string& name, const media::Window& window, const std::string& rendition,
             const hls::MediaPlaylistOptions& options) {
        const auto playlist = hls::make_media_playlist(window, rendition, options);
        put(name, hls::to_text(playlist), said_by(playlist));
    }

    void put(const std::string& name, const hls::MultivariantPlaylist& playlist) {
        nlohmann::json variants = nlohmann::json::array();
        for (const auto& variant : playlist.variants) {
            variants.push_back({{"uri", variant.uri},
                                {"bandwidth", variant.bandwidth},
                                {"average_bandwidth", variant.average_bandwidth},
                                {"codecs", variant.codecs},
                                {"width", variant.width},
                                {"height", variant.height},
                                {"audio", variant.audio}});
        }
        nlohmann::json audio = nlohmann::json::array();
        for (const auto& one : playlist.audio) {
            audio.push_back({{"uri", one.uri},
                             {"group", one.group},
                             {"name", one.name},
                             {"language", one.language},
                             {"default", one.is_default}});
        }
        put(name, hls::to_text(playlist),
            {{"kind", "multivariant"},
             {"variants", variants},
             {"audio", audio},
             {"i_frames", playlist.i_frames.size()}});
    }

private:
    const std::string path_;
};

hls::MediaPlaylistOptions options_of(test::CmafFeed& feed, const std::string& rendition) {
    media::Timeline& timeline = feed.timeline();
    const auto tracks = timeline.all_tracks();
    return {.target_duration = 2,
            .uri_prefix = "../p1/",
            .extension = "m4s",
            .tracks = tracks,
            .part_target = feed.schedule().part_target(tracks[timeline.index_of(rendition)]),
            .server_control = hls::server_control(2, feed.longest_part()),
            .rendition_reports = {"other.m3u8"}};
}

void put_all(Folder& folder, test::CmafFeed& feed, const std::string& name) {
    for (const std::string rendition : {"720p", "audio"}) {
        auto options = options_of(feed, rendition);
        const auto window = feed.timeline().latest(seconds(60));
        folder.put(name + '-' + rendition, window, rendition, options);
        options.delta = true;
        folder.put(name + '-' + rendition + "-delta", window, rendition, options);
        options.delta = false;
        options.type = window.ended ? hls::MediaPlaylistType::vod : hls::MediaPlaylistType::event;
        options.start = hls::StartPoint{.offset_us = 0, .precise = true};
        folder.put(name + '-' + rendition + "-all", feed.timeline().all(), rendition, options);
        if (rendition == "audio") continue;
        options.i_frames_only = true;
        folder.put(name + "-iframes", feed.timeline().all(), rendition, options);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: emit_playlists FOLDER\n", stderr);
        return 2;
    }
    Folder folder(argv[1]);
    for (const Rational rate : {Rational{25, 1}, Rational{30000, 1001}}) {
        const std::string name = rate.denominator == 1 ? "25" : "29";
        test::CmafFeed feed({.frame_rate = rate});
        for (int slot = 0; slot < 60; ++slot) {
            if (slot == 20) feed.lose_segment();
            if (slot == 40) feed.change_run("b2", feed.timeline().tracks());
            for (int part = 0; !feed.step(); ++part) {
                if (slot % 13 == 0) {
                    put_all(folder, feed,
                            name + '-' + std::to_string(slot) + '-' + std::to_string(part));
                }
            }
        }
        feed.timeline().finish();
        put_all(folder, feed, name + "-ended");
        folder.put(name + "-index", hls::make_multivariant_playlist(feed.timeline().tracks(),
                                                                    hls::cmaf_names(true)));
    }
    folder.put(
        "languages",
        hls::make_multivariant_playlist(
            {test::cmaf_video("720p", 720, 3'000'000), test::cmaf_video("360p", 360, 800'000),
             test::cmaf_audio("en", "en"), test::cmaf_audio("de", "de"),
             test::cmaf_audio("en-low", "en", 60'000), test::cmaf_audio("de-low", "de", 60'000)},
            hls::cmaf_names(true)));
    folder.put("sound", hls::make_multivariant_playlist(
                            {test::cmaf_audio("high"), test::cmaf_audio("low", "", 60'000)},
                            hls::cmaf_names()));
    return 0;
}
