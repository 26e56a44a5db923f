// SPDX-License-Identifier: MIT
// Manifests of arbitrary timelines, read back and compared with the slots.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "dash/mpd.hpp"
#include "mpd_rig.hpp"
#include "mpd_schema.hpp"
#include "support/mpd_reader.hpp"

namespace weir::dash {
namespace {

using media::MediaTime;
using media::Slot;
using media::Track;
using media::Window;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using test::Mpd;
using test::MpdPeriod;
using test::MpdRepresentation;

using Random = std::mt19937;

std::int64_t pick(Random& random, std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(random);
}

template <typename T>
const T& choose(Random& random, const std::vector<T>& values) {
    return values[static_cast<std::size_t>(pick(random, 0, std::ssize(values) - 1))];
}

Programme any_programme(Random& random) {
    const Rational rate =
        choose<Rational>(random, {{25, 1}, {30, 1}, {30000, 1001}, {24000, 1001}, {60, 1}});
    const MediaTime slot = choose<MediaTime>(
        random, {seconds(1), seconds(2), milliseconds(2002), milliseconds(1001), seconds(6)});
    Track opus = audio_track("opus", "de");
    opus.codecs = "opus";
    opus.frame_samples = 960;
    return Programme({video_track("720p", 720, rate), video_track("360p", 360, rate),
                      audio_track("a48", "en"), audio_track("a44", "fr", 44'100), opus},
                     rate, slot);
}

// What an owner of a channel may live through; returns the number of the next slot.
std::int64_t live_through(Random& random, Programme& programme, std::int64_t next, int event) {
    const std::string run = "run" + std::to_string(event);
    const std::int64_t kind = pick(random, 0, 6);
    if (kind == 0) programme.timeline().mark_discontinuity();
    if (kind == 1) programme.begin_run(run);  // at the edge
    if (kind == 2) {                          // after a hole
        programme.begin_run(run);
        next += pick(random, 1, 20);
        programme.slot(next++, pick(random, 0, 11));
    }
    if (kind == 3) {  // in the middle of the slot behind the last
        programme.begin_run(run);
        programme.slot(next++, pick(random, 1, 11));
    }
    if (kind == 4) {  // which ended early
        programme.slot(next++, 0, pick(random, 1, 11));
        programme.begin_run(run);
        next += pick(random, 0, 3);
    }
    if (kind == 5) next += pick(random, 1, 5);  // segments were lost
    if (kind == 6) {                            // with other renditions
        auto tracks = programme.tracks();
        std::swap(tracks[0], tracks[1]);
        tracks.pop_back();
        programme.timeline().change_tracks(next, tracks, run);
        programme.begin_run(run);
    }
    const std::int64_t end = next + pick(random, 1, 12);
    programme.slots(next, end);
    return end;
}

// ---- What has to be true --------------------------------------------------------------------

MediaTime time_of(std::int64_t units, std::int64_t timescale) {
    __extension__ using Wide = __int128;
    return MediaTime(static_cast<std::int64_t>(Wide(units) * 1'000'000'000 / timescale));
}

bool is_encoded(const Slot& slot, const std::string& track) {
    return !slot.stand_ins || !slot.stand_ins->contains(track);
}

std::string uri_of(const Slot& slot, const std::string& track) {
    return "../p/" + segment_file(track, slot, "m4s");
}

bool is_whole(const Programme& programme, const Slot& slot) {
    const auto& grid = programme.grid();
    return slot.start == grid.frame_time(grid.first_frame(slot.number));
}

// The numbers that a player derives from a template, up to and with `last`.
std::vector<std::int64_t> numbers_of(const MpdPeriod& period, const MpdRepresentation& in,
                                     std::int64_t last) {
    std::int64_t end = last + 1;
    if (period.duration) {
        const MediaTime step = time_of(*in.duration, in.timescale);
        end = in.start_number + (*period.duration + step - nanoseconds(1)) / step;
    }
    std::vector<std::int64_t> numbers;
    for (std::int64_t n = in.start_number; n < end; ++n) numbers.push_back(n);
    return numbers;
}

void check_order(const Mpd& mpd) {
    for (std::size_t i = 0; i < mpd.periods.size(); ++i) {
        const MpdPeriod& period = mpd.periods[i];
        if (i + 1 == mpd.periods.size()) break;
        REQUIRE(period.duration);
        CHECK(*period.duration > MediaTime::zero());
        CHECK(period.start + *period.duration <= mpd.periods[i + 1].start);
        if (!mpd.dynamic) CHECK(period.start + *period.duration == mpd.periods[i + 1].start);
    }
}

// A segment by its URI, and what the manifest says of its time.
struct Told {
    std::int64_t number = 0;
    MediaTime media_time{};
    MediaTime presentation_time{};
    MediaTime duration{};
};

std::map<std::string, Told> told_of(const Mpd& mpd, std::int64_t last) {
    std::map<std::string, Told> told;
    for (const MpdPeriod& period : mpd.periods) {
        for (const MpdRepresentation& in : period.representations) {
            const auto tell = [&](std::int64_t number, std::int64_t time, std::int64_t duration) {
                const Told segment{
                    .number = number,
                    .media_time = time_of(time, in.timescale),
                    .presentation_time =
                        period.start + time_of(time - in.presentation_time_offset, in.timescale),
                    .duration = time_of(duration, in.timescale)};
                CHECK(told.emplace(in.uri(number), segment).second);
            };
            for (const auto& s : in.timeline) tell(s.number, s.time, s.duration);
            if (!in.duration) continue;
            for (const std::int64_t n : numbers_of(period, in, last)) {
                const std::int64_t since = (n - in.start_number) * *in.duration;
                tell(n, in.presentation_time_offset + since, *in.duration);
            }
        }
    }
    return told;
}

// By number; true for slots that no manifest needs to show.
void check_number_manifest(const Programme& programme, const Window& window, const Mpd& mpd) {
    std::map<std::string, Told> told = told_of(mpd, window.slots.back().number);
    const MediaTime step = programme.grid().segment_duration();
    for (const Slot& slot : window.slots) {
        for (const Track& track : programme.tracks()) {
            const auto found = told.find(uri_of(slot, track.name));
            const bool is_there = !slot.gap && is_encoded(slot, track.name);
            if (!is_there || !is_whole(programme, slot)) {
                CHECK(found == told.end());
                continue;
            }
            REQUIRE(found != told.end());
            // Media lies where the manifest says, but for a frame of video and one of sound.
            const MediaTime late = track_time(track, slot.start) - found->second.media_time;
            CHECK(late > -milliseconds(1));
            CHECK(late < milliseconds(42 + 24));
            const MediaTime off = found->second.presentation_time - slot.number * step;
            CHECK(std::chrono::abs(off) < milliseconds(42 + 24));
            told.erase(found);
        }
    }
    // What is left was there before the window.
    for (const auto& left : told) {
        const auto& segment = left.second;
        CAPTURE(left.first);
        CHECK(segment.number < window.slots.front().number);
    }
}

void check_explicit_manifest(const Programme& programme, const Window& window, const Mpd& mpd) {
    std::map<std::string, Told> told = told_of(mpd, window.slots.back().number);
    MediaTime position{};  // static: what came before
    for (const Slot& slot : window.slots) {
        for (const Track& track : programme.tracks()) {
            if (slot.gap || !is_encoded(slot, track.name)) continue;
            const auto found = told.find(uri_of(slot, track.name));
            REQUIRE(found != told.end());
            CHECK(found->second.number == slot.number);
            CHECK(found->second.media_time == track_time(track, slot.start));
            const MediaTime duration = track_time(track, slot.end) - track_time(track, slot.start);
            CHECK(std::abs((found->second.duration - duration).count()) <= 1);
            if (!mpd.dynamic) {
                const MediaTime late = found->second.presentation_time - position;
                CHECK(late > -milliseconds(1));
                CHECK(late < milliseconds(24));
            }
            told.erase(found);
        }
        if (!slot.gap) position += slot.end - slot.start;
    }
    CHECK(told.empty());
    if (!mpd.dynamic) {
        CHECK(test::read_mpd_duration(mpd.attributes.at("mediaPresentationDuration")) == position);
    }
}

// What must be the same in all manifests of one kind that show it.
class Memory {
public:
    void check(const Mpd& mpd) {
        const std::string& since = mpd.attributes.at("availabilityStartTime");
        if (since_.empty()) since_ = since;
        CHECK(since_ == since);
        for (const MpdPeriod& period : mpd.periods) {
            const auto [start, is_new] = starts_.emplace(period.id, period.start);
            CHECK(start->second == period.start);
            if (is_new) CHECK(newest_ < period.start);
            newest_ = std::max(newest_, period.start);
            if (period.duration) {
                CHECK(durations_.emplace(period.id, *period.duration).first->second ==
                      *period.duration);
            } else {
                CHECK_FALSE(durations_.contains(period.id));
            }
            for (const MpdRepresentation& each : period.representations) {
                const std::string key = period.id + ' ' + each.id;
                CHECK(offsets_.emplace(key, each.presentation_time_offset).first->second ==
                      each.presentation_time_offset);
                CHECK(inits_.emplace(key, each.initialization).first->second ==
                      each.initialization);
                if (!each.duration) continue;
                CHECK(numbers_.emplace(key, each.start_number).first->second == each.start_number);
            }
        }
    }

private:
    std::string since_;
    MediaTime newest_{-1};
    std::map<std::string, MediaTime> starts_;
    std::map<std::string, MediaTime> durations_;
    std::map<std::string, std::int64_t> offsets_;
    std::map<std::string, std::int64_t> numbers_;
    std::map<std::string, std::string> inits_;
};

TEST_SUITE("dash/mpd periods") {
    TEST_CASE("whatever happens to a programme, its manifests name its segments and no other") {
        Schema schema;
        for (unsigned seed = 1; seed <= 60; ++seed) {
            CAPTURE(seed);
            Random random(seed);
            Programme programme = any_programme(random);
            std::int64_t next = programme.slot_of(kMorning) + pick(random, 0, 1000);
            programme.begin_run("first");
            programme.slot(next++, pick(random, 0, 1) * pick(random, 1, 11));
            programme.slots(next, next + 3);
            next += 3;
            Memory by_number;
            Memory by_timeline;
            for (int event = 0; event < 12; ++event) {
                CAPTURE(event);
                next = live_through(random, programme, next, event);
                if (pick(random, 0, 3) == 0) {
                    programme.timeline().trim(programme.grid().frame_time(
                        programme.grid().first_frame(next - pick(random, 3, 40))));
                }
                MpdOptions options = programme.options();
                options.low_latency = seed % 2 == 1;
                options.part_target = milliseconds(334);
                const Window live = programme.timeline().latest(seconds(pick(random, 6, 120)));
                const auto text = programme.mpd(live, options);
                if (!text.text.empty()) {
                    const Mpd mpd = test::read_mpd(text.text);
                    REQUIRE(mpd.valid);
                    check_order(mpd);
                    check_number_manifest(programme, live, mpd);
                    by_number.check(mpd);
                    schema.check(text.text);
                }

                const Window all = programme.timeline().all();
                options.explicit_timeline = true;
                const auto timeline = programme.mpd(all, options);
                const Mpd growing = test::read_mpd(timeline.text);
                REQUIRE(growing.valid);
                check_order(growing);
                check_explicit_manifest(programme, all, growing);
                by_timeline.check(growing);
                schema.check(timeline.text);
            }
            const Window part = programme.timeline().between(
                programme.grid().frame_time(programme.grid().first_frame(next - 25)),
                programme.grid().frame_time(programme.grid().first_frame(next - 2)));
            MpdOptions options = programme.options();
            options.type = MpdType::static_;
            const auto text = programme.mpd(part, options);
            if (!text.text.empty()) {
                const Mpd vod = test::read_mpd(text.text);
                REQUIRE(vod.valid);
                check_order(vod);
                check_explicit_manifest(programme, part, vod);
                schema.check(text.text);
            }
        }
    }
}

}  // namespace
}  // namespace weir::dash
