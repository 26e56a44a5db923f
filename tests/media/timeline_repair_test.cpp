// SPDX-License-Identifier: MIT
#include "media/timeline_repair.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using weir::media::kMpegWrap;
using weir::media::kRtmpWrap;
using weir::media::kRtpWrap;
using weir::media::MediaTime;
using weir::media::TimelineRepair;
using weir::media::TimelineRepairOptions;
using weir::media::UnitKind;
using weir::media::Wrap;

namespace {

constexpr auto kVideo = UnitKind::video;
constexpr auto kAudio = UnitKind::audio;
constexpr MediaTime kStart = 1000s;  // of the arrival clock

// One unit of a source that knows when its content really was.
struct Sent {
    UnitKind kind = kVideo;
    int index = 0;  // in its track
    MediaTime truth{};
    MediaTime composition{};
    std::optional<MediaTime> dts{};
    std::optional<MediaTime> pts{};
    MediaTime arrival{};
    bool expect_jump = false;
};

// 30000/1001 pictures and AAC at 48 kHz, interleaved as a muxer does.
std::vector<Sent> source(MediaTime length, bool b_frames = false) {
    std::vector<Sent> units;
    for (int i = 0; MediaTime(i * 1'001'000'000LL / 30) < length; ++i) {
        const MediaTime truth(i * 1'001'000'000LL / 30);
        // I P B B: a P picture is shown two pictures after those that follow it.
        const int shift = !b_frames ? 0 : i % 3 == 1 ? 3 : i == 0 ? 1 : 0;
        units.push_back({kVideo, i, truth, shift * MediaTime(1'001'000'000 / 30)});
    }
    for (int i = 0; MediaTime(i * 1'024'000'000LL / 48) < length; ++i) {
        units.push_back({kAudio, i, MediaTime(i * 1'024'000'000LL / 48)});
    }
    std::stable_sort(units.begin(), units.end(),
                     [](const Sent& a, const Sent& b) { return a.truth < b.truth; });
    for (auto& unit : units) {
        unit.dts = unit.truth;
        unit.pts = unit.truth + unit.composition;
        unit.arrival = kStart + unit.truth;
    }
    return units;
}

using Change = std::function<void(Sent&)>;

std::vector<Sent> changed(std::vector<Sent> units, const Change& change) {
    for (auto& unit : units) change(unit);
    return units;
}

// Every stamp moves.
void shift(Sent& unit, MediaTime by) {
    if (unit.dts) *unit.dts += by;
    if (unit.pts) *unit.pts += by;
}

// A clock that counts ticks and wraps, seen in nanoseconds.
MediaTime ticked(MediaTime time, Wrap wrap) {
    const auto rate = static_cast<long double>(wrap.rate);
    const auto ticks = static_cast<std::int64_t>(
        std::floor(static_cast<long double>(time.count()) * rate / 1e9L + 1e-6L));
    const auto left = ((ticks % wrap.ticks) + wrap.ticks) % wrap.ticks;
    return MediaTime(
        static_cast<std::int64_t>(std::floor(static_cast<long double>(left) * 1e9L / rate)));
}

void tick(Sent& unit, Wrap wrap) {
    if (unit.dts) unit.dts = ticked(*unit.dts, wrap);
    if (unit.pts) unit.pts = ticked(*unit.pts, wrap);
}

MediaTime period(Wrap wrap) {
    return MediaTime(static_cast<std::int64_t>(static_cast<long double>(wrap.ticks) * 1e9L /
                                               static_cast<long double>(wrap.rate)));
}

struct Outcome {
    std::size_t dropped = 0;
    std::uint64_t epochs = 0;
    MediaTime spread{};        // of line - truth, over both tracks
    MediaTime track_spread{};  // the same within a track
    MediaTime composition_error{};
};

struct Range {
    MediaTime low = MediaTime::max();
    MediaTime high = MediaTime::min();
    void add(MediaTime value) {
        low = std::min(low, value);
        high = std::max(high, value);
    }
    [[nodiscard]] MediaTime size() const { return high < low ? 0ns : high - low; }
};

// What holds for any input is checked here.
Outcome run(const std::vector<Sent>& units, const TimelineRepairOptions& options = {}) {
    TimelineRepair repair(options);
    Outcome outcome;
    Range all;
    Range tracks[2];
    std::optional<MediaTime> last[2];
    std::uint64_t marks = 0;
    for (const auto& unit : units) {
        if (unit.expect_jump) repair.expect_jump(unit.kind);
        const auto times = repair.repair({unit.kind, unit.dts, unit.pts, unit.arrival});
        if (!times) {
            ++outcome.dropped;
            continue;
        }
        const std::size_t track = unit.kind == kVideo ? 0 : 1;
        CAPTURE(unit.index);
        CAPTURE(track);
        REQUIRE(times->dts.count() >= 0);
        REQUIRE(times->pts.count() >= 0);
        if (last[track]) REQUIRE(times->dts >= *last[track] + TimelineRepair::kMinStep);
        last[track] = times->dts;
        if (times->new_epoch) ++marks;
        all.add(times->dts - unit.truth);
        tracks[track].add(times->dts - unit.truth);
        outcome.composition_error =
            std::max<MediaTime>(outcome.composition_error,
                                std::chrono::abs(times->pts - times->dts - unit.composition));
    }
    CHECK(outcome.dropped == repair.dropped());
    CHECK(marks == repair.epochs());
    outcome.epochs = repair.epochs();
    outcome.spread = all.size();
    outcome.track_spread = std::max(tracks[0].size(), tracks[1].size());
    return outcome;
}

struct Row {
    std::string name;
    std::vector<Sent> units;
    std::optional<Wrap> wrap{};
    std::size_t dropped = 0;
    std::uint64_t epochs = 0;
    MediaTime spread = 2ns;  // audio against video, and either against the truth
    MediaTime composition_error = 2ns;
};

void check(const std::vector<Row>& rows) {
    for (const auto& row : rows) {
        SUBCASE(row.name.c_str()) {
            const auto outcome = run(row.units, {.wrap = row.wrap});
            CHECK(outcome.dropped == row.dropped);
            CHECK(outcome.epochs == row.epochs);
            CHECK(outcome.spread.count() <= row.spread.count());
            CHECK(outcome.composition_error.count() <= row.composition_error.count());
        }
    }
}

Row wrapping(const std::string& name, Wrap wrap, MediaTime before, bool b_frames = false) {
    const MediaTime rounding = period({1, wrap.rate}) + 2ns;
    return {name,
            changed(source(20s, b_frames),
                    [=](Sent& unit) {
                        shift(unit, period(wrap) - before);
                        tick(unit, wrap);
                    }),
            wrap,
            0,
            0,
            rounding,
            rounding};
}

bool is_video(const Sent& unit, int index) {
    return unit.kind == kVideo && unit.index == index;
}

}  // namespace

TEST_SUITE("media/timeline_repair") {
    TEST_CASE("what is right stays as it is") {
        TimelineRepair repair;
        using Times = TimelineRepair::Times;
        const auto margin = TimelineRepair::kMargin;
        CHECK(repair.repair({kVideo, 5s, 5066ms, kStart}) == Times{margin, margin + 66ms, false});
        CHECK(repair.repair({kAudio, 5010ms, 5010ms, kStart + 1ms}) ==
              Times{margin + 10ms, margin + 10ms, false});
        CHECK(repair.repair({kVideo, 5033ms, 5033ms, kStart + 9ms}) ==
              Times{margin + 33ms, margin + 33ms, false});
        // The other track may begin earlier, and far earlier where a server sends a whole GOP.
        TimelineRepair late;
        CHECK(late.repair({kAudio, 105s, 105s, kStart})->dts == margin);
        CHECK(late.repair({kVideo, 97s, 97s, kStart})->dts == margin - 8s);
    }

    TEST_CASE("the first unit lies at the margin, whatever its time is") {
        for (const std::int64_t first : {0LL, 5LL, 0x7FFFFFFFLL, 0xFFFFFFFFLL}) {
            TimelineRepair repair({.wrap = kRtmpWrap});
            const MediaTime dts = std::chrono::milliseconds(first);
            const MediaTime next = std::chrono::milliseconds((first + 40) & 0xFFFFFFFF);
            CHECK(repair.repair({kVideo, dts, dts, kStart})->dts == TimelineRepair::kMargin);
            CHECK(repair.repair({kVideo, next, next, kStart})->dts ==
                  TimelineRepair::kMargin + 40ms);
        }
    }

    TEST_CASE("a clock that wraps is joined exactly, and may begin beyond") {
        check({
            wrapping("33 bits, 26 h 30 m", kMpegWrap, 10s),
            wrapping("33 bits, with B-frames: PTS wraps and DTS has not yet", kMpegWrap, 10s, true),
            wrapping("33 bits, between the first PTS and its DTS", kMpegWrap, 10ms, true),
            wrapping("33 bits, just begun", kMpegWrap, 0s, true),
            wrapping("33 bits, first PTS over 2^32", kMpegWrap, period(kRtpWrap)),
            wrapping("32 bits of 90 kHz, 13 h 15 m", kRtpWrap, 10s, true),
            wrapping("32 bits of milliseconds, 49 days", kRtmpWrap, 10s, true),
            wrapping("RTMP past 0xFFFFFF ms, 4 h 39 m: no wrap at all", kRtmpWrap,
                     period(kRtmpWrap) - 16'777'215ms + 10s, true),
            wrapping("RTMP that begins at half of the clock", kRtmpWrap, period(kRtmpWrap) / 2),
            wrapping("32 bits of a 48 kHz clock", {std::int64_t{1} << 32, 48'000}, 10s),
        });
    }

    TEST_CASE("a clock wraps again and again without an error that adds up") {
        // A day of units would be long: the source sleeps between them, and the arrival clock runs.
        std::vector<Sent> units;
        for (int hour = 0; hour < 24 * 30; ++hour) {
            Sent unit{kVideo, hour, hour * MediaTime(1h)};
            unit.dts = ticked(unit.truth, kMpegWrap);
            unit.arrival = kStart + unit.truth;
            units.push_back(unit);
        }
        const auto outcome = run(units, {.wrap = kMpegWrap});
        CHECK(outcome.dropped == 0);
        CHECK(outcome.epochs == 0);
        CHECK(outcome.spread <= 2ns);
    }

    TEST_CASE("a unit whose stamp is far off is dropped, and the line stays") {
        std::vector<Row> rows;
        for (const MediaTime off : {MediaTime(-9800s), MediaTime(37'600s), MediaTime(3s),
                                    MediaTime(-2s), MediaTime(24h * 365)}) {
            rows.push_back({"one of video by " + std::to_string(off.count()),
                            changed(source(10s),
                                    [=](Sent& unit) {
                                        if (is_video(unit, 30)) shift(unit, off);
                                    }),
                            {},
                            1,
                            0});
            rows.push_back({"one of audio by " + std::to_string(off.count()),
                            changed(source(10s),
                                    [=](Sent& unit) {
                                        if (unit.kind == kAudio && unit.index == 77) {
                                            shift(unit, off);
                                        }
                                    }),
                            {},
                            1,
                            0});
        }
        rows.push_back({"a camera that stamps every 60th unit hours away (E5)",
                        changed(source(60s),
                                [](Sent& unit) {
                                    if (unit.kind != kVideo || unit.index % 60 != 59) return;
                                    shift(unit, unit.index % 120 == 59 ? -9800s : 37'600s);
                                }),
                        {},
                        29,
                        0});
        rows.push_back({"the same on a 33-bit clock",
                        changed(source(60s),
                                [](Sent& unit) {
                                    shift(unit, 24h);
                                    if (is_video(unit, 600)) shift(unit, 37'600s);
                                    tick(unit, kMpegWrap);
                                }),
                        kMpegWrap, 1, 0, 12us, 12us});
        rows.push_back({"two in a row, on the same wrong base",
                        changed(source(10s),
                                [](Sent& unit) {
                                    if (is_video(unit, 30) || is_video(unit, 31)) shift(unit, 1h);
                                }),
                        {},
                        2,
                        0});
        rows.push_back({"a short step back of one unit is kept, behind the last one",
                        changed(source(10s),
                                [](Sent& unit) {
                                    if (is_video(unit, 30)) shift(unit, -200ms);
                                }),
                        {},
                        0,
                        0,
                        40ms});
        rows.push_back({"a PTS of nonsense beside a good DTS",
                        changed(source(10s),
                                [](Sent& unit) {
                                    if (is_video(unit, 30)) *unit.pts += 1h;
                                }),
                        {}});
        check(rows);
    }

    TEST_CASE("the first unit of all may be the one that is off") {
        auto video_only = changed(source(10s), [](Sent& unit) {
            if (unit.index == 0) shift(unit, 9800s);
        });
        std::erase_if(video_only, [](const Sent& unit) { return unit.kind == kAudio; });
        check({{"where there is no other track", video_only, {}, 2, 1, 10ms},
               {"of video, which joins audio",
                changed(source(10s),
                        [](Sent& unit) {
                            if (is_video(unit, 0)) shift(unit, 9800s);
                        }),
                {},
                0,
                0},
               {"of audio, which joins video again at once",
                changed(source(10s),
                        [](Sent& unit) {
                            if (unit.kind == kAudio && unit.index == 0) shift(unit, 9800s);
                        }),
                {},
                0,
                0}});
    }

    TEST_CASE("a jump that lasts begins an epoch, and the line goes on by the arrival clock") {
        std::vector<Row> rows;
        struct Jump {
            const char* name;
            MediaTime by;
        };
        for (const auto& [name, by] : {Jump{"20 s on", 20s},
                                       {"10 h on", 10h},
                                       {"20 s back", -20s},
                                       {"5 s back (E6)", -5s},
                                       {"10 h back", -10h},
                                       {"2 s on", 2s}}) {
            // The first two of video are outliers until the third comes; audio joins what video
            // found.
            rows.push_back({std::string(name) + ", both tracks at once",
                            changed(source(10s),
                                    [by = by](Sent& unit) {
                                        if (unit.truth > 5s) shift(unit, by);
                                    }),
                            {},
                            4,
                            1,
                            1us});
            rows.push_back({std::string(name) + ", audio 300 ms after video",
                            changed(source(10s),
                                    [by = by](Sent& unit) {
                                        const auto at = unit.kind == kVideo ? 5000ms : 5300ms;
                                        if (unit.truth > at) shift(unit, by);
                                    }),
                            {},
                            2,
                            1,
                            1us});
            rows.push_back({std::string(name) + ", video 300 ms after audio",
                            changed(source(10s),
                                    [by = by](Sent& unit) {
                                        const auto at = unit.kind == kAudio ? 5000ms : 5300ms;
                                        if (unit.truth > at) shift(unit, by);
                                    }),
                            {},
                            2,
                            1,
                            1us});
            rows.push_back({std::string(name) + ", announced",
                            changed(source(10s),
                                    [by = by](Sent& unit) {
                                        if (unit.truth > 5s) shift(unit, by);
                                        unit.expect_jump = is_video(unit, 150);
                                    }),
                            {},
                            0,
                            1,
                            1us});
        }
        rows.push_back({"video alone: its base differs from then on",
                        changed(source(10s),
                                [](Sent& unit) {
                                    if (unit.kind == kVideo && unit.truth > 5s) shift(unit, 1h);
                                }),
                        {},
                        2,
                        1,
                        1us});
        rows.push_back({"to and fro every three seconds (E4: 16.8/-16.8)",
                        changed(source(31s),
                                [](Sent& unit) {
                                    const auto n = unit.truth / 3s;
                                    shift(unit, n % 2 == 0 ? 0ms : 16'800ms);
                                }),
                        {},
                        36,
                        10,
                        1us});
        check(rows);
    }

    TEST_CASE("a publisher that comes back behind a server begins at zero") {
        // Nothing for six seconds, then a new stream.
        auto units = changed(source(20s), [](Sent& unit) {
            if (unit.truth >= 13s) shift(unit, -13s);
        });
        std::erase_if(units, [](const Sent& unit) { return unit.truth > 7s && unit.truth < 13s; });
        auto outcome = run(units, {.wrap = kRtmpWrap});
        CHECK(outcome.dropped == 4);  // nobody announced it
        CHECK(outcome.epochs == 1);
        CHECK(outcome.spread <= 1us);
        for (auto& unit : units) unit.expect_jump = unit.truth >= 13s && unit.truth < 13040ms;
        outcome = run(units, {.wrap = kRtmpWrap});
        CHECK(outcome.dropped == 0);
        CHECK(outcome.epochs == 1);
        CHECK(outcome.spread <= 1us);
    }

    TEST_CASE("a step back that lasts lifts the line, and nothing is dropped") {
        for (const MediaTime by : {100ms, 260ms, 1400ms}) {
            for (const MediaTime later : {0ms, 200ms}) {
                CAPTURE(by.count());
                CAPTURE(later.count());
                const auto outcome = run(changed(source(10s), [&](Sent& unit) {
                    if (unit.truth > 5s + (unit.kind == kAudio ? later : 0ms)) shift(unit, -by);
                }));
                CHECK(outcome.dropped == 0);
                CHECK(outcome.epochs == 1);
                CHECK(outcome.spread <= 110ms);  // three units squeezed
            }
        }
    }

    TEST_CASE("audio and video on different bases are aligned by their arrival") {
        for (const MediaTime off : {MediaTime(16'800ms), MediaTime(-16'800ms), MediaTime(10h),
                                    MediaTime(-10h), MediaTime(1'800'000'000s)}) {
            CAPTURE(off.count());
            const auto outcome = run(changed(source(10s), [&](Sent& unit) {
                if (unit.kind == kAudio) shift(unit, off);
            }));
            CHECK(outcome.dropped == 0);
            CHECK(outcome.epochs == 0);
            CHECK(outcome.spread <= 1us);
        }
    }

    TEST_CASE("what comes late and at once is no jump") {
        const auto stall = [](MediaTime from, MediaTime to) {
            return changed(source(40s), [=](Sent& unit) {
                if (unit.truth > from && unit.truth < to) unit.arrival = kStart + to;
            });
        };
        auto lost = stall(5s, 20s);
        std::erase_if(lost, [](const Sent& unit) { return unit.truth > 6s && unit.truth < 18s; });
        check({{"a stall of 15 s, then all of it", stall(5s, 20s)},
               {"a stall of 15 s of which most is lost", lost},
               {"a server that sends its GOP of 8 s first", stall(-1s, 8s)},
               {"bursts of a second", changed(source(20s),
                                              [](Sent& unit) {
                                                  unit.arrival = kStart + (unit.truth / 1s + 1) *
                                                                              MediaTime(1s);
                                              })},
               {"a picture every 30 s", [] {
                    auto units = source(300s);
                    std::erase_if(units, [](const Sent& unit) {
                        return unit.kind == kVideo && unit.index % 900 != 0;
                    });
                    return units;
                }()}});
    }

    TEST_CASE("B-frames keep their order of presentation") {
        check({
            {"composition times of B-frames (F1)", source(10s, true)},
            {"negative composition times (F4): DTS behind PTS stays so",
             changed(source(10s, true),
                     [](Sent& unit) {
                         unit.composition -= 80ms;
                         *unit.pts -= 80ms;
                     })},
            {"first PTS 0 with DTS -41 ms (F4)",
             changed(source(10s, true), [](Sent& unit) { shift(unit, -41ms); })},
        });
    }

    TEST_CASE("where only PTS tell, decoding times are found that go up (F2, F3)") {
        TimelineRepair repair;
        MediaTime last{};
        int behind = 0;
        for (auto unit : source(20s, true)) {
            if (unit.kind == kAudio) continue;
            const auto times = repair.repair({kVideo, {}, unit.pts, unit.arrival});
            REQUIRE(times);
            REQUIRE(times->dts > last);
            last = times->dts;
            // The presentation times are the source's.
            CHECK(times->pts - *unit.pts == TimelineRepair::kMargin - 1'001'000'000ns / 30);
            if (times->dts > times->pts) ++behind;
            if (unit.index > 10) CHECK(times->dts > times->pts - 150ms);
        }
        CHECK(behind <= 4);  // until the order was known
        CHECK(repair.epochs() == 0);
    }

    TEST_CASE("missing stamps are interpolated") {
        const auto without = [](int keep) {
            return changed(source(20s), [keep](Sent& unit) {
                if (unit.index % keep == 0) return;
                unit.dts.reset();
                unit.pts.reset();
            });
        };
        check({{"one in five has a stamp", without(5), {}, 0, 0, 70ms},
               {"a PTS alone is a DTS too where others have one", changed(source(10s),
                                                                          [](Sent& unit) {
                                                                              if (unit.index % 3 !=
                                                                                  0)
                                                                                  unit.dts.reset();
                                                                          })},
               {"a DTS alone is a PTS too", changed(source(10s), [](Sent& unit) {
                    if (unit.index % 3 != 0) unit.pts.reset();
                })}});
        SUBCASE("once two have told, the duration is known") {
            auto units = source(20s);
            for (auto& unit : units) {
                if (unit.index > 60 && unit.index % 20 != 0) {
                    unit.dts.reset();
                    unit.pts.reset();
                }
            }
            CHECK(run(units).spread <= 1us);
        }
        SUBCASE("none at all: nominal durations") {
            auto units = changed(source(20s), [](Sent& unit) {
                unit.dts.reset();
                unit.pts.reset();
            });
            const auto outcome = run(units, {.video_duration = 1'001'000'000ns / 30});
            CHECK(outcome.dropped == 0);
            CHECK(outcome.spread <= 1us);
        }
        SUBCASE("none at all, and a hole of ten seconds") {
            auto units = changed(source(40s), [](Sent& unit) {
                unit.dts.reset();
                unit.pts.reset();
            });
            std::erase_if(units,
                          [](const Sent& unit) { return unit.truth > 10s && unit.truth < 20s; });
            CHECK(run(units, {.video_duration = 1'001'000'000ns / 30}).spread <= 1us);
        }
        SUBCASE("the first ones only") {
            const auto outcome = run(changed(source(10s), [](Sent& unit) {
                shift(unit, 77h);
                if (unit.truth > 1s) return;
                unit.dts.reset();
                unit.pts.reset();
            }));
            CHECK(outcome.dropped == 0);
            CHECK(outcome.spread <= 210ms);  // 40 ms for a picture was a guess
        }
    }

    TEST_CASE("equal stamps become steps that a receiver can tell apart") {
        check({{"pairs of pictures",
                changed(source(10s),
                        [](Sent& unit) {
                            if (unit.kind != kVideo) return;
                            const MediaTime stamp((unit.index / 2 * 2) * 1'001'000'000LL / 30);
                            shift(unit, stamp - unit.truth);
                        }),
                {},
                0,
                0,
                35ms},
               {"a stamp a GOP",
                changed(source(10s),
                        [](Sent& unit) {
                            if (unit.kind != kVideo) return;
                            const MediaTime stamp((unit.index / 15 * 15) * 1'001'000'000LL / 30);
                            shift(unit, stamp - unit.truth);
                        }),
                {},
                0,
                0,
                500ms}});
    }

    TEST_CASE("stamps on no base at all do not silence a track") {
        std::mt19937_64 random(7);
        std::uniform_int_distribution<std::int64_t> anywhere(0, MediaTime(100h).count());
        const auto outcome = run(changed(source(60s), [&](Sent& unit) {
            if (unit.kind == kVideo) unit.dts = unit.pts = MediaTime(anywhere(random));
        }));
        CHECK(outcome.dropped < 1700);
        CHECK(outcome.dropped > 1500);
        CHECK(outcome.spread < 500ms);
    }

    TEST_CASE("a clock that runs at another speed is followed") {
        for (const double ppm : {-200.0, 200.0, 5000.0}) {
            CAPTURE(ppm);
            const auto outcome = run(changed(source(600s), [&](Sent& unit) {
                unit.arrival =
                    kStart + MediaTime(static_cast<std::int64_t>(
                                 static_cast<double>(unit.truth.count()) * (1 + ppm * 1e-6)));
            }));
            CHECK(outcome.dropped == 0);
            CHECK(outcome.epochs == 0);
            CHECK(outcome.spread <= 2ns);
        }
    }

    TEST_CASE("random trouble never breaks the line, and what is sane keeps its relation") {
        for (unsigned seed = 0; seed < 60; ++seed) {
            CAPTURE(seed);
            std::mt19937 random(seed);
            const auto chance = [&](int in) {
                return std::uniform_int_distribution<int>(1, in)(random) == 1;
            };
            const auto between = [&](MediaTime low, MediaTime high) {
                return MediaTime(
                    std::uniform_int_distribution<std::int64_t>(low.count(), high.count())(random));
            };
            MediaTime base = between(0s, 30h);
            MediaTime arrived{};
            auto units = source(60s, seed % 2 == 0);
            for (auto& unit : units) {
                if (chance(500)) base = between(0s, 30h);
                shift(unit, base);
                if (chance(100)) shift(unit, between(-40h, 40h));
                if (chance(100)) unit.pts.reset();
                if (chance(100)) unit.dts.reset();
                if (seed % 3 == 0) tick(unit, kMpegWrap);
                arrived = std::max(arrived, unit.arrival + between(0ms, 20ms));
                unit.arrival = arrived;
            }
            const auto outcome =
                run(units, {.wrap = seed % 3 == 0 ? std::optional(kMpegWrap) : std::nullopt});
            // Each epoch is placed by the arrival clock, which has its jitter.
            CHECK(outcome.spread <= 300ms);
            CHECK(outcome.dropped < units.size() / 10);
        }
    }

    TEST_CASE("numbers at the end of their range are no stamps") {
        TimelineRepair repair({.wrap = kRtmpWrap});
        MediaTime last{};
        for (const MediaTime stamp :
             {MediaTime::max(), MediaTime::min(), MediaTime(0), MediaTime::max(), MediaTime(1)}) {
            const auto times = repair.repair({kVideo, stamp, stamp, MediaTime::max()});
            if (!times) continue;
            CHECK(times->dts > last);
            last = times->dts;
        }
        CHECK(last < 20s);
    }
}
