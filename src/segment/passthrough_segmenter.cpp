// SPDX-License-Identifier: MIT
#include "segment/passthrough_segmenter.hpp"
#include "segment/mapped.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/log.hpp"
#include "media/codecs.hpp"
#include "media/grid.hpp"
#include "media/parameter_sets.hpp"

namespace weir::segment {

using namespace std::chrono_literals;
using media::MediaTime;
using media::UnitKind;

namespace {

// From the first unit until the offset to the clock is fixed and the tracks are known.
constexpr MediaTime kSettle = 300ms;
// Without any word of video after so long it is a stream of audio.
constexpr MediaTime kVideoPatience = 2s;
// The audio that is kept while the first keyframe is awaited.
constexpr MediaTime kAudioKept = 2s;
// Times that go on further than this, or back, are another beginning.
constexpr MediaTime kJump = 5s;
// 100 Mbit/s over ten seconds, twice: what is more is nobody's video.
constexpr std::size_t kMaxSegmentBytes = 256'000'000;
// The peak of the first segment is no bound of what comes: pictures differ.
constexpr double kBandwidthMargin = 1.5;
// Nine ticks of 90 kHz.
constexpr MediaTime kOffsetStep = 100us;
// mpegtsmux adds an hour to the running time; all of weir's renditions agree in it.
constexpr MediaTime kStreamStart = 3600s;

std::size_t index(UnitKind kind) {
    return kind == UnitKind::video ? 0 : 1;
}

std::optional<MediaTime> stamp(GstClockTime time) {
    // Past two hundred years nothing could be added to it.
    if (!GST_CLOCK_TIME_IS_VALID(time) || time > static_cast<GstClockTime>(INT64_MAX) / 2) {
        return std::nullopt;
    }
    return MediaTime(static_cast<std::int64_t>(time));
}

// Rounded; the offset is a whole number of ticks, so this rounds the source's time alone.
Ticks to_ticks(MediaTime time) {
    const std::int64_t shifted = (time + kStreamStart).count();
    // 9 / 100000 of nanoseconds, in two parts: the product would not fit.
    return shifted / 100'000 * 9 + (shifted % 100'000 * 9 + 50'000) / 100'000;
}

bool has_text(const GstStructure* caps, const char* field, const char* text) {
    const char* value = gst_structure_get_string(caps, field);
    return value && std::strcmp(value, text) == 0;
}

Result<StreamFormat> read_video_format(const GstStructure* caps) {
    if (!gst_structure_has_name(caps, "video/x-h264")) {
        return Error{ErrorCode::unsupported, std::string("video of ") +
                                                 gst_structure_get_name(caps) +
                                                 " cannot be passed through, only H.264"};
    }
    StreamFormat format;
    if (!has_text(caps, "stream-format", "avc")) return format;
    const Mapped data(codec_data(caps));
    auto config = media::read_avc_config(data.bytes());
    if (!config) return config.error();
    auto codec = media::avc_codec_string(config->sps);
    if (!codec) return codec.error();
    format.video = {.nal_length_size = config->nal_length_size, .prefix = config->prefix};
    format.sps = config->sps;
    format.codec = std::move(*codec);
    format.identity.assign(data.bytes().begin(), data.bytes().end());
    return format;
}

Result<StreamFormat> read_audio_format(const GstStructure* caps) {
    int version = 0;
    gst_structure_get_int(caps, "mpegversion", &version);
    if (!gst_structure_has_name(caps, "audio/mpeg") || (version != 4 && version != 2)) {
        return Error{ErrorCode::unsupported, std::string("audio of ") +
                                                 gst_structure_get_name(caps) +
                                                 " cannot be passed through, only AAC"};
    }
    StreamFormat format;
    if (has_text(caps, "stream-format", "adts")) {
        gst_structure_get_int(caps, "rate", &format.audio.sample_rate);
        return format;
    }
    const Mapped data(codec_data(caps));
    auto adts = media::read_audio_specific_config(data.bytes());
    if (!adts) return adts.error();
    auto codec = media::aac_codec_string(data.bytes());
    if (!codec) return codec.error();
    format.audio = {.adts = *adts, .sample_rate = adts->sample_rate()};
    format.codec = std::move(*codec);
    format.identity.assign(data.bytes().begin(), data.bytes().end());
    return format;
}

// A rate that cameras have, when the measured one is close to it.
Rational nearest_rate(double measured) {
    constexpr std::array kRates{Rational{24'000, 1001}, Rational{24, 1}, Rational{25, 1},
                                Rational{30'000, 1001}, Rational{30, 1}, Rational{50, 1},
                                Rational{60'000, 1001}, Rational{60, 1}};
    const auto distance = [measured](const Rational& rate) {
        return std::abs(rate.as_double() - measured);
    };
    const Rational* best = kRates.data();
    for (const Rational& rate : kRates) {
        if (distance(rate) < distance(*best)) best = &rate;
    }
    // 24000/1001 and 24 are one in a thousand apart.
    if (distance(*best) < measured * 0.0004) return *best;
    return {std::llround(measured * 1000), 1000};
}

}  // namespace

// One connection's end of it.
class PassthroughSegmenter::Sink final : public media::UnitSink {
public:
    Sink(std::shared_ptr<PassthroughSegmenter> owner, std::uint64_t connection)
        : owner_(std::move(owner)), connection_(connection) {}
    ~Sink() override { owner_->close(connection_); }

    void configure(UnitKind kind, const base::MiniPtr<GstCaps>& caps) override {
        owner_->configure(connection_, kind, caps.get());
    }
    bool push(UnitKind kind, base::MiniPtr<GstBuffer> unit) override {
        return owner_->push(connection_, kind, std::move(unit));
    }
    void close() override { owner_->close(connection_); }

private:
    const std::shared_ptr<PassthroughSegmenter> owner_;
    const std::uint64_t connection_;
};

PassthroughSegmenter::PassthroughSegmenter(const PassthroughOptions& options,
                                           std::shared_ptr<base::Clock> clock,
                                           PassthroughEvents events)
    : options_(options),
      monotonic_(std::move(clock)),
      events_(std::move(events)),
      clock_(monotonic_),
      cutter_({.segment_duration = options.segment_duration,
               .max_segment_duration = options.max_segment_duration,
               .first_number = options.first_number}) {}

std::shared_ptr<media::UnitSink> PassthroughSegmenter::open() {
    const std::lock_guard lock(mutex_);
    end_epoch();
    configured_ = {};
    clock_.observe();
    return std::make_shared<Sink>(shared_from_this(), ++connection_);
}

void PassthroughSegmenter::close(std::uint64_t connection) {
    const std::lock_guard lock(mutex_);
    if (connection != connection_) return;
    end_epoch();
    ++connection_;
}

void PassthroughSegmenter::finish() {
    const std::lock_guard lock(mutex_);
    end_epoch();
    finished_ = true;
}

std::int64_t PassthroughSegmenter::next_number() const {
    const std::lock_guard lock(mutex_);
    return cutter_.next_number();
}

void PassthroughSegmenter::set_alert(bool& state, const char* code, bool set,
                                     const std::string& text) {
    if (std::exchange(state, set) != set) events_.on_alert(code, set, text);
}

void PassthroughSegmenter::configure(std::uint64_t connection, UnitKind kind, GstCaps* caps) {
    const std::lock_guard lock(mutex_);
    if (connection != connection_ || finished_ || !caps || gst_caps_get_size(caps) == 0) return;
    const GstStructure* structure = gst_caps_get_structure(caps, 0);
    auto format =
        kind == UnitKind::video ? read_video_format(structure) : read_audio_format(structure);
    auto& configured = configured_[index(kind)];
    if (!format) {
        configured.reset();
        return set_alert(codec_alert_, "passthrough_codec", true, format.error().message);
    }
    set_alert(codec_alert_, "passthrough_codec", false, "");
    // Servers repeat it; the same one is no change.
    if (configured && *configured == *format) return;
    configured = std::make_shared<const StreamFormat>(std::move(*format));
}

bool PassthroughSegmenter::push(std::uint64_t connection, UnitKind kind,
                                base::MiniPtr<GstBuffer> buffer) {
    const std::lock_guard lock(mutex_);
    if (connection != connection_ || finished_) return false;
    auto unit = accept(kind, std::move(buffer));
    if (!unit) return true;
    epoch_.merger.push(std::move(*unit));
    if (!epoch_.offset) {
        if (!epoch_.keyframe_seen) epoch_.merger.keep_last(kAudioKept);
        if (!settled()) return true;
        settle();
    }
    flow();
    return true;
}

// The unit with its times in source time; nothing if it is of no use.
std::optional<MergedUnit> PassthroughSegmenter::accept(UnitKind kind,
                                                       base::MiniPtr<GstBuffer> buffer) {
    const auto& format = configured_[index(kind)];
    if (!format || !buffer) return std::nullopt;
    const bool keyframe = !GST_BUFFER_FLAG_IS_SET(buffer.get(), GST_BUFFER_FLAG_DELTA_UNIT);
    const auto said_dts = stamp(GST_BUFFER_DTS(buffer.get()));
    const auto said_pts = stamp(GST_BUFFER_PTS(buffer.get()));
    if (!said_dts && !said_pts) return std::nullopt;
    const MediaTime arrival = monotonic_->monotonic();
    const MediaTime pts = said_pts ? *said_pts : *said_dts;
    const MediaTime dts = std::min(said_dts.value_or(pts), pts);
    const bool moves = epoch_.first_arrival.has_value();
    if (moves && (dts > epoch_.newest + kJump || dts < epoch_.newest - kJump)) {
        end_epoch();
    }
    if (kind == UnitKind::video && !epoch_.keyframe_seen) {
        if (!keyframe) return std::nullopt;
        epoch_.keyframe_seen = true;
        epoch_.first_pts = pts;
        // The moments that decide on the offset begin with it.
        if (!epoch_.offset) epoch_.first_arrival = arrival;
    }
    if (!epoch_.first_arrival) {
        epoch_.first_arrival = arrival;
        epoch_.first_pts = pts;
    }
    epoch_.newest = moves ? std::max(epoch_.newest, dts) : dts;
    const MediaTime lead = clock_.now() - dts;
    epoch_.lead = std::min(epoch_.lead.value_or(lead), lead);
    return MergedUnit{.kind = kind,
                      .buffer = std::move(buffer),
                      .pts = pts,
                      .dts = dts,
                      .keyframe = keyframe,
                      .format = format};
}

bool PassthroughSegmenter::settled() const {
    const auto& merger = epoch_.merger;
    const MediaTime waited = monotonic_->monotonic() - *epoch_.first_arrival;
    if (merger.size_bytes() > UnitMerger::kMaxBytes) return true;
    if (epoch_.keyframe_seen) return waited >= kSettle || merger.span() > kJump;
    return waited >= (configured_[0] ? options_.max_segment_duration : kVideoPatience);
}

// From here on the connection's times are those of the clock; but never before what there was.
void PassthroughSegmenter::settle() {
    MediaTime offset = *epoch_.lead / kOffsetStep * kOffsetStep;
    if (const auto last = cutter_.last_end()) {
        const MediaTime least = *last - epoch_.first_pts;
        if (offset < least) offset = (least + kOffsetStep - 1ns) / kOffsetStep * kOffsetStep;
    }
    epoch_.offset = offset;
    begin_stream();
}

void PassthroughSegmenter::flow() {
    while (auto unit = epoch_.merger.pop()) process(std::move(*unit));
}

void PassthroughSegmenter::end_epoch() {
    const bool flows = epoch_.keyframe_seen || !configured_[0];
    if (!epoch_.offset && epoch_.first_arrival && flows) settle();
    if (epoch_.offset) {
        while (auto unit = epoch_.merger.drain()) process(std::move(*unit));
    }
    end_segment();
    epoch_ = {};
}

void PassthroughSegmenter::end_segment() {
    if (const auto closed = cutter_.end_segment()) give(*closed, writer_.take());
}

// What follows consists of the tracks that have come so far, and cannot be joined to what was.
void PassthroughSegmenter::begin_stream() {
    end_segment();
    has_video_ = epoch_.merger.has(UnitKind::video);
    has_audio_ = epoch_.merger.has(UnitKind::audio);
    cutter_.begin_stream(has_video_);
    writer_.set_tracks(has_video_, has_audio_);
    written_ = {};
    restart_ = false;
    sps_.clear();
    rate_ = {};
}

// A stream changes where a segment can begin only: until then the changed track is left out.
bool PassthroughSegmenter::changes_stream(const MergedUnit& unit, std::span<const std::byte> sps) {
    const bool video = unit.kind == UnitKind::video;
    const auto& written = written_[index(unit.kind)];
    const bool present = video ? has_video_ : has_audio_;
    const bool other = written && written != unit.format && *written != *unit.format;
    const bool other_sps = !sps.empty() && !sps_.empty() && !std::ranges::equal(sps, sps_);
    if (present && !other && !other_sps) return false;
    restart_ = true;
    return true;
}

void PassthroughSegmenter::process(MergedUnit unit) {
    const bool video = unit.kind == UnitKind::video;
    const Mapped mapped(unit.buffer.get());
    const auto bytes = mapped.bytes();
    if (bytes.empty()) return;
    std::span<const std::byte> sps = unit.format->sps;
    if (video && unit.keyframe && unit.format->video.nal_length_size == 0) {
        sps = media::find_nal_unit(bytes, media::kNalSps);
    }
    const bool changes = changes_stream(unit, sps);
    if (restart_ && (video ? unit.keyframe : !has_video_)) {
        begin_stream();
    } else if (changes) {
        return;
    }
    if (!written_[index(unit.kind)]) apply_format(unit, bytes);
    if (!sps.empty() && sps_.empty()) sps_.assign(sps.begin(), sps.end());
    cut(unit, bytes);
}

void PassthroughSegmenter::apply_format(const MergedUnit& unit, std::span<const std::byte> bytes) {
    written_[index(unit.kind)] = unit.format;
    if (unit.kind == UnitKind::video) return writer_.set_video_format(unit.format->video);
    TsAudioFormat format = unit.format->audio;
    audio_codec_ = unit.format->codec;
    if (const auto adts = media::read_adts_format(bytes); !format.adts && adts) {
        format.sample_rate = adts->sample_rate();
        audio_codec_ = "mp4a.40." + std::to_string(adts->profile + 1);
    }
    writer_.set_audio_format(format);
}

void PassthroughSegmenter::cut(const MergedUnit& unit, std::span<const std::byte> bytes) {
    const PassthroughCutter::Unit placed{.kind = unit.kind,
                                         .keyframe = unit.keyframe,
                                         .pts = unit.pts + *epoch_.offset,
                                         .dts = unit.dts + *epoch_.offset};
    PassthroughCutter::Step step;
    do {
        step = cutter_.place(placed, clock_.now());
        if (!step.closed) break;
        give(*step.closed, step.at_mark ? writer_.take(mark_) : writer_.take());
        note_gop(step);
    } while (step.at_mark);
    if (!step.taken) return;
    if (step.begins) {
        begins_with_keyframe_ = unit.keyframe;
        writer_.begin_segment();
    }
    if (step.mark) {
        writer_.flush_audio();
        mark_ = writer_.size();
        writer_.begin_segment();
    }
    write(placed, bytes);
    if (writer_.size() <= kMaxSegmentBytes) return;
    GST_WARNING("a segment of more than %zu bytes", kMaxSegmentBytes);
    end_segment();
}

// Cleared by a segment that has a keyframe at both ends.
void PassthroughSegmenter::note_gop(const PassthroughCutter::Step& step) {
    if (step.no_keyframe) {
        const auto limit = std::chrono::ceil<std::chrono::seconds>(options_.max_segment_duration);
        set_alert(gop_alert_, "passthrough_gop", true,
                  "there is no keyframe within " + std::to_string(limit.count()) +
                      " s: segments begin without one, and a viewer who comes waits for the next");
    } else if (begins_with_keyframe_) {
        set_alert(gop_alert_, "passthrough_gop", false, "");
    }
    if (step.at_mark) begins_with_keyframe_ = true;
}

void PassthroughSegmenter::write(const PassthroughCutter::Unit& unit,
                                 std::span<const std::byte> bytes) {
    const Ticks pts = to_ticks(unit.pts);
    if (unit.kind == UnitKind::video) {
        if (!rate_.first) rate_.first = unit.dts;
        rate_.last = unit.dts;
        ++rate_.pictures;
    }
    const auto written = unit.kind == UnitKind::video
                             ? writer_.write_video(bytes, unit.keyframe, pts, to_ticks(unit.dts))
                             : writer_.write_audio(bytes, pts);
    if (!written) GST_WARNING("left out: %s", written.error().message.c_str());
}

void PassthroughSegmenter::give(const PassthroughCutter::Span& span, Bytes bytes) {
    if (!std::exchange(described_, true)) describe(span, bytes.size());
    GST_DEBUG("%s: segment %" G_GINT64_FORMAT ", %" G_GUINT64_FORMAT " bytes",
              options_.name.c_str(), span.number, bytes.size());
    events_.on_segment({.number = span.number,
                        .start = span.start,
                        .end = span.end,
                        .discontinuity = span.discontinuity,
                        .bytes = std::move(bytes)});
}

double PassthroughSegmenter::measured_rate() const {
    if (rate_.pictures < 2 || rate_.last <= *rate_.first) return 0;
    const std::chrono::duration<double> time = rate_.last - *rate_.first;
    return static_cast<double>(rate_.pictures - 1) / time.count();
}

void PassthroughSegmenter::describe(const PassthroughCutter::Span& span, std::uint64_t size_bytes) {
    media::Track track{.name = options_.name, .frame_rate = {0, 1}};
    if (const auto codec = media::avc_codec_string(sps_); has_video_ && codec)
        track.codecs = *codec;
    if (has_audio_ && !audio_codec_.empty()) {
        track.codecs += (track.codecs.empty() ? "" : ",") + audio_codec_;
    }
    const double measured = measured_rate();
    if (measured > 0) track.frame_rate = nearest_rate(measured);
    if (const auto format = media::read_picture_format(sps_); has_video_ && format) {
        track.width = format->width;
        track.height = format->height;
        // What the stream says is exact, when it is true.
        const double said = format->frame_rate.as_double();
        if (std::abs(said - measured) < measured * 0.005) track.frame_rate = format->frame_rate;
    }
    const std::chrono::duration<double> duration = span.end - span.start;
    const double bps = static_cast<double>(size_bytes) * 8 / duration.count();
    track.bandwidth = {.peak_bps = std::llround(std::ceil(bps * kBandwidthMargin)),
                       .average_bps = std::llround(std::ceil(bps))};
    events_.on_track(std::move(track));
}

}  // namespace weir::segment
