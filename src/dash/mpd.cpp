// SPDX-License-Identifier: MIT
#include "dash/mpd.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <numeric>
#include <string_view>
#include <utility>

#include "dash/periods.hpp"
#include "dash/time_text.hpp"
#include "dash/xml_writer.hpp"
#include "media/grid.hpp"
#include "media/slot.hpp"

namespace weir::dash {
namespace {

using media::MediaTime;
using media::Track;
using media::TrackKind;
using media::Window;

// Tracks between which a player may change: an AdaptationSet.
struct TrackSet {
    std::int64_t id = 0;
    std::string codec;  // its sample entry: "avc1"
    std::vector<const Track*> tracks;
    bool main = false;       // the first of its kind
    bool alike = false;      // the same times, in the same units, for all
    std::int64_t units = 0;  // a second, if alike
};

std::string_view sample_entry(const Track& track) {
    return std::string_view(track.codecs).substr(0, track.codecs.find('.'));
}

bool belongs(const TrackSet& set, const Track& track) {
    const Track& known = *set.tracks.front();
    return known.kind == track.kind && known.language == track.language &&
           known.channels == track.channels && set.codec == sample_entry(track);
}

// Units a second of the track's times in the MPD: the track's own, or a multiple where a slot would
// not be a whole number of them. An error per slot would grow to seconds in days.
std::int64_t units_per_second(const Track& track, MediaTime slot) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    const std::int64_t scale = media::timescale(track);
    // slot * scale * factor has to be a multiple of kSecond.
    const std::int64_t part = kSecond / std::gcd(kSecond, slot.count());
    return scale * (part / std::gcd(part, scale));
}

// In the order of the tracks, so that @id says the same in all Periods.
std::vector<TrackSet> sets_of(const std::vector<Track>& tracks, MediaTime segment_duration) {
    std::vector<TrackSet> sets;
    for (const Track& track : tracks) {
        if (track.kind == TrackKind::muxed || track.codecs.empty()) continue;
        const auto found =
            std::ranges::find_if(sets, [&](const TrackSet& set) { return belongs(set, track); });
        if (found != sets.end()) {
            found->tracks.push_back(&track);
            continue;
        }
        const bool main = std::ranges::none_of(
            sets, [&](const TrackSet& set) { return set.tracks.front()->kind == track.kind; });
        sets.push_back({.id = static_cast<std::int64_t>(sets.size()) + 1,
                        .codec = std::string(sample_entry(track)),
                        .tracks = {&track},
                        .main = main});
    }
    for (TrackSet& set : sets) {
        const Track& first = *set.tracks.front();
        set.units = units_per_second(first, segment_duration);
        set.alike = std::ranges::all_of(set.tracks, [&](const Track* track) {
            return units_per_second(*track, segment_duration) == set.units &&
                   track->frame_samples == first.frame_samples;
        });
    }
    return sets;
}

// Literal text within a template (ISO/IEC 23009-1 5.3.9.4.4).
std::string literal(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        if (c == '$') escaped += '$';
        escaped += c;
    }
    return escaped;
}

struct Extent {
    MediaTime start{};
    MediaTime end{};
};

class MpdText {
public:
    MpdText(const Window& window, const std::vector<Track>& tracks, const MpdOptions& options)
        : window_(window),
          options_(options),
          is_dynamic_(options.type == MpdType::dynamic),
          sets_(sets_of(tracks, options.segment_duration)) {}

    media::MarkedText make() {
        std::vector<Period> periods = periods_of(window_, options_);
        std::erase_if(periods, [this](const Period& period) { return !has_tracks(period); });
        if (periods.empty()) return {};
        open_mpd(periods.back());
        if (is_dynamic_ && options_.low_latency) service_description();
        for (const Period& one : periods) period(one);
        if (is_dynamic_) clocks();
        xml_.close();
        return std::move(xml_).take();
    }

private:
    // ---- What there is in a Period ------------------------------------------------------------

    static std::string init_of(const Period& period, const Track& track) {
        return media::init_file(track.name, period.slot);
    }

    static bool is_in(const Period& period, const Track& track) {
        const auto& stand_ins = period.slot.stand_ins;
        return !(stand_ins && stand_ins->contains(track.name)) && !init_of(period, track).empty();
    }

