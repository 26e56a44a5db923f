// SPDX-License-Identifier: MIT
#include "channel/cmaf_output.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "dash/mpd.hpp"
#include "hls/programme_playlists.hpp"
#include "segment/cmaf_bandwidth.hpp"
#include "segment/cmaf_segmenter.hpp"

namespace weir::channel {

namespace {

constexpr int kAacFrame = 1024;

// What one moof describes.
std::chrono::milliseconds fragment(const CmafSink& sink) {
    return sink.low_latency ? sink.part_duration : sink.segment_duration;
}

std::vector<media::Track> cmaf_tracks(const CmafSink& sink, const Rational& frame_rate,
                                      const EncoderLadder& ladder) {
    std::vector<media::Track> tracks;
    for (const auto& video : ladder.video) {
        tracks.push_back({.name = video.name,
                          .kind = media::TrackKind::video,
                          .width = video.width,
                          .height = video.height,
                          .frame_rate = frame_rate,
                          .codecs = {},
                          .bandwidth = segment::cmaf_bandwidth(
                              video, ladder, frame_rate, sink.segment_duration, fragment(sink))});
    }
    for (const auto& audio : ladder.audio) {
        tracks.push_back({.name = audio.name,
                          .kind = media::TrackKind::audio,
                          .sample_rate = audio.sample_rate,
                          .channels = audio.channels,
                          .frame_samples = kAacFrame,
                          .codecs = {},
                          .bandwidth = segment::cmaf_bandwidth(audio, fragment(sink))});
    }
    return tracks;
}

PublisherOptions cmaf_publisher_options(const CmafSink& sink, const EncodedOutputOptions& options) {
    auto result = publisher_options(options.prefix, options.recorded, sink.playlist_type,
                                    std::max(sink.window, sink.time_shift), sink.segment_duration);
    result.extension = "m4s";
    return result;
}

}  // namespace

std::optional<media::PartSchedule> part_schedule(const CmafSink& sink, const EncoderLadder& ladder,
                                                 const Rational& frame_rate) {
    if (!sink.low_latency) return std::nullopt;
    return media::PartSchedule(media::Grid(frame_rate, sink.segment_duration), ladder.gop,
                               sink.part_duration);
}

CmafOutput::CmafOutput(const CmafSink& sink, const EncodedOutputOptions& options,
                       std::shared_ptr<Store> store, EncodedOutputEvents events)
    : EncodedOutput(options, std::move(events), cmaf_publisher_options(sink, options),
                    std::move(store), cmaf_tracks(sink, options.frame_rate, options.ladder)),
      sink_(sink),
      grid_(options.frame_rate, sink.segment_duration),
      parts_(part_schedule(sink, options.ladder, options.frame_rate)) {}

std::vector<media::Track> CmafOutput::make_tracks(const EncoderLadder& ladder) const {
    return cmaf_tracks(sink_, options().frame_rate, ladder);
}

Result<std::vector<Branch>> CmafOutput::make_branches(const RunPlan& plan,
                                                      std::function<void()> on_branch_end) {
    std::vector<Branch> branches;
    for (const auto& video : plan.ladder.video) {
        auto made = make_branch(plan, video.name, media::TrackKind::video, on_branch_end);
        if (!made) return made.error();
        made->links.front().rendition = "video_" + video.name;
        branches.push_back(std::move(*made));
    }
    for (const auto& audio : plan.ladder.audio) {
        auto made = make_branch(plan, audio.name, media::TrackKind::audio, on_branch_end);
        if (!made) return made.error();
        made->links.front().rendition = "audio_" + audio.name;
        branches.push_back(std::move(*made));
    }
    return branches;
}

Result<Branch> CmafOutput::make_branch(const RunPlan& plan, const std::string& rendition,
                                       media::TrackKind kind, const std::function<void()>& on_end) {
    const auto self = std::static_pointer_cast<CmafOutput>(shared_from_this());
    const std::size_t track = timeline()->index_of(rendition);
    auto made = segment::make_cmaf_segmenter(
        {.grid = grid_,
         .first_frame = plan.first_frame,
         .parts = parts_,
         .kind = kind,
         .capture_delay = media::MediaTime{}},  // a frame is at its time when it is encoded
        {.on_init =
             [self, track, run = plan.run](media::InitSegment init) {
                 self->publisher().publish(track, run, std::move(init));
             },
         .on_part =
             [self, track](media::Part part) { self->publisher().publish(track, std::move(part)); },
         .on_segment =
             [self, track, run = plan.run](media::Segment segment) {
                 self->publisher().publish(track, run, std::move(segment));
             },
         .on_end = on_end,
         .on_error = events().on_error});
    if (!made) return made.error();
    return Branch{.element = std::move(*made), .links = {{.pad = "sink", .rendition = {}}}};
}

std::vector<std::pair<std::string, std::string>> CmafOutput::recorded_files() const {
    std::vector<std::pair<std::string, std::string>> files;
    if (sink_.dash) {
        auto mpd = dash::recorded_mpd(timeline()->all(),
                                      hls::playlist_tracks(*timeline(), grid_.target_duration()),
                                      options().frame_rate, sink_.segment_duration);
        if (!mpd.text.empty()) {
            files.emplace_back(
                options().prefix + '/' + timeline()->programme() + "/dash/manifest.mpd",
                std::move(mpd.text));
        }
    }
    if (!sink_.hls) return files;
    auto playlists = hls::recorded_playlists(options().prefix, *timeline(), grid_.target_duration(),
                                             hls::cmaf_names());
    std::ranges::move(playlists, std::back_inserter(files));
    return files;
}

origin::View CmafOutput::view() const {
    return {.timeline = timeline(),
            .container = origin::Container::cmaf,
            .playlist_type = sink_.playlist_type,
            .frame_rate = options().frame_rate,
            .segment_duration = sink_.segment_duration,
            .target_duration = grid_.target_duration(),
            .window = sink_.window,
            .time_shift = sink_.time_shift,
            .recorded = options().recorded,
            .names = hls::cmaf_names(),
            .hls = sink_.hls,
            .dash = sink_.dash,
            .parts = parts_};
}

}  // namespace weir::channel
