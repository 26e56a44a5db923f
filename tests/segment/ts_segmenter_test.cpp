// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "segment/segment_run.hpp"
#include "support/ts_reader.hpp"

using namespace weir;
using namespace std::chrono_literals;
using media::MediaTime;
using test::LadderRun;
using Output = test::SegmenterOutput;
using Run = test::SegmentRun;

namespace {

constexpr MediaTime kUtc = 1'790'000'000s;  // some running time as a channel has it

EncoderLadder ladder_of(std::vector<VideoRendition> video, bool audio,
                        std::chrono::milliseconds gop = 1000ms) {
    EncoderLadder ladder{.video = std::move(video), .gop = gop, .preset = "ultrafast"};
    if (audio) ladder.audio.push_back({.bitrate_bps = 64'000});
    return ladder;
}

const std::vector<VideoRendition> kOne{
    {.name = "a", .width = 64, .height = 36, .bitrate_bps = 200'000}};
const std::vector<VideoRendition> kThree{
    {.name = "a", .width = 64, .height = 36, .bitrate_bps = 200'000},
    {.name = "b", .width = 48, .height = 28, .bitrate_bps = 100'000},
    {.name = "c",
     .width = 32,
     .height = 18,
     .bitrate_bps = 50'000,
     .rate_control = RateControl::cbr}};

constexpr std::int64_t kWrap = std::int64_t{1} << 33;

// 90 kHz, rounded down, without the wrap.
std::int64_t clock_ticks(MediaTime time) {
    const auto ns = static_cast<guint64>((time + 3600s).count());
    return static_cast<std::int64_t>(gst_util_uint64_scale(ns, 9, 100'000));
}

// The difference of two 33-bit times.
std::int64_t ticks_between(std::int64_t a, std::int64_t b) {
    const auto d = ((b - a) % kWrap + kWrap) % kWrap;
    return d > kWrap / 2 ? d - kWrap : d;
}

// Whether a 33-bit time is the nearest to this one, which is rounded down to nanoseconds. Right
// between two it may be either.
bool is_nearest(std::int64_t pts, MediaTime time) {
    constexpr auto kHalfTick = 5'556ns;
    const auto low = clock_ticks(time - kHalfTick);
    const auto high = clock_ticks(time + kHalfTick);
    return pts == high % kWrap || (high - low == 2 && pts == (low + 1) % kWrap);
}

// The order of the events is the one that the header promises.
void check_order(const Output& output) {
    auto expected = std::vector<std::string>(output.segments.size() + 1, "segment");
    expected.front() = "codecs";
    expected.insert(expected.end(), {"end", "before_eos"});
    CHECK(output.order == expected);
}

// Every slot that has a key frame is one segment with exactly its frames.
void check_slots(const Output& output, const LadderRun& run, std::int64_t frames,
                 MediaTime duration) {
    std::map<std::int64_t, std::pair<MediaTime, MediaTime>> slots;
    for (std::int64_t i = 0; i < frames; ++i) {
        const auto [slot, first] = slots.try_emplace(run.time(i) / duration);
        if (first) slot->second.first = run.time(i);
        slot->second.second = run.time(i + 1);
    }
    REQUIRE(output.segments.size() == slots.size());
    auto slot = slots.begin();
    for (const auto& segment : output.segments) {
        CHECK(segment.number == slot->first);
        CHECK(segment.start == slot->second.first);
        // The last frame's end is its start plus the encoder's idea of its duration.
        CHECK(std::chrono::abs(segment.end - slot->second.second) <= 1ns);
        ++slot;
    }
    for (std::size_t i = 1; i < output.segments.size(); ++i) {
        CHECK(output.segments[i].start == output.segments[i - 1].end);
    }
}

void check_start(const test::TsFile& file, const media::Segment& segment) {
    REQUIRE(file.pids.size() > 3);
    CHECK(file.pids[0] == 0);
    CHECK(file.video_pid > 0);
    CHECK(file.pids[2] == file.video_pid);
    const auto video = file.video();
    REQUIRE_FALSE(video.empty());
    CHECK(file.units.front().pid == file.video_pid);
    CHECK(video.front().random_access);
    const auto types = test::nal_types(video.front().payload);
    const auto find = [&](int type) { return std::find(types.begin(), types.end(), type); };
    CHECK(find(5) != types.end());
    CHECK(find(7) < find(5));
    CHECK(find(8) < find(5));
    CHECK(is_nearest(video.front().pts, segment.start));
}

// The bytes: tables and an IDR first, nothing lost or doubled over the borders, times on the grid.
void check_bytes(const Output& output, const LadderRun& run, std::int64_t frames, bool has_audio) {
    test::TsReader reader;
    std::vector<std::int64_t> pts;
    std::vector<std::int64_t> audio;
    for (const auto& segment : output.segments) {
        const auto file = reader.read(segment.bytes.memory());
        check_start(file, segment);
        CHECK(file.continuity_errors == 0);
        for (const auto& unit : file.video()) pts.push_back(unit.pts);
        for (const auto& unit : file.audio()) audio.push_back(unit.pts);
        CHECK((file.audio_pid > 0) == has_audio);
    }
    REQUIRE(pts.size() == static_cast<std::size_t>(frames));
    std::sort(pts.begin(), pts.end(), [&](auto a, auto b) {
        return ticks_between(pts.front(), a) < ticks_between(pts.front(), b);
    });
    for (std::int64_t i = 0; i < frames; ++i) {
        CHECK(is_nearest(pts[static_cast<std::size_t>(i)], run.time(i)));
    }
    if (!has_audio) return;
    const auto& sent = run.units("audio_aac");
    CHECK(audio.size() == sent.size());
    for (std::size_t i = 0; i < std::min(audio.size(), sent.size()); ++i) {
        CHECK(is_nearest(audio[i], sent[i].pts));
    }
}

void check_whole(const Run& run, std::int64_t frames, bool has_audio) {
    CAPTURE(run.error());
    REQUIRE(run.finished());
    for (std::size_t i = 0; i < run.outputs(); ++i) {
        CAPTURE(i);
        check_order(run.output(i));
        check_slots(run.output(i), run.ladder(), frames, run.duration());
        check_bytes(run.output(i), run.ladder(), frames, has_audio);
    }
}

std::int64_t frame_at(MediaTime time, Rational rate) {
    return media::Grid(rate, 1s).frame_at_or_after(time);
}

}  // namespace

TEST_SUITE("segment/ts_segmenter") {
    TEST_CASE("every rendition is cut on the grid, for every GOP in every segment duration") {
        struct Row {
            Rational rate;
            std::chrono::milliseconds gop;
            MediaTime duration;
        };
        for (const Row& row : {Row{{25, 1}, 500ms, 1s}, Row{{25, 1}, 1000ms, 1s},
                               Row{{30'000, 1001}, 500ms, 2s}, Row{{30'000, 1001}, 1000ms, 2s},
                               Row{{30'000, 1001}, 2000ms, 2s}, Row{{24, 1}, 1000ms, 3s},
                               Row{{50, 1}, 500ms, 3s}, Row{{24'000, 1001}, 500ms, 1500ms}}) {
            CAPTURE(to_string(row.rate));
            CAPTURE(row.gop.count());
            CAPTURE(row.duration.count());
            LadderRun::Options options{.ladder = ladder_of(kThree, true, row.gop),
                                       .frame_rate = row.rate};
            options.first_frame = frame_at(kUtc + 640ms, row.rate);
            options.frames = static_cast<std::int64_t>(row.rate.as_double() * 8.3);
            const auto frames = options.frames;
            check_whole(Run(std::move(options), row.duration), frames, true);
        }
    }

    TEST_CASE("time stamps go up by the same number of ticks, over all borders") {
        struct Row {
            Rational rate;
            std::int64_t step;  // of the pictures
            const char* preset;
        };
        for (const Row& row :
             {Row{{30, 1}, 3000, "ultrafast"}, Row{{30, 1}, 3000, "veryfast"},
              Row{{25, 1}, 3600, "veryfast"}, Row{{50, 1}, 1800, "veryfast"},
              Row{{30'000, 1001}, 3003, "ultrafast"}, Row{{30'000, 1001}, 3003, "veryfast"},
              Row{{60, 1}, 1500, "veryfast"}}) {
            CAPTURE(to_string(row.rate));
            CAPTURE(row.preset);
            LadderRun::Options options{.ladder = ladder_of(kOne, true), .frame_rate = row.rate};
            options.ladder.preset = row.preset;
            options.first_frame = frame_at(kUtc + 777ms, row.rate);
            options.frames = static_cast<std::int64_t>(row.rate.as_double() * 7);
            const Run run(std::move(options), 2s);
            REQUIRE(run.finished());
            REQUIRE(run.output().segments.size() >= 4);
            test::TsReader reader;
            std::map<bool, std::vector<std::int64_t>> stamps;  // DTS; true: of the audio
            for (const auto& segment : run.output().segments) {
                const auto file = reader.read(segment.bytes.memory());
                for (const auto& unit : file.units) {
                    stamps[unit.pid == file.audio_pid].push_back(unit.dts);
                }
            }
            for (const bool audio : {false, true}) {
                const auto& found = stamps[audio];
                REQUIRE(found.size() > 150);
                std::map<std::int64_t, int> steps;
                for (std::size_t i = 1; i < found.size(); ++i) {
                    ++steps[ticks_between(found[i - 1], found[i])];
                }
                REQUIRE(steps.size() == 1);
                CHECK(steps.begin()->first == (audio ? 1920 : row.step));
            }
        }
    }

    TEST_CASE("all renditions have the same borders") {
        LadderRun::Options options{.ladder = ladder_of(kThree, false),
                                   .frame_rate = {30'000, 1001}};
        options.first_frame = frame_at(kUtc + 1'234ms, {30'000, 1001});
        options.frames = 200;
        options.draw = test::noise(64, 36, 200, 37);
        const Run run(std::move(options), 2s);
        check_whole(run, 200, false);
        for (std::size_t i = 1; i < run.outputs(); ++i) {
            REQUIRE(run.output(i).segments.size() == run.output(0).segments.size());
            for (std::size_t s = 0; s < run.output(0).segments.size(); ++s) {
                CHECK(run.output(i).segments[s].start == run.output(0).segments[s].start);
                CHECK(run.output(i).segments[s].end == run.output(0).segments[s].end);
            }
        }
    }

    TEST_CASE("times go on over the end of the 33-bit clock") {
        const auto wraps = clock_ticks(kUtc) / kWrap + 1;
        const auto ns = gst_util_uint64_scale(static_cast<guint64>(wraps * kWrap), 100'000, 9);
        const MediaTime wrap = MediaTime(static_cast<std::int64_t>(ns)) - 3600s;
        LadderRun::Options options{.ladder = ladder_of(kOne, true)};
        options.first_frame = frame_at(wrap - 2500ms, {25, 1});
        options.frames = 125;
        const Run run(std::move(options), 2s);
        check_whole(run, 125, true);
        test::TsReader reader;
        bool before = false;
        bool after = false;
        for (const auto& segment : run.output().segments) {
            for (const auto& unit : reader.read(segment.bytes.memory()).units) {
                before = before || unit.pts > (std::int64_t{1} << 32);
                after = after || unit.pts < (std::int64_t{1} << 32);
            }
        }
        CHECK(before);
        CHECK(after);
    }

    TEST_CASE("the codecs are those of the streams") {
        for (const bool audio : {false, true}) {
            LadderRun::Options options{.ladder = ladder_of(kOne, audio)};
            options.ladder.preset = "veryfast";
            const Run run(std::move(options), 2s);
            REQUIRE(run.finished());
            CAPTURE(run.output().codecs);
            CHECK(run.output().codecs.starts_with("avc1.64"));
            CHECK(run.output().codecs.ends_with(",mp4a.40.2") == audio);
            CHECK(run.output().codecs.size() == (audio ? 21U : 11U));
        }
    }

    TEST_CASE("the end of a stream in which nothing was does not hang") {
        for (const bool audio : {false, true}) {
            LadderRun::Options options{.ladder = ladder_of(kOne, audio)};
            options.frames = 0;
            const Run run(std::move(options), 2s);
            CHECK(run.finished());
            const auto& order = run.output().order;
            CHECK(std::count(order.begin(), order.end(), "end") == 1);
            CHECK(run.output().segments.empty());
        }
    }

    TEST_CASE("a stream of few frames is one segment") {
        for (const std::int64_t frames : {1, 2, 3}) {
            for (const bool audio : {false, true}) {
                CAPTURE(frames);
                LadderRun::Options options{.ladder = ladder_of(kOne, audio)};
                options.first_frame = frame_at(kUtc, {25, 1});
                options.frames = frames;
                check_whole(Run(std::move(options), 2s), frames, audio);
            }
        }
    }

    TEST_CASE("a stream that ends at a border has no empty segment") {
        LadderRun::Options options{.ladder = ladder_of(kOne, true)};
        options.first_frame = frame_at(kUtc, {25, 1});
        options.frames = 100;
        const Run run(std::move(options), 2s);
        check_whole(run, 100, true);
        CHECK(run.output().segments.size() == 2);
    }

    TEST_CASE("sound that goes on when the pictures have ended belongs to the last segment") {
        LadderRun::Options options{.ladder = ladder_of(kOne, true)};
        options.first_frame = frame_at(kUtc, {25, 1});
        options.frames = 60;
        options.audio_frames_more = 300;
        check_whole(Run(std::move(options), 2s), 60, true);
    }

    TEST_CASE("slots in which there is nothing are left out") {
        LadderRun::Options options{.ladder = ladder_of(kOne, true)};
        options.first_frame = frame_at(kUtc, {25, 1});
        options.frames = 400;
        options.wanted = [](std::int64_t frame) { return frame < 60 || frame >= 230; };
        const Run run(std::move(options), 2s);
        REQUIRE(run.finished());
        check_order(run.output());
        const auto slot = kUtc / 2s;
        const auto& segments = run.output().segments;
        std::vector<std::int64_t> numbers;
        for (const auto& segment : segments) numbers.push_back(segment.number - slot);
        CHECK(numbers == std::vector<std::int64_t>{0, 1, 4, 5, 6, 7});
        REQUIRE(segments.size() == 6);
        CHECK(segments[2].start == run.ladder().time(230));
        CHECK(segments[1].start == run.ladder().time(50));
    }

    TEST_CASE("a slot that does not begin with an IDR frame goes with the one before it") {
        LadderRun::Options options{.ladder = ladder_of(kOne, false, 3000ms)};
        options.first_frame = frame_at(kUtc, {25, 1}) / 150 * 150;  // a multiple of 6 s
        options.frames = 300;
        const Run run(std::move(options), 2s);
        REQUIRE(run.finished());
        check_order(run.output());
        const auto first = run.ladder().time(0) / 2s;
        const auto& segments = run.output().segments;
        REQUIRE(segments.size() == 4);  // IDR frames at 0, 3, 6 and 9 s
        const std::int64_t slots[] = {0, 1, 3, 4};
        for (std::size_t i = 0; i < 4; ++i) {
            CHECK(segments[i].number == first + slots[i]);
            CHECK(segments[i].start == run.ladder().time(static_cast<std::int64_t>(i) * 75));
            CHECK(std::chrono::abs(segments[i].end -
                                   run.ladder().time(static_cast<std::int64_t>(i + 1) * 75)) <=
                  1ns);
        }
    }

    TEST_CASE("a segmenter goes whole") {
        auto made = segment::make_ts_segmenter({.segment_duration = 2s, .has_audio = true}, {});
        REQUIRE(made);
        std::vector<GWeakRef> references(64);
        std::size_t count = 0;
        const auto watch = [&](GstElement* element) {
            REQUIRE(count < references.size());
            g_weak_ref_init(&references[count++], element);
        };
        watch(made->get());
        GstIterator* elements = gst_bin_iterate_recurse(GST_BIN(made->get()));
        GValue item = G_VALUE_INIT;
        while (gst_iterator_next(elements, &item) == GST_ITERATOR_OK) {
            watch(GST_ELEMENT(g_value_get_object(&item)));
            g_value_reset(&item);
        }
        g_value_unset(&item);
        gst_iterator_free(elements);
        CHECK(count >= 5);
        *made = segment::make_ts_segmenter({.segment_duration = 2s}, {}).value();
        for (std::size_t i = 0; i < count; ++i) {
            gpointer left = g_weak_ref_get(&references[i]);
            CHECK(left == nullptr);
            if (left) g_object_unref(left);
            g_weak_ref_clear(&references[i]);
        }
    }

    TEST_CASE("a segmenter that works can go at any moment") {
        for (int round = 0; round < 8; ++round) {
            LadderRun::Options options{.ladder = ladder_of(kOne, true)};
            options.frames = 50 * round;
            LadderRun run(std::move(options));
            run.connect("a", std::move(segment::make_ts_segmenter(
                                           {.segment_duration = 1s, .has_audio = true},
                                           {.on_codecs = [](const std::string&) {},
                                            .on_segment = [](const media::Segment&) {},
                                            .on_end = [] {},
                                            .on_error = [](const std::string&) {}})
                                           .value()));
            if (round % 2 == 0) CHECK(run.run());
        }
    }
}
