// SPDX-License-Identifier: MIT
#include "channel/hls_output.hpp"

#include <algorithm>
#include <utility>

#include "hls/programme_playlists.hpp"
#include "media/grid.hpp"
#include "segment/ts_bandwidth.hpp"
#include "segment/ts_segmenter.hpp"

namespace weir::channel {

namespace {

std::vector<media::Track> ts_tracks(const HlsSink& sink, const Rational& frame_rate,
                                    const EncoderLadder& ladder) {
    const auto* audio = ladder.audio.empty() ? nullptr : &ladder.audio.front();
    std::vector<media::Track> tracks;
    for (const auto& video : ladder.video) {
        tracks.push_back({.name = video.name,
                          .width = video.width,
                          .height = video.height,
                          .frame_rate = frame_rate,
                          .codecs = {},
                          .bandwidth = segment::ts_bandwidth(video, audio, ladder, frame_rate,
                                                             sink.segment_duration)});
    }
    return tracks;
}

}  // namespace

std::int64_t target_duration(const HlsSink& sink, const Rational& frame_rate) {
    return media::Grid(frame_rate, sink.segment_duration).target_duration();
}

HlsOutput::HlsOutput(const HlsSink& sink, const EncodedOutputOptions& options,
                     std::shared_ptr<Store> store, EncodedOutputEvents events)
    : EncodedOutput(
          options, std::move(events),
          publisher_options(options.prefix, options.recorded, sink.playlist_type,
                            std::max(sink.window, sink.time_shift), sink.segment_duration),
          std::move(store), ts_tracks(sink, options.frame_rate, options.ladder)),
      sink_(sink) {}

std::vector<media::Track> HlsOutput::make_tracks(const EncoderLadder& ladder) const {
    return ts_tracks(sink_, options().frame_rate, ladder);
}

Result<std::vector<Branch>> HlsOutput::make_branches(const RunPlan& plan,
                                                     std::function<void()> on_branch_end) {
    const auto self = std::static_pointer_cast<HlsOutput>(shared_from_this());
    std::vector<Branch> branches;
    for (const auto& rendition : plan.ladder.video) {
        const std::size_t track = timeline()->index_of(rendition.name);
        auto made = segment::make_ts_segmenter(
            {.segment_duration = sink_.segment_duration, .has_audio = !plan.ladder.audio.empty()},
            {.on_codecs =
                 [self, track](std::string codecs) {
                     self->timeline()->set_codecs(track, std::move(codecs));
                 },
             .on_segment =
                 [self, track, run = plan.run](media::Segment segment) {
                     self->publisher().publish(track, run, std::move(segment));
                 },
             .on_end = on_branch_end,
             .on_error = events().on_error,
             .before_eos = events().before_eos});
        if (!made) return made.error();
        Branch branch{.element = std::move(*made),
                      .links = {{.pad = "video", .rendition = "video_" + rendition.name}}};
        if (!plan.ladder.audio.empty()) {
            branch.links.push_back(
                {.pad = "audio", .rendition = "audio_" + plan.ladder.audio.front().name});
        }
        branches.push_back(std::move(branch));
    }
    return branches;
}

std::vector<std::pair<std::string, std::string>> HlsOutput::recorded_files() const {
    return hls::recorded_playlists(options().prefix, *timeline(),
                                   target_duration(sink_, options().frame_rate));
}

origin::View HlsOutput::view() const {
    return {.timeline = timeline(),
            .container = origin::Container::ts,
            .playlist_type = sink_.playlist_type,
            .frame_rate = options().frame_rate,
            .segment_duration = sink_.segment_duration,
            .target_duration = target_duration(sink_, options().frame_rate),
            .window = sink_.window,
            .time_shift = sink_.time_shift,
            .recorded = options().recorded};
}

}  // namespace weir::channel