    static std::vector<const Track*> tracks_in(const Period& period, const TrackSet& set) {
        std::vector<const Track*> tracks;
        std::ranges::copy_if(set.tracks, std::back_inserter(tracks),
                             [&](const Track* track) { return is_in(period, *track); });
        return tracks;
    }

    [[nodiscard]] bool has_tracks(const Period& period) const {
        return std::ranges::any_of(
            sets_, [&](const TrackSet& set) { return !tracks_in(period, set).empty(); });
    }

    // ---- MPD ------------------------------------------------------------------------------------

    void open_mpd(const Period& last) {
        xml_.open("MPD");
        xml_.attribute("xmlns", "urn:mpeg:dash:schema:mpd:2011");
        std::string profiles =
            "urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019";
        if (is_dynamic_ && options_.low_latency) {
            profiles += ",http://www.dashif.org/guidelines/low-latency-live-v5";
        }
        xml_.attribute("profiles", profiles);
        xml_.attribute("type", is_dynamic_ ? "dynamic" : "static");
        if (is_dynamic_) dynamic_attributes();
        if (!is_dynamic_ || window_.ended) {
            xml_.attribute("mediaPresentationDuration",
                           duration_text(last.start + last.duration.value_or(MediaTime::zero())));
        }
        xml_.attribute("minBufferTime", duration_text(buffer_time()));
        xml_.attribute("maxSegmentDuration", duration_text(longest_segment()));
    }

    void dynamic_attributes() {
        xml_.attribute("availabilityStartTime", utc_text(options_.output_latency + notice()));
        xml_.attribute("publishTime", utc_text(options_.publish_time));
        if (!window_.ended) {
            xml_.attribute("minimumUpdatePeriod", duration_text(update_period()));
        }
        if (options_.time_shift_buffer_depth > MediaTime::zero()) {
            xml_.attribute("timeShiftBufferDepth", duration_text(options_.time_shift_buffer_depth));
        }
        xml_.attribute(
            "suggestedPresentationDelay",
            duration_text(options_.low_latency ? target_latency() : 3 * options_.segment_duration));
    }

    // Of sound: it begins up to one of its frames behind the video, and may end so.
    [[nodiscard]] MediaTime longest_segment() const {
        const media::Grid grid(options_.frame_rate, options_.segment_duration);
        MediaTime longest_frame{};
        for (const TrackSet& set : sets_) {
            const Track& track = *set.tracks.front();
            if (track.kind != TrackKind::audio) continue;
            longest_frame =
                std::max(longest_frame, media::sample_time(track.frame_samples, track.sample_rate));
        }
        const MediaTime longest = options_.segment_duration + grid.frame_duration() + longest_frame;
        return std::chrono::ceil<std::chrono::milliseconds>(longest);
    }

    [[nodiscard]] MediaTime update_period() const {
        constexpr MediaTime kShort = std::chrono::milliseconds(500);
        return options_.low_latency ? kShort : options_.segment_duration / 2;
    }

    // How much later than they can be fetched the manifest says that segments are there: another
    // run's segments have other names, and a player has to have read of it before it asks for them.
    // The manifest may come out of a cache, but for low latency.
    [[nodiscard]] MediaTime notice() const {
        return options_.low_latency ? update_period() * 3 / 2 : update_period() * 2;
    }

    [[nodiscard]] MediaTime buffer_time() const {
        const bool low = is_dynamic_ && options_.low_latency;
        return low ? options_.part_target : options_.segment_duration;
    }

    // Three parts as in HLS (PART-HOLD-BACK), and half a second, since a DASH client polls.
    [[nodiscard]] MediaTime target_latency() const {
        return 3 * options_.part_target + std::chrono::milliseconds(500);
    }

    void service_description() {
        using std::chrono::ceil;
        using std::chrono::milliseconds;
        const std::int64_t target_ms = ceil<milliseconds>(target_latency()).count();
        xml_.open("ServiceDescription");
        xml_.attribute("id", 0);
        xml_.open("Latency");
        xml_.attribute("target", target_ms);
        // Not far from it: shaka catches up only when it is behind the largest.
        xml_.attribute("max", target_ms + kLatencyRangeMs);
        xml_.attribute("min", target_ms - kLatencyRangeMs);
        xml_.close();
        xml_.open("PlaybackRate");
        xml_.attribute("max", "1.04");
        xml_.attribute("min", "0.96");
        xml_.close();
        xml_.close();
    }

