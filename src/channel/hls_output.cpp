// SPDX-License-Identifier: MIT
#include "channel/hls_output.hpp"

#include <glib.h>

#include <cstdio>
#include <utility>

#include "media/grid.hpp"
#include "segment/ts_bandwidth.hpp"
#include "segment/ts_segmenter.hpp"

namespace weir::channel {

namespace {

std::vector<media::Track> make_tracks(const HlsOutputOptions& options) {
    const auto& ladder = options.ladder;
    const auto* audio = ladder.audio.empty() ? nullptr : &ladder.audio.front();
    std::vector<media::Track> tracks;
    for (const auto& video : ladder.video) {
        tracks.push_back(
            {.name = video.name,
             .width = video.width,
             .height = video.height,
             .frame_rate = options.frame_rate,
             .codecs = {},
             .bandwidth = segment::ts_bandwidth(video, audio, ladder, options.frame_rate,
                                                options.sink.segment_duration)});
    }
    return tracks;
}

// Two runs never make the same name, whatever the clock says.
std::string random_run() {
    char text[9];
    std::snprintf(text, sizeof text, "%08x", g_random_int());
    return text;
}

PublisherOptions publisher_options(const HlsOutputOptions& options) {
    PublisherOptions result{.prefix = options.prefix, .run = random_run(), .keep = {}};
    if (options.recorded) return result;
    result.make_room = true;
    if (options.sink.playlist_type == PlaylistType::live) {
        // Invariant 6: fetchable for the playlist's duration and three segments after it leaves.
        result.keep = 2 * options.sink.window + 4 * options.sink.segment_duration;
    }
    return result;
}

}  // namespace

std::int64_t target_duration(const HlsSink& sink, const Rational& frame_rate) {
    return media::Grid(frame_rate, sink.segment_duration).target_duration();
}

HlsOutput::HlsOutput(HlsOutputOptions options, std::shared_ptr<Store> store, HlsOutputEvents events)
    : options_(std::move(options)),
      events_(std::move(events)),
      timeline_(std::make_shared<media::Timeline>(options_.programme, make_tracks(options_),
                                                  options_.discontinuity_sequence)),
      running_(options_.ladder.video.size()),
      publisher_(std::make_unique<Publisher>(
          publisher_options(options_), std::move(store), timeline_,
          PublisherEvents{events_.on_slot, events_.on_store, events_.on_finished})) {}

Result<std::vector<base::ObjectPtr<GstElement>>> HlsOutput::make_segmenters() {
    std::vector<base::ObjectPtr<GstElement>> segmenters;
    const auto self = shared_from_this();
    for (std::size_t i = 0; i < options_.ladder.video.size(); ++i) {
        auto made =
            segment::make_ts_segmenter({.segment_duration = options_.sink.segment_duration,
                                        .has_audio = !options_.ladder.audio.empty()},
                                       {.on_codecs =
                                            [self, i](std::string codecs) {
                                                self->timeline_->set_codecs(i, std::move(codecs));
                                            },
                                        .on_segment =
                                            [self, i](media::Segment segment) {
                                                self->publisher_->publish(i, std::move(segment));
                                            },
                                        .on_end = [self] { self->on_end(); },
                                        .on_error = events_.on_error,
                                        .before_eos = events_.before_eos});
        if (!made) return made.error();
        segmenters.push_back(std::move(*made));
    }
    return segmenters;
}

void HlsOutput::on_end() {
    if (--running_ == 0) publisher_->finish();
}

}  // namespace weir::channel
