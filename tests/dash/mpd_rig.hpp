// SPDX-License-Identifier: MIT
// Timelines as a CMAF programme makes them, for tests of manifests.
// Threads: as a value.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dash/mpd.hpp"
#include "media/grid.hpp"
#include "media/timeline.hpp"
#include "media/track.hpp"

namespace weir::dash {

// 2026-11-22T08:00:00Z
inline constexpr std::chrono::seconds kMorning{1795334400};

inline media::Track video_track(const std::string& name, int height, Rational rate = {30, 1}) {
    media::Track track;
    track.name = name;
    track.kind = media::TrackKind::video;
    track.width = height * 16 / 9;
    track.height = height;
    track.frame_rate = rate;
    track.codecs = "avc1.64001f";
    track.bandwidth = {.peak_bps = height * 4000, .average_bps = height * 3000};
    return track;
}

inline media::Track audio_track(const std::string& name, const std::string& language,
                                int sample_rate = 48'000) {
    media::Track track;
    track.name = name;
    track.kind = media::TrackKind::audio;
    track.sample_rate = sample_rate;
    track.channels = 2;
    track.frame_samples = 1024;
    track.language = language;
    track.codecs = "mp4a.40.2";
    track.bandwidth = {.peak_bps = 130'000, .average_bps = 128'000};
    return track;
}

// A programme on the grid whose tracks always have the same slots.
class Programme {
public:
    explicit Programme(std::vector<media::Track> tracks, Rational rate = {30, 1},
                       media::MediaTime slot = std::chrono::seconds(2))
        : grid_(rate, slot), timeline_(std::make_unique<media::Timeline>("p", std::move(tracks))) {}

    [[nodiscard]] const media::Grid& grid() const { return grid_; }
    [[nodiscard]] media::Timeline& timeline() { return *timeline_; }
    [[nodiscard]] std::vector<media::Track> tracks() const { return timeline_->all_tracks(); }

    void begin_run(const std::string& run) {
        run_ = run;
        const auto tracks = timeline_->all_tracks();
        for (std::size_t i = 0; i < tracks.size(); ++i) {
            timeline_->set_init(i, run, tracks[i].name + "/init-" + run + ".mp4", {});
        }
    }

    // One slot; `late` and `early` frames are missing at its begin and its end.
    void slot(std::int64_t number, std::int64_t late = 0, std::int64_t early = 0) {
        const media::MediaTime start = grid_.frame_time(grid_.first_frame(number) + late);
        const media::MediaTime end = grid_.frame_time(grid_.first_frame(number + 1) - early);
        for (std::size_t i = 0; i < timeline_->all_tracks().size(); ++i) {
            timeline_->add(i, number, start, end, run_, 1000);
        }
    }

    // Slots [first, end).
    void slots(std::int64_t first, std::int64_t end) {
        for (std::int64_t n = first; n < end; ++n) slot(n);
    }

    [[nodiscard]] std::int64_t slot_of(media::MediaTime time) const { return grid_.slot_of(time); }

    [[nodiscard]] MpdOptions options() const {
        MpdOptions options;
        options.segment_duration = grid_.segment_duration();
        options.frame_rate = grid_.frame_rate();
        options.output_latency = std::chrono::milliseconds(1500);
        options.time_shift_buffer_depth = std::chrono::seconds(120);
        options.publish_time = kMorning;
        options.uri_prefix = "../p/";
        options.time_uri = "/time";
        return options;
    }

    media::MarkedText mpd(const media::Window& window, const MpdOptions& options) const {
        return make_mpd(window, tracks(), options);
    }

private:
    media::Grid grid_;
    std::unique_ptr<media::Timeline> timeline_;
    std::string run_;
};

}  // namespace weir::dash