    void descriptor(std::string_view element, std::string_view scheme, std::string_view value) {
        xml_.open(element);
        xml_.attribute("schemeIdUri", scheme);
        xml_.attribute("value", value);
        xml_.close();
    }

    void clocks() {
        if (options_.time_uri.empty()) return;
        descriptor("UTCTiming", "urn:mpeg:dash:utc:http-xsdate:2014", options_.time_uri);
        descriptor("UTCTiming", "urn:mpeg:dash:utc:http-iso:2014", options_.time_uri);
    }

    // ---- Period ---------------------------------------------------------------------------------

    void period(const Period& period) {
        xml_.open("Period");
        xml_.attribute("id", period.id);
        xml_.attribute("start", duration_text(period.start));
        if (period.duration) xml_.attribute("duration", duration_text(*period.duration));
        read_extents(period);
        for (const TrackSet& set : sets_) {
            const std::vector<const Track*> tracks = tracks_in(period, set);
            if (!tracks.empty()) adaptation_set(period, set, tracks);
        }
        xml_.close();
    }

    void adaptation_set(const Period& period, const TrackSet& set,
                        const std::vector<const Track*>& tracks) {
        const bool is_video = tracks.front()->kind == TrackKind::video;
        xml_.open("AdaptationSet");
        xml_.attribute("id", set.id);
        xml_.attribute("contentType", is_video ? "video" : "audio");
        xml_.attribute("mimeType", is_video ? "video/mp4" : "audio/mp4");
        if (!tracks.front()->language.empty()) {
            xml_.attribute("lang", tracks.front()->language);
        }
        xml_.attribute("segmentAlignment", "true");
        xml_.attribute("startWithSAP", 1);
        if (is_video) largest(tracks);
        if (set.main) descriptor("Role", "urn:mpeg:dash:role:2011", "main");
        if (set.alike) segment_template(period, *tracks.front(), false);
        for (const Track* track : tracks) representation(period, *track, set.alike);
        xml_.close();
    }

    void largest(const std::vector<const Track*>& tracks) {
        const auto most = [&](int Track::*member) {
            const auto less = [=](const Track* a, const Track* b) {
                return a->*member < b->*member;
            };
            return (*std::ranges::max_element(tracks, less))->*member;
        };
        if (most(&Track::width) > 0) xml_.attribute("maxWidth", most(&Track::width));
        if (most(&Track::height) > 0) xml_.attribute("maxHeight", most(&Track::height));
        const auto slower = [](const Track* a, const Track* b) {
            return a->frame_rate.as_double() < b->frame_rate.as_double();
        };
        xml_.attribute("maxFrameRate",
                       rate_text((*std::ranges::max_element(tracks, slower))->frame_rate));
    }

    static std::string rate_text(Rational rate) {
        const std::int64_t common = std::gcd(rate.numerator, rate.denominator);
        return to_string(Rational{rate.numerator / common, rate.denominator / common});
    }

    void representation(const Period& period, const Track& track, bool has_template) {
        xml_.open("Representation");
        xml_.attribute("id", track.name);
        xml_.attribute("bandwidth", track.bandwidth.peak_bps);
        xml_.attribute("codecs", track.codecs);
        if (track.kind == TrackKind::video) {
            if (track.width > 0) xml_.attribute("width", track.width);
            if (track.height > 0) xml_.attribute("height", track.height);
            xml_.attribute("frameRate", rate_text(track.frame_rate));
            xml_.attribute("sar", "1:1");
        } else {
            xml_.attribute("audioSamplingRate", track.sample_rate);
            channels(track.channels);
        }
        if (has_template) {
            xml_.open("SegmentTemplate");
            initialization(period, track);
            xml_.close();
        } else {
            segment_template(period, track, true);
        }
        xml_.close();
    }

    // ISO/IEC 23091-3 ChannelConfiguration: the usual loudspeakers for so many channels.
    void channels(int count) {
        static constexpr std::array<std::string_view, 9> kUsual = {"",  "1", "2", "3", "4",
                                                                   "5", "6", "",  "12"};
        if (count < 1 || count >= static_cast<int>(kUsual.size())) return;
        const std::string_view value = kUsual[static_cast<std::size_t>(count)];
        if (value.empty()) return;
        descriptor("AudioChannelConfiguration", "urn:mpeg:mpegB:cicp:ChannelConfiguration", value);
    }

