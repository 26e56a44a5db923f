// SPDX-License-Identifier: MIT
// The rules of RFC 8216bis and of Apple's authoring specification for media playlists, as a client
// could check them that reads one address again and again. Knows nothing of the writer.
// Threads: none.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "support/playlist_reader.hpp"

namespace weir::test {

class PlaylistRules {
public:
    // Rules that hold for some playlists only.
    struct Expected {
        bool fragmented = false;  // every segment needs an EXT-X-MAP
        bool parts = false;
        // Sound: every part is independent, and may be short (RFC 8216bis 4.4.4.9). Independent
        // parts of pictures might be, too, but ours are not.
        bool audio = false;
        bool may_begin_with_gap = false;
        // By how much program date times may differ from the sum of the durations.
        std::int64_t date_slack_us = 1'001;
    };

    explicit PlaylistRules(Expected expected) : expected_(expected) {}

    // Checks one playlist by itself and against those before. Throws BadPlaylist.
    void check(const hls::MediaPlaylist& playlist) {
        check_head(playlist);
        check_segments(playlist);
        check_skip(playlist);
        if (expected_.parts) check_edge(playlist);
        if (last_) check_reload(playlist);
        remember(playlist);
    }

    [[nodiscard]] std::int64_t playlists() const { return playlists_; }
    [[nodiscard]] std::int64_t hints_kept() const { return hints_kept_; }

private:
    struct Known {
        hls::MediaSegment segment;  // without its map, which only some playlists repeat
        std::string map;
        std::int64_t discontinuity_sequence = 0;
        std::vector<hls::MediaPart> parts;
    };

    static void require(bool holds, const std::string& rule) {
        if (!holds) throw BadPlaylist("broken: " + rule);
    }
    static std::int64_t in_us(media::MediaTime time) { return time.count() / 1000; }

    void check_head(const hls::MediaPlaylist& playlist) const {
        require(playlist.target_duration >= 1, "TARGETDURATION is at least 1");
        require(playlist.skipped_segments == 0 || playlist.version >= 9, "SKIP needs version 9");
        require(!expected_.fragmented || playlist.version >= 6, "MAP needs version 6");
        const auto& control = playlist.server_control;
        if (playlist.end_list) {
            require(playlist.part_target_us == 0 && playlist.preload_hint.empty() &&
                        playlist.rendition_reports.empty() && !control,
                    "nothing is to be waited for behind ENDLIST");
            return;
        }
        require(playlist.type != hls::MediaPlaylistType::vod, "VOD has ended");
        require(!expected_.parts || (playlist.part_target_us > 0 && control),
                "PART-INF and SERVER-CONTROL are always there");
        if (!control) return;
        const std::int64_t target_us = playlist.target_duration * 1'000'000;
        require(control->hold_back_us == 0 || control->hold_back_us >= 3 * target_us,
                "HOLD-BACK is at least three target durations");
        require(control->can_skip_until_us == 0 || control->can_skip_until_us >= 6 * target_us,
                "CAN-SKIP-UNTIL is at least six target durations");
        if (playlist.part_target_us == 0) return;
        require(control->part_hold_back_us >= 3 * playlist.part_target_us,
                "PART-HOLD-BACK is at least three part targets");
        require(control->can_block_reload, "parts need blocking reload");
    }

