// SPDX-License-Identifier: MIT
// Fills a timeline as the segmenters and the publisher do: parts on the schedule, in all tracks,
// and each segment behind its last part. Threads: none.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "media/grid.hpp"
#include "media/part_schedule.hpp"
#include "media/timeline.hpp"

namespace weir::test {

inline media::Track cmaf_video(const std::string& name, int height, std::int64_t bandwidth) {
    return {.name = name,
            .kind = media::TrackKind::video,
            .width = height * 16 / 9,
            .height = height,
            .frame_rate = {30, 1},
            .codecs = "avc1.64001f",
            .bandwidth = {.peak_bps = bandwidth, .average_bps = bandwidth * 9 / 10}};
}

inline media::Track cmaf_audio(const std::string& name, const std::string& language = {},
                               std::int64_t bandwidth = 140'000) {
    return {.name = name,
            .kind = media::TrackKind::audio,
            .sample_rate = 48'000,
            .channels = 2,
            .frame_samples = 1024,
            .language = language,
            .codecs = "mp4a.40.2",
            .bandwidth = {.peak_bps = bandwidth, .average_bps = bandwidth * 9 / 10}};
}

class CmafFeed {
public:
    struct Options {
        std::vector<media::Track> tracks{cmaf_video("720p", 720, 3'000'000), cmaf_audio("audio")};
        Rational frame_rate{30, 1};
        media::MediaTime segment = std::chrono::seconds(2);
        media::MediaTime gop = std::chrono::seconds(1);
        media::MediaTime part = std::chrono::milliseconds(334);
        bool parts = true;
        media::MediaTime start = std::chrono::seconds(1'795'334'400);  // 2026-11-22T08:00:00Z
        std::string run = "a1";
        std::int64_t discontinuity_sequence = 0;
    };

    CmafFeed() : CmafFeed(Options{}) {}
    explicit CmafFeed(Options options)
        : options_(std::move(options)),
          grid_(options_.frame_rate, options_.segment),
          gops_(media::Grid::of_gops(options_.frame_rate, options_.gop)),
          schedule_(grid_, options_.gop, options_.part),
          timeline_("p1", options_.tracks, options_.discontinuity_sequence),
          run_(options_.run),
          tracks_(options_.tracks) {
        frame_ = schedule_.part_begin_at_or_after(grid_.frame_at_or_after(options_.start));
        run_begin_ = frame_;
        timeline_.announce_run(run_);
        describe(run_, tracks_);
    }

    [[nodiscard]] media::Timeline& timeline() { return timeline_; }
    [[nodiscard]] const media::Grid& grid() const { return grid_; }
    [[nodiscard]] const media::PartSchedule& schedule() const { return schedule_; }
    [[nodiscard]] media::MediaTime now() const { return grid_.frame_time(frame_); }
    [[nodiscard]] std::int64_t slot() const { return grid_.slot_of_frame(frame_); }
    [[nodiscard]] media::MediaTime longest_part() const {
        media::MediaTime longest{};
        for (const auto& track : options_.tracks) {
            longest = std::max(longest, schedule_.part_target(track));
        }
        return longest;
    }

    // The next part in every track; with a slot's last one its segment follows. True when it did.
    bool step() {
        const auto place = schedule_.place_of(frame_, run_begin_);
        const std::int64_t first = std::max(run_begin_, grid_.first_frame(place.number));
        media::Part part{
            .number = place.number,
            .index = place.index,
            .count = place.count,
            .slot_start = grid_.frame_time(first),
            .start = grid_.frame_time(place.first),
            .end = grid_.frame_time(place.end),
            .independent = gops_.first_frame(gops_.slot_of_frame(place.first)) == place.first ||
                           place.first == run_begin_};
        for (const auto& track : tracks_) {
            if (options_.parts) timeline_.add_part(timeline_.index_of(track.name), part);
        }
        frame_ = place.end;
        if (place.index + 1 < place.count) return false;
        add_segments(place.number, part.slot_start, part.end);
        return true;
    }

    void step_slot() {
        while (!step()) {
        }
    }

    // The last track will lack the segment of the slot that is being made.
    void lose_segment() { lose_ = true; }

    // Another run, with these tracks, from the next slot on, as a scheduled change is told: while
    // the slot before is being made.
    void change_run(const std::string& run, std::vector<media::Track> tracks) {
        next_run_ = run;
        next_tracks_ = std::move(tracks);
        timeline_.change_tracks(slot() + 1, next_tracks_, run);
        describe(next_run_, next_tracks_);
    }

private:
    void describe(const std::string& run, const std::vector<media::Track>& tracks) {
        for (const auto& track : tracks) {
            const std::size_t index = timeline_.index_of(track.name);
            timeline_.set_init(index, run, track.name + "/init-" + track.name + run + ".mp4", {});
            timeline_.set_codecs(index, track.codecs);
        }
    }

    void add_segments(std::int64_t number, media::MediaTime start, media::MediaTime end) {
        for (const auto& track : tracks_) {
            const bool lost = lose_ && &track == &tracks_.back();
            const bool video = track.kind == media::TrackKind::video;
            timeline_.add(timeline_.index_of(track.name), number, start, end, run_,
                          lost ? std::nullopt : std::optional<std::uint64_t>(500'000),
                          video ? 40'000 : 0);
        }
        lose_ = false;
        if (next_run_.empty()) return;
        run_ = std::exchange(next_run_, {});
        tracks_ = std::move(next_tracks_);
        run_begin_ = frame_;
    }

    const Options options_;
    const media::Grid grid_;
    const media::Grid gops_;
    const media::PartSchedule schedule_;
    media::Timeline timeline_;
    std::string run_;
    std::vector<media::Track> tracks_;
    std::string next_run_;
    std::vector<media::Track> next_tracks_;
    std::int64_t frame_ = 0;
    std::int64_t run_begin_ = 0;
    bool lose_ = false;
};

}  // namespace weir::test