    // ---- Segments -------------------------------------------------------------------------------

    void initialization(const Period& period, const Track& track) {
        xml_.uri("initialization", literal(options_.uri_prefix + init_of(period, track)));
    }

    void segment_template(const Period& period, const Track& track, bool with_initialization) {
        const std::int64_t units = units_per_second(track, options_.segment_duration);
        xml_.open("SegmentTemplate");
        xml_.attribute("timescale", units);
        xml_.attribute("presentationTimeOffset",
                       media::unit_at_or_after(period.media_start, units));
        if (period.explicit_timeline) {
            xml_.attribute("startNumber", period.start_number);
        } else {
            xml_.attribute("startNumber", period.first_whole);
            xml_.attribute("duration", media::unit_at_or_after(options_.segment_duration, units));
            if (options_.low_latency) early_availability();
        }
        if (with_initialization) initialization(period, track);
        xml_.uri("media", literal(options_.uri_prefix) + "$RepresentationID$/$Number$-" +
                              literal(period.slot.run) + ".m4s");
        if (period.explicit_timeline) segment_timeline(track, units);
        xml_.close();
    }

    // A segment can be asked for when its first part is there.
    void early_availability() {
        const MediaTime early = options_.segment_duration - options_.part_target;
        xml_.attribute("availabilityTimeOffset", seconds_text(early));
        xml_.attribute("availabilityTimeComplete", "false");
    }

    void segment_timeline(const Track& track, std::int64_t units) {
        const std::int64_t factor = units / media::timescale(track);
        const auto at = [&](MediaTime time) { return media::track_units(track, time) * factor; };
        xml_.open("SegmentTimeline");
        SegmentRun run;
        std::int64_t written_end = -1;
        MediaTime end{-1};
        std::int64_t end_units = 0;
        for (const Extent& slot : extents_) {
            const std::int64_t start = slot.start == end ? end_units : at(slot.start);
            end = slot.end;
            end_units = at(end);
            const std::int64_t duration = end_units - start;
            if (run.count > 0 && start == run.end() && duration == run.duration) {
                ++run.count;
                continue;
            }
            written_end = write(run, written_end);
            run = {.start = start, .duration = duration, .count = 1};
        }
        write(run, written_end);
        xml_.close();
    }

    // Of the slots of an explicit Period. Read once for all tracks: days of slots do not fit into
    // any cache of a processor.
    void read_extents(const Period& period) {
        extents_.clear();
        if (!period.explicit_timeline) return;
        extents_.reserve(period.end - period.first);
        const auto begin = window_.slots.begin();
        std::transform(
            begin + static_cast<std::ptrdiff_t>(period.first),
            begin + static_cast<std::ptrdiff_t>(period.end), std::back_inserter(extents_),
            [](const media::Slot& slot) { return Extent{.start = slot.start, .end = slot.end}; });
    }

    // Segments of one length, one behind the other.
    struct SegmentRun {
        std::int64_t start = 0;
        std::int64_t duration = 0;
        std::int64_t count = 0;
        [[nodiscard]] std::int64_t end() const { return start + count * duration; }
    };

    // Returns where it ends.
    std::int64_t write(const SegmentRun& run, std::int64_t expected) {
        if (run.count == 0) return expected;
        xml_.open("S");
        if (run.start != expected) xml_.attribute("t", run.start);
        xml_.attribute("d", run.duration);
        if (run.count > 1) xml_.attribute("r", run.count - 1);
        xml_.close();
        return run.end();
    }

    static constexpr std::int64_t kLatencyRangeMs = 500;

    const Window& window_;
    const MpdOptions& options_;
    const bool is_dynamic_;
    const std::vector<TrackSet> sets_;
    std::vector<Extent> extents_;
    XmlWriter xml_;
};

}  // namespace

media::MarkedText make_mpd(const Window& window, const std::vector<Track>& tracks,
                           const MpdOptions& options) {
    return MpdText(window, tracks, options).make();
}

media::MarkedText recorded_mpd(const Window& window, const std::vector<Track>& tracks,
                               Rational frame_rate, MediaTime segment_duration) {
    MpdOptions options;
    options.type = MpdType::static_;
    options.segment_duration = segment_duration;
    options.frame_rate = frame_rate;
    options.uri_prefix = "../";
    return make_mpd(window, tracks, options);
}

}  // namespace weir::dash