    void check_segments(const hls::MediaPlaylist& playlist) const {
        const hls::MediaSegment* before = nullptr;
        bool had_parts = false;
        std::size_t with_parts = 0;
        for (const hls::MediaSegment& segment : playlist.segments) {
            const bool last = &segment == &playlist.segments.back();
            require(!segment.uri.empty() || last, "only the last segment may be unfinished");
            require(!had_parts || !segment.parts.empty() || segment.gap,
                    "parts lie at the end of the playlist");
            had_parts = had_parts || !segment.parts.empty();
            with_parts += !segment.parts.empty();
            require(with_parts <= 3, "parts lie in the last three target durations");
            require(!segment.gap || playlist.version >= 8, "GAP needs version 8");
            require(segment.duration_us >= 0, "no negative EXTINF");
            require((segment.duration_us + 500'000) / 1'000'000 <= playlist.target_duration,
                    "EXTINF rounded is not above TARGETDURATION");
            check_parts(playlist, segment);
            if (before != nullptr && !segment.discontinuity) {
                const std::int64_t expected =
                    in_us(before->program_date_time) + before->duration_us;
                require(std::abs(in_us(segment.program_date_time) - expected) <=
                            expected_.date_slack_us,
                        "PROGRAM-DATE-TIME is continuous");
            }
            before = &segment;
        }
        if (playlist.segments.empty()) return;
        const hls::MediaSegment& first = playlist.segments.front();
        require(!first.gap || expected_.may_begin_with_gap || playlist.skipped_segments > 0,
                "a playlist does not begin with a gap");
        check_maps(playlist);
    }

    void check_maps(const hls::MediaPlaylist& playlist) const {
        bool valid = false;
        for (const hls::MediaSegment& segment : playlist.segments) {
            valid = valid || !segment.map.empty();
            if (!expected_.fragmented) {
                require(segment.map.empty(), "transport streams have no MAP");
            } else if (!segment.gap) {
                require(valid, "a MAP comes before the first segment");
                require(!segment.discontinuity || !segment.map.empty(),
                        "a MAP comes behind every DISCONTINUITY");
            }
        }
    }

    void check_parts(const hls::MediaPlaylist& playlist, const hls::MediaSegment& segment) const {
        std::int64_t sum_us = 0;
        for (const hls::MediaPart& part : segment.parts) {
            const bool last = !segment.uri.empty() && &part == &segment.parts.back();
            require(part.duration_us <= playlist.part_target_us, "no part is above PART-TARGET");
            // The newest part of a segment that is being made may be its last.
            const bool maybe_last = segment.uri.empty() && &part == &segment.parts.back();
            require(!expected_.audio || part.independent, "sound is independent");
            require(last || maybe_last || expected_.audio ||
                        100 * part.duration_us >= 85 * playlist.part_target_us,
                    "every part but the last lasts 85 % of PART-TARGET");
            sum_us += part.duration_us;
        }
        if (segment.parts.empty()) return;
        require(segment.uri.empty() || sum_us == segment.duration_us,
                "the parts last as long as their segment");
        require(!playlist.independent_segments || segment.parts.front().independent,
                "the first part of an independent segment is independent");
    }

    void check_skip(const hls::MediaPlaylist& playlist) const {
        if (playlist.skipped_segments == 0) return;
        require(playlist.server_control && playlist.server_control->can_skip_until_us > 0,
                "SKIP needs CAN-SKIP-UNTIL");
        require(!playlist.end_list, "no SKIP behind ENDLIST");
        std::int64_t rest_us = 0;
        for (const hls::MediaSegment& segment : playlist.segments) rest_us += segment.duration_us;
        require(rest_us >= playlist.server_control->can_skip_until_us,
                "what lies within the Skip Boundary is not skipped");
        require(last_.has_value() &&
                    playlist.media_sequence + playlist.skipped_segments <= next_number_,
                "only what the client has is skipped");
    }

    static std::int64_t end_number(const hls::MediaPlaylist& playlist) {
        return playlist.media_sequence + playlist.skipped_segments +
               static_cast<std::int64_t>(playlist.segments.size());
    }

    // Hint and reports fit to the newest part.
    static void check_edge(const hls::MediaPlaylist& playlist) {
        if (playlist.end_list || playlist.segments.empty()) return;
        const hls::MediaSegment& newest = playlist.segments.back();
        for (const hls::RenditionReport& report : playlist.rendition_reports) {
            require(report.last_number == end_number(playlist) - 1,
                    "reports say the newest number");
            const auto parts = static_cast<std::int64_t>(newest.parts.size());
            require(report.last_part == (parts == 0 ? std::optional<std::int64_t>() : parts - 1),
                    "reports say the newest part");
            require(!report.uri.starts_with('/') && report.uri.find(':') == report.uri.npos,
                    "a report's URI is relative");
        }
        for (const hls::MediaSegment& segment : playlist.segments) {
            for (const hls::MediaPart& part : segment.parts) {
                require(part.uri != playlist.preload_hint, "a hint is for what is not there yet");
            }
        }
    }

    void check_reload(const hls::MediaPlaylist& playlist) const {
        require(playlist.target_duration == last_->target_duration, "TARGETDURATION is constant");
        require(playlist.media_sequence >= last_->media_sequence,
                "MEDIA-SEQUENCE does not go back");
        require(playlist.discontinuity_sequence >= last_->discontinuity_sequence,
                "DISCONTINUITY-SEQUENCE does not go back");
        // A live window begins behind a slot that is lost, which it has never shown.
        require(playlist.media_sequence <= next_number_ ||
                    (!playlist.segments.empty() && playlist.segments.front().discontinuity),
                "no segment is left out");
        require(end_number(playlist) >= next_number_, "no segment goes before its time");
        require(!last_->end_list || playlist.end_list, "ENDLIST is for ever");
        if (playlist.end_list) return;
        require(playlist.version == last_->version || playlist.type != hls::MediaPlaylistType::none,
                "VERSION is constant while nothing is lost for good");
        require(playlist.part_target_us == last_->part_target_us, "PART-TARGET is constant");
        require(playlist.server_control == last_->server_control, "SERVER-CONTROL is constant");
        require(playlist.type == last_->type, "PLAYLIST-TYPE is constant");
        if (playlist.type == hls::MediaPlaylistType::event) {
            require(playlist.media_sequence == last_->media_sequence, "EVENT loses nothing");
        }
    }

    void remember(const hls::MediaPlaylist& playlist) {
        std::int64_t number = playlist.media_sequence + playlist.skipped_segments;
        std::int64_t discontinuities = playlist.discontinuity_sequence;
        std::string map;
        if (playlist.skipped_segments > 0) {
            discontinuities = known_.at(number - 1).discontinuity_sequence;
            map = known_.at(number - 1).map;
        }
        const std::string hint = hint_;
        const auto parts_before = parts_seen_;
        for (const hls::MediaSegment& segment : playlist.segments) {
            discontinuities += segment.discontinuity;
            if (!segment.map.empty()) map = segment.map;
            remember_segment(number++, segment, map, discontinuities);
        }
        // Another part has come: it is the one that was announced.
        if (!hint.empty() && parts_seen_ > parts_before && !playlist.end_list) {
            require(uris_.contains(hash(hint)), "a hint comes true");
            ++hints_kept_;
        }
        hint_ = playlist.preload_hint;
        known_.erase(known_.begin(), known_.lower_bound(playlist.media_sequence));
        next_number_ = std::max(next_number_, number - (!playlist.segments.empty() &&
                                                        playlist.segments.back().uri.empty()));
        last_ = playlist;
        last_->segments.clear();
        ++playlists_;
    }

    void remember_segment(std::int64_t number, const hls::MediaSegment& segment,
                          const std::string& map, std::int64_t discontinuities) {
        auto [position, is_new] = known_.try_emplace(number);
        Known& known = position->second;
        if (is_new) {
            known.segment.program_date_time = segment.program_date_time;
            known.segment.discontinuity = segment.discontinuity;
            known.map = map;
            known.discontinuity_sequence = discontinuities;
        }
        require(known.segment.program_date_time == segment.program_date_time &&
                    known.segment.discontinuity == segment.discontinuity,
                "a segment's tags do not change");
        require(known.map == map || segment.gap, "a segment's MAP does not change");
        require(known.discontinuity_sequence == discontinuities,
                "a segment's discontinuity sequence number does not change");
        for (std::size_t i = 0; i < segment.parts.size(); ++i) {
            if (i < known.parts.size()) {
                require(known.parts[i] == segment.parts[i], "a part does not change");
                continue;
            }
            claim(segment.parts[i].uri, number, static_cast<std::int64_t>(i));
            known.parts.push_back(segment.parts[i]);
            ++parts_seen_;
        }
        require(segment.parts.empty() || segment.parts.size() == known.parts.size(),
                "no part goes before its segment's others");
        if (segment.uri.empty()) return;
        if (known.segment.uri.empty()) {
            if (!segment.gap) claim(segment.uri, number, -1);
            known.segment.uri = segment.uri;
            known.segment.duration_us = segment.duration_us;
            known.segment.gap = segment.gap;
        }
        require(known.segment.uri == segment.uri &&
                    known.segment.duration_us == segment.duration_us &&
                    known.segment.gap == segment.gap,
                "a segment does not change");
    }

    static std::size_t hash(const std::string& uri) { return std::hash<std::string>()(uri); }

    void claim(const std::string& uri, std::int64_t number, std::int64_t part) {
        const auto owner = std::pair(number, part);
        const auto [position, is_new] = uris_.try_emplace(hash(uri), owner);
        require(is_new || position->second == owner, "a URI is used once only");
    }

    const Expected expected_;
    std::optional<hls::MediaPlaylist> last_;  // without its segments
    std::map<std::int64_t, Known> known_;     // by number
    std::unordered_map<std::size_t, std::pair<std::int64_t, std::int64_t>> uris_;
    std::string hint_;
    std::int64_t next_number_ = 0;  // above all whole segments
    std::int64_t parts_seen_ = 0;
    std::int64_t hints_kept_ = 0;
    std::int64_t playlists_ = 0;
};

}  // namespace weir::test
