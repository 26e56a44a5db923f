// SPDX-License-Identifier: MIT
#include "channel/hls_output.hpp"

#include <utility>

#include "media/grid.hpp"
#include "segment/ts_bandwidth.hpp"
#include "segment/ts_segmenter.hpp"

namespace weir::channel {

namespace {

std::vector<media::Track> make_tracks(const HlsOutputOptions& options,
                                      const EncoderLadder& ladder) {
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

PublisherOptions publisher_options(const HlsOutputOptions& options) {
    PublisherOptions result{.prefix = options.prefix, .keep = {}};
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
      timeline_(std::make_shared<media::Timeline>(options_.programme,
                                                  make_tracks(options_, options_.ladder),
                                                  options_.discontinuity_sequence)),
      publisher_(std::make_unique<Publisher>(
          publisher_options(options_), std::move(store), timeline_,
          PublisherEvents{events_.on_slot, events_.on_store, events_.on_finished})) {}

Result<std::vector<base::ObjectPtr<GstElement>>> HlsOutput::begin_run(
    const EncoderLadder& ladder, std::int64_t first_number, std::function<void()> on_end) {
    {
        const std::lock_guard lock(mutex_);
        if (runs_begun_++ > 0) {
            timeline_->change_tracks(first_number, make_tracks(options_, ladder));
        }
        ++runs_open_;
    }
    const auto run = random_run();
    const auto running = std::make_shared<std::size_t>(ladder.video.size());
    const auto self = shared_from_this();
    std::vector<base::ObjectPtr<GstElement>> segmenters;
    for (const auto& rendition : ladder.video) {
        const std::size_t track = timeline_->index_of(rendition.name);
        auto made = segment::make_ts_segmenter(
            {.segment_duration = options_.sink.segment_duration,
             .has_audio = !ladder.audio.empty()},
            {.on_codecs =
                 [self, track](std::string codecs) {
                     self->timeline_->set_codecs(track, std::move(codecs));
                 },
             .on_segment =
                 [self, track, run](media::Segment segment) {
                     self->publisher_->publish(track, run, std::move(segment));
                 },
             .on_end = [self, running, on_end] { self->on_segmenter_end(*running, on_end); },
             .on_error = events_.on_error,
             .before_eos = events_.before_eos});
        if (!made) return made.error();
        segmenters.push_back(std::move(*made));
    }
    return segmenters;
}

void HlsOutput::on_segmenter_end(std::size_t& running, const std::function<void()>& on_end) {
    bool last = false;
    {
        const std::lock_guard lock(mutex_);
        if (--running > 0) return;
        last = --runs_open_ == 0 && expect_end_;
    }
    if (last) publisher_->finish();
    if (on_end) on_end();
}

void HlsOutput::expect_end() {
    {
        const std::lock_guard lock(mutex_);
        expect_end_ = true;
        if (runs_open_ > 0) return;
    }
    publisher_->finish();
}

}  // namespace weir::channel
