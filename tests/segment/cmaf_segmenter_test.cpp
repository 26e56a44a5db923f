// SPDX-License-Identifier: MIT
#include "segment/cmaf_segmenter.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "media/track.hpp"
#include "segment/cmaf_reader.hpp"
#include "segment/cmaf_run.hpp"
#include "segment/mp4_file.hpp"

using namespace weir;
using namespace std::chrono_literals;
using media::MediaTime;
using media::TrackKind;
using test::CmafOutput;
using test::LadderCmaf;

namespace {

constexpr MediaTime kUtc = 1'790'000'000s;  // some running time as a channel has it

// What every output of a segmenter keeps to.
void check_order(const CmafOutput& output, bool parts) {
    for (const auto& error : output.errors) FAIL_CHECK(error);
    REQUIRE(output.order.size() >= 2);
    CHECK(output.order.front() == "init");
    CHECK(output.order.back() == "end");
    CHECK(std::count(output.order.begin(), output.order.end(), "init") == 1);
    if (!parts) {
        CHECK(output.parts.empty());
        return;
    }
    // A segment's bytes are those of its parts, which come before it.
    std::size_t part = 0;
    std::size_t segment = 0;
    std::string bytes;
    for (const auto& what : output.order) {
        if (what == "part") {
            const auto& now = output.parts[part++];
            bytes += test::text_of(now.bytes);
        }
        if (what == "segment") {
            const auto& now = output.segments[segment++];
            CHECK(now.number == output.parts[part - 1].number);
            CHECK(now.start == output.parts[part - 1].slot_start);
            CHECK(now.end == output.parts[part - 1].end);
            CHECK(test::text_of(now.bytes) == bytes);
            bytes.clear();
        }
    }
    CHECK(bytes.empty());
}

// Ticks of the track's timescale for video frames and for audio samples.
struct Line {
    std::int64_t timescale = 0;
    std::int64_t ticks = 0;
};

Line video_line(Rational rate) {
    Line line{rate.numerator, rate.denominator};
    while (line.timescale < 10'000) line.timescale *= 10, line.ticks *= 10;
    return line;
}

void check_video(const LadderCmaf& run) {
    check_order(run.video, run.schedule.has_value());
    const Line line = video_line(run.options.frame_rate);
    std::int64_t decode = run.first_frame;
    std::set<std::int64_t> presented;
    for (const auto& segment : run.video.segments) {
        const auto file = test::read_mp4(segment.bytes.memory());
        const std::int64_t first = std::max(run.grid.first_frame(segment.number), run.first_frame);
        const std::int64_t end = std::min(run.grid.first_frame(segment.number + 1),
                                          run.first_frame + run.options.frames);
        CHECK(segment.start == run.grid.frame_time(first));
        CHECK(segment.end == run.grid.frame_time(end));
        CHECK(file.boxes.starts_with("styp "));
        CHECK(file.boxes.find("styp", 1) == std::string::npos);
        REQUIRE_FALSE(file.fragments.empty());
        CHECK(file.samples().front().sync());
        CHECK(file.samples().front().pts == first * line.ticks);
        for (const auto& sample : file.samples()) {
            CHECK(sample.dts == decode * line.ticks);
            CHECK(sample.duration == line.ticks);
            CHECK(sample.pts % line.ticks == 0);
            CHECK(sample.pts >= first * line.ticks);
            CHECK(sample.pts < end * line.ticks);
            presented.insert(sample.pts / line.ticks);
            ++decode;
        }
        CHECK(decode == end);
    }
    CHECK(decode == run.first_frame + run.options.frames);
    CHECK(presented.size() == static_cast<std::size_t>(run.options.frames));
    CHECK(*presented.begin() == run.first_frame);
}

// The sound of a piece begins with the first AAC frame at or after its video.
void check_audio(const LadderCmaf& run) {
    check_order(run.audio, run.schedule.has_value());
    const media::Track track{.name = "a",
                             .kind = TrackKind::audio,
                             .sample_rate = run.options.sample_rate,
                             .frame_samples = 1024};
    // The AAC encoder's last frame may lie behind the video's end.
    REQUIRE(run.audio.segments.size() >= run.video.segments.size());
    const auto last = run.video.segments.size() - 1;
    std::int64_t next = -1;
    for (std::size_t i = 0; i <= last; ++i) {
        const auto& segment = run.audio.segments[i];
        CHECK(segment.number == run.video.segments[i].number);
        CHECK(segment.start == run.video.segments[i].start);
        if (i < last) CHECK(segment.end == run.video.segments[i].end);
        const auto file = test::read_mp4(segment.bytes.memory());
        const auto samples = file.samples();
        REQUIRE_FALSE(samples.empty());
        CHECK(media::sample_time(samples.front().dts, run.options.sample_rate) ==
              media::track_time(track, segment.start));
        if (i < last) {
            CHECK(media::sample_time(samples.back().dts + 1024, run.options.sample_rate) ==
                  media::track_time(track, segment.end));
        }
        for (const auto& sample : samples) {
            if (next >= 0) CHECK(sample.dts == next);
            CHECK(sample.dts % 1024 == 0);
            CHECK(sample.duration == 1024);
            CHECK(sample.sync());
            next = sample.dts + 1024;
        }
    }
}

void check_parts(const LadderCmaf& run) {
    if (!run.schedule) return;
    for (const auto* output : {&run.video, &run.audio}) {
        const bool video = output == &run.video;
        for (const auto& part : output->parts) {
            const auto place =
                run.schedule->place_of(run.grid.frame_at_or_after(part.start), run.first_frame);
            CHECK(part.number == place.number);
            CHECK(part.index == place.index);
            CHECK(part.count == place.count);
            CHECK(part.start == run.grid.frame_time(place.first));
            const auto file = test::read_mp4(part.bytes.memory());
            REQUIRE_FALSE(file.fragments.empty());
            CHECK(part.independent == file.samples().front().sync());
            if (video && part.independent) CHECK(file.fragments.size() == 1);
        }
    }
    REQUIRE(run.audio.parts.size() >= run.video.parts.size());
    for (std::size_t i = 0; i < run.video.parts.size(); ++i) {
        CHECK(run.audio.parts[i].number == run.video.parts[i].number);
        CHECK(run.audio.parts[i].index == run.video.parts[i].index);
    }
}

void check_all(const LadderCmaf& run) {
    CAPTURE(run.error);
    REQUIRE(run.finished);
    check_video(run);
    check_audio(run);
    check_parts(run);
}

}  // namespace

TEST_SUITE("segment/cmaf_segmenter") {
    TEST_CASE("segments and parts lie on the grid, exactly, in both tracks") {
        for (const Rational rate : {Rational{30, 1}, Rational{25, 1}, Rational{30'000, 1001}}) {
            for (const bool parts : {true, false}) {
                CAPTURE(to_string(rate));
                CAPTURE(parts);
                LadderCmaf::Options options{.frame_rate = rate, .start = kUtc + 640ms};
                options.frames = static_cast<std::int64_t>(rate.as_double() * 8.3);
                if (!parts) options.parts.reset();
                check_all(LadderCmaf(options));
            }
        }
    }

    TEST_CASE("it begins in the middle of a slot and ends in the middle of a part") {
        for (const MediaTime begin : {MediaTime(0), MediaTime(40ms), MediaTime(1'400ms)}) {
            for (const std::int64_t frames : {1, 5, 57, 100}) {
                CAPTURE(begin.count());
                CAPTURE(frames);
                check_all(LadderCmaf({.start = kUtc + begin, .frames = frames}));
            }
        }
    }

    TEST_CASE("the sound's rate may be another, and the encoder without B-frames") {
        check_all(LadderCmaf({.frame_rate = {30'000, 1001},
                              .start = kUtc + 640ms,
                              .frames = 200,
                              .preset = "ultrafast",
                              .sample_rate = 44'100}));
    }

    TEST_CASE("B-frames are presented at their own time, before they are decoded") {
        const LadderCmaf run({.start = kUtc, .frames = 100});
        REQUIRE(run.finished);
        const std::string file = test::joined(run.video);
        bool early = false;
        bool late = false;
        bool disposable = false;
        for (const auto& sample : test::read_mp4(std::as_bytes(std::span(file))).samples()) {
            early = early || sample.pts < sample.dts;
            late = late || sample.pts > sample.dts;
            disposable = disposable || (sample.flags & 0x00C00000) == 0x00800000;
            CHECK((sample.flags & 0x03000000) == (sample.sync() ? 0x02000000 : 0x01000000));
            if (sample.sync()) CHECK((sample.flags & 0x00C00000) == 0);
        }
        CHECK(early);
        CHECK(late);
        CHECK(disposable);
    }

    TEST_CASE("what lies before the run is dropped of the sound, without an error") {
        const media::Grid grid({25, 1}, 2s);
        const std::int64_t first = grid.frame_at_or_after(kUtc);
        test::CodecCmaf run(
            {.encoder = "audioconvert ! avenc_aac",
             .segmenter = {.grid = grid, .first_frame = first, .kind = TrackKind::audio},
             .frames = 200,
             .buffer_samples = 1024,
             .first_buffer = 1'790'000'000LL * 48'000 / 1024 - 20});
        REQUIRE(run.finished);
        check_order(run.output, false);
        REQUIRE(run.output.segments.size() == 2);
        CHECK(run.output.segments.front().number == kUtc / 2s);
        const auto file = test::read_mp4(run.output.segments.front().bytes.memory());
        CHECK(file.fragments.front().decode_time == 1'790'000'000LL * 48'000);
        CHECK(file.samples().size() == 94);
    }

    TEST_CASE("frames that are left out move no other") {
        LadderCmaf::Options options{.start = kUtc, .frames = 200};
        options.wanted = [](std::int64_t frame) { return frame % 25 == 0 || frame % 11 != 3; };
        const LadderCmaf run(options);
        REQUIRE(run.finished);
        check_order(run.video, true);
        CHECK(run.video.segments.size() == 4);
        std::set<std::int64_t> presented;
        for (const auto& segment : run.video.segments) {
            std::int64_t last = -1;
            const auto samples = test::read_mp4(segment.bytes.memory()).samples();
            CHECK(samples.front().pts == run.grid.first_frame(segment.number) * 1000);
            for (const auto& sample : samples) {
                CHECK(sample.dts > last);
                last = sample.dts;
                CHECK(run.grid.slot_of_frame(sample.dts / 1000) == segment.number);
                presented.insert(sample.pts / 1000 - run.first_frame);
            }
        }
        for (std::int64_t i = 0; i < 200; ++i) CHECK(presented.contains(i) == options.wanted(i));
    }

    TEST_CASE("every codec that an encoder is there for becomes segments") {
        const media::Grid grid({30, 1}, 2s);
        const std::int64_t first = grid.frame_at_or_after(kUtc);
        struct Row {
            const char* element;
            std::string encoder;
            TrackKind kind;
            const char* codecs;
            const char* ffprobe;
        };
        for (const Row& row : {Row{"x265enc",
                                   "x265enc speed-preset=ultrafast key-int-max=30 "
                                   "option-string=open-gop=0:scenecut=0:min-keyint=30:bframes=3",
                                   TrackKind::video, "hvc1.1.6.L63.90", "hevc,hvc1"},
                               Row{"av1enc",
                                   "av1enc cpu-used=8 usage-profile=realtime keyframe-max-dist=30 "
                                   "target-bitrate=200",
                                   TrackKind::video, "av01.0.00M.08", "av1,av01"},
                               Row{"opusenc", "opusenc", TrackKind::audio, "opus", "opus,Opus"}}) {
            CAPTURE(row.element);
            const auto factory = base::adopt_object(gst_element_factory_find(row.element));
            if (!factory) {
                MESSAGE("not here: " << row.element);
                continue;
            }
            const bool video = row.kind == TrackKind::video;
            test::CodecCmaf run({.encoder = row.encoder,
                                 .segmenter = {.grid = grid,
                                               .first_frame = first,
                                               .parts = media::PartSchedule(grid, 1s, 334ms),
                                               .kind = row.kind},
                                 .frames = 200,
                                 .buffer_samples = 960,
                                 .first_buffer = 1'790'000'000LL * 50});
            CAPTURE(run.error);
            REQUIRE(run.finished);
            check_order(run.output, true);
            CHECK(run.output.init.codecs == row.codecs);
            const std::int64_t ticks = video ? 1000 : 960;
            std::int64_t next = (video ? first : 1'790'000'000LL * 50) * ticks;
            for (const auto& segment : run.output.segments) {
                const auto samples = test::read_mp4(segment.bytes.memory()).samples();
                CHECK(samples.front().sync());
                CHECK(samples.front().pts == samples.front().dts);
                for (const auto& sample : samples) {
                    CHECK(sample.dts == next);
                    next += ticks;
                }
            }
            CHECK(run.output.segments.size() == (video ? 4U : 3U));
            // Given with the last frame that is in it, which waits for no other.
            const std::size_t whole = video ? 3 : 2;
            for (std::size_t i = 0; i < whole; ++i) {
                CHECK(run.output.units_at_segment.at(i) ==
                      static_cast<std::int64_t>((i + 1) * (video ? 60 : 100)));
            }
            const test::FileFor file(test::joined(run.output));
            const auto probed = file.probe("stream=codec_name,codec_tag_string");
            CHECK(probed.errors.empty());
            CHECK(probed.text == std::string(row.ffprobe) + "\n");
            CHECK(file.decoded_by_gstreamer(run.output.init.codecs) >= (video ? 200 : 198));
        }
    }

    TEST_CASE("ffprobe reads exact times and has nothing to complain about") {
        for (const Rational rate : {Rational{30, 1}, Rational{25, 1}, Rational{30'000, 1001}}) {
            CAPTURE(to_string(rate));
            const LadderCmaf run({.frame_rate = rate,
                                  .start = kUtc,
                                  .frames = 200,
                                  .capture_delay = MediaTime(-80ms)});
            REQUIRE(run.finished);
            const Line line = video_line(rate);
            const test::FileFor file(test::joined(run.video));
            const auto probed = file.probe("packet=pts,dts,duration");
            CHECK(probed.errors.empty());
            std::istringstream lines(probed.text);
            std::int64_t pts = 0;
            std::int64_t dts = 0;
            std::int64_t duration = 0;
            std::int64_t frame = run.first_frame;
            std::set<std::int64_t> presented;
            char comma = 0;
            while (lines >> pts >> comma >> dts >> comma >> duration) {
                CHECK(dts == frame * line.ticks);
                CHECK(duration == line.ticks);
                presented.insert(pts);
                ++frame;
            }
            CHECK(frame == run.first_frame + 200);
            CHECK(presented.size() == 200);
            // ffmpeg moves a track with negative offsets by the largest of them: two frames here.
            CHECK(*presented.begin() == (run.first_frame + 2) * line.ticks);
            CHECK(*presented.rbegin() - *presented.begin() == 199 * line.ticks);
            const test::FileFor sound(test::joined(run.audio));
            const auto heard = sound.probe("packet=pts");
            CHECK(heard.errors.empty());
            const std::int64_t begin =
                media::sample_at_or_after(run.audio.segments.front().start, 48'000);
            CHECK(heard.text.starts_with(std::to_string((begin + 1023) / 1024 * 1024) + "\n"));
        }
    }

    TEST_CASE("GStreamer decodes every frame") {
        const LadderCmaf run({.start = kUtc + 640ms, .frames = 200});
        REQUIRE(run.finished);
        CHECK(test::FileFor(test::joined(run.video)).decoded_by_gstreamer("avc1") == 200);
        CHECK(test::FileFor(test::joined(run.audio)).decoded_by_gstreamer("mp4a") > 370);
    }

    TEST_CASE("the end of a stream in which nothing was is the end") {
        const LadderCmaf run({.start = kUtc, .frames = 0});
        CHECK(run.finished);
        CHECK(run.video.order == std::vector<std::string>{"end"});
        CHECK(run.audio.segments.empty());
        CHECK(run.audio.order.back() == "end");
    }

    TEST_CASE("what cannot be packaged is said") {
        const media::Grid grid({25, 1}, 2s);
        const auto errors = [&](const char* encoder, TrackKind kind, bool sound) {
            // The pictures or samples that CodecCmaf feeds go by its kind.
            test::CodecCmaf run({.encoder = encoder,
                                 .segmenter = {.grid = grid, .first_frame = 0, .kind = kind},
                                 .frames = 30,
                                 .sound = sound});
            CHECK(run.output.segments.empty());
            CHECK(run.output.order == std::vector<std::string>{"end"});
            return run.output.errors;
        };
        CHECK_FALSE(errors("identity", TrackKind::video, false).empty());
        CHECK_FALSE(errors("identity", TrackKind::audio, true).empty());
        CHECK_FALSE(errors("x264enc speed-preset=ultrafast", TrackKind::audio, false).empty());
        CHECK_FALSE(errors("opusenc", TrackKind::video, true).empty());
    }

    TEST_CASE("a segmenter that works can go at any moment") {
        for (int round = 0; round < 6; ++round) {
            const media::Grid grid({25, 1}, 1s);
            test::LadderRun::Options options{
                .ladder = {
                    .video = {{.name = "v", .width = 64, .height = 36, .bitrate_bps = 200'000}},
                    .preset = "ultrafast"}};
            options.frames = 50 * round;
            test::LadderRun run(std::move(options));
            auto made = segment::make_cmaf_segmenter({.grid = grid, .first_frame = 0},
                                                     {.on_init = [](const auto&) {},
                                                      .on_part = [](const auto&) {},
                                                      .on_segment = [](const auto&) {},
                                                      .on_end = [] {},
                                                      .on_error = [](const auto&) {}})
                            .value();
            run.connect_track("video_v", std::move(made));
            if (round % 2 == 0) CHECK(run.run());
        }
    }
}
