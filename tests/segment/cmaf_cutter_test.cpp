// SPDX-License-Identifier: MIT
#include "segment/cmaf_cutter.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "media/track.hpp"
#include "segment/cmaf_reader.hpp"
#include "segment/cmaf_run.hpp"

using namespace weir;
using namespace std::chrono_literals;
using media::Grid;
using media::MediaTime;
using media::PartSchedule;
using media::TrackKind;
using segment::CmafCutter;
using test::CmafOutput;

namespace {

constexpr std::int64_t kSlot = 895'000'000;

segment::CmafTrack video_track(const Rational& rate) {
    media::CodecConfig config{.codecs = "avc1.64000b", .sample_entry = "avc1", .box = "avcC"};
    config.width = 64;
    config.height = 36;
    return segment::video_track(config, rate).value();
}

segment::CmafTrack audio_track(int rate, int samples) {
    media::CodecConfig config{.codecs = "mp4a.40.2", .sample_entry = "mp4a", .box = "esds"};
    config.sample_rate = rate;
    config.channels = 2;
    return segment::audio_track(config, samples);
}

// Feeds units whose one byte is their number.
struct Feed {
    Feed(const segment::CmafSegmenterOptions& options, segment::CmafTrack track)
        : video(options.kind == TrackKind::video),
          cutter(options, std::move(track), test::record_into(output)) {}

    Result<void> add(std::int64_t index, bool sync = false) {
        const std::array byte{static_cast<std::byte>(index & 0xFF)};
        const std::array pieces{std::span<const std::byte>(byte)};
        return cutter.add({.index = index, .sync = sync || !video, .pieces = pieces});
    }

    bool video;
    CmafOutput output;
    CmafCutter cutter;
};

std::vector<std::size_t> part_indices(const CmafOutput& output) {
    std::vector<std::size_t> all;
    for (const auto& part : output.parts) all.push_back(part.index);
    return all;
}

std::string all_bytes(const CmafOutput& output) {
    std::string all;
    for (const auto& segment : output.segments) all += test::text_of(segment.bytes);
    return all;
}

}  // namespace

TEST_SUITE("segment/cmaf_cutter") {
    TEST_CASE("a part is given with its last frame, and a segment with its last part") {
        const Grid grid({30, 1}, 2s);
        const std::int64_t first = grid.first_frame(kSlot);
        Feed feed({.grid = grid, .first_frame = first, .parts = PartSchedule(grid, 1s, 334ms)},
                  video_track({30, 1}));
        for (std::int64_t i = 0; i < 60; ++i) {
            CHECK(feed.add(first + i, i % 30 == 0));
            CHECK(feed.output.parts.size() == static_cast<std::size_t>((i + 1) / 10));
            CHECK(feed.output.segments.size() == static_cast<std::size_t>((i + 1) / 60));
        }
        const auto& parts = feed.output.parts;
        for (std::size_t i = 0; i < 6; ++i) {
            CHECK(parts[i].number == kSlot);
            CHECK(parts[i].index == i);
            CHECK(parts[i].count == 6);
            CHECK(parts[i].independent == (i % 3 == 0));
            CHECK(parts[i].slot_start == grid.frame_time(first));
            CHECK(parts[i].start == grid.frame_time(first + 10 * static_cast<int>(i)));
            const auto file = test::read_mp4(parts[i].bytes.memory());
            CHECK(file.boxes == (i == 0 ? "styp moof mdat" : "moof mdat"));
            CHECK(file.fragments.front().sequence == i + 1);
        }
        feed.cutter.finish();
        CHECK(feed.output.segments.size() == 1);
    }

    TEST_CASE("without parts a segment's GOPs are fragments of it") {
        const Grid grid({30, 1}, 2s);
        const std::int64_t first = grid.first_frame(kSlot);
        Feed feed({.grid = grid, .first_frame = first}, video_track({30, 1}));
        for (std::int64_t i = 0; i < 60; ++i) CHECK(feed.add(first + i, i % 30 == 0));
        CHECK(feed.output.parts.empty());
        REQUIRE(feed.output.segments.size() == 1);
        const auto file = test::read_mp4(feed.output.segments.front().bytes.memory());
        CHECK(file.boxes == "styp moof mdat moof mdat");
        CHECK(file.fragments[1].decode_time == (first + 30) * 1000);
        CHECK(file.fragments[1].samples.front().sync());
    }

    TEST_CASE("29.97 frames a second do not drift in a hundred hours") {
        const Rational rate{30'000, 1001};
        const Grid grid(rate, 2s);
        const std::int64_t first = grid.first_frame(kSlot);
        // Every slot's first and last parts; slots between are skipped over as they may be.
        Feed video({.grid = grid, .first_frame = first, .parts = PartSchedule(grid, 1s, 334ms)},
                   video_track(rate));
        Feed audio({.grid = grid,
                    .first_frame = first,
                    .parts = PartSchedule(grid, 1s, 334ms),
                    .kind = TrackKind::audio},
                   audio_track(48'000, 1024));
        const media::Track track{
            .name = "a", .kind = TrackKind::audio, .sample_rate = 48'000, .frame_samples = 1024};
        for (std::int64_t slot = kSlot; slot < kSlot + 180'000; slot += 1009) {
            const std::int64_t begin = grid.first_frame(slot);
            const std::int64_t end = grid.first_frame(slot + 1);
            for (std::int64_t frame = begin; frame < end; ++frame) {
                REQUIRE(video.add(frame, frame == begin));
            }
            const auto sample = [&](std::int64_t frame) {
                const MediaTime time = media::track_time(track, grid.frame_time(frame));
                return media::sample_at_or_after(time, 48'000);
            };
            const std::size_t before = audio.output.parts.size();
            for (std::int64_t at = sample(begin); at < sample(end); at += 1024) {
                REQUIRE(audio.add(at / 1024));
            }
            const auto& segment = video.output.segments.back();
            CHECK(segment.number == slot);
            CHECK(segment.start == grid.frame_time(begin));
            CHECK(segment.end == grid.frame_time(end));
            const auto file = test::read_mp4(segment.bytes.memory());
            CHECK(file.fragments.front().decode_time == begin * 1001);
            CHECK(audio.output.segments.back().number == slot);
            CHECK(audio.output.parts.size() - before == 6);
            for (std::size_t i = before; i < audio.output.parts.size(); ++i) {
                const auto& part = audio.output.parts[i];
                const auto sound = test::read_mp4(part.bytes.memory());
                CHECK(media::sample_time(sound.fragments.front().decode_time, 48'000) ==
                      media::track_time(track, part.start));
                CHECK(part.start == video.output.parts[i].start);
                CHECK(part.end == video.output.parts[i].end);
            }
        }
        CHECK(video.output.segments.size() == 179);
        CHECK(audio.output.segments.size() == 179);
    }

    TEST_CASE("a missing frame is a longer one before it, and moves nothing") {
        const Grid grid({30, 1}, 2s);
        const std::int64_t first = grid.first_frame(kSlot);
        for (const std::int64_t missing : {3, 9, 10, 59}) {
            CAPTURE(missing);
            Feed feed({.grid = grid, .first_frame = first, .parts = PartSchedule(grid, 1s, 334ms)},
                      video_track({30, 1}));
            for (std::int64_t i = 0; i < 120; ++i) {
                if (i != missing) CHECK(feed.add(first + i, i % 30 == 0));
            }
            REQUIRE(feed.output.segments.size() == 2);
            CHECK(feed.output.parts.size() == 12);
            const std::string bytes = all_bytes(feed.output);
            const auto samples = test::read_mp4(std::as_bytes(std::span(bytes))).samples();
            REQUIRE(samples.size() == 119);
            for (const auto& sample : samples) {
                const std::int64_t i = sample.dts / 1000 - first;
                CHECK(sample.dts == (first + i) * 1000);
                CHECK(sample.bytes.front() == static_cast<std::byte>((first + i) & 0xFF));
                // In the part before one that lacks its first frame nothing is known of that.
                CHECK(sample.duration == (i + 1 == missing && missing != 10 ? 2000 : 1000));
            }
        }
    }

    TEST_CASE("a part in which nothing is has bytes nevertheless") {
        const Grid grid({30, 1}, 2s);
        const std::int64_t first = grid.first_frame(kSlot);
        Feed feed({.grid = grid, .first_frame = first, .parts = PartSchedule(grid, 1s, 334ms)},
                  video_track({30, 1}));
        for (std::int64_t i = 0; i < 180; ++i) {
            if (i < 60 ? i < 15 || i >= 30 : i >= 155) CHECK(feed.add(first + i, i % 30 == 0));
        }
        CHECK(part_indices(feed.output) ==
              std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5});
        const auto boxes = [&](std::size_t i) {
            return test::read_mp4(feed.output.parts[i].bytes.memory()).boxes;
        };
        CHECK(boxes(1) == "moof mdat");
        CHECK(boxes(2) == "free");
        CHECK_FALSE(feed.output.parts[2].independent);
        CHECK(boxes(6) == "styp");
        CHECK(boxes(9) == "moof mdat");
        // The slot in which nothing was at all is left out.
        REQUIRE(feed.output.segments.size() == 2);
        CHECK(feed.output.segments[0].number == kSlot);
        CHECK(feed.output.segments[1].number == kSlot + 2);
    }

    TEST_CASE("what is there already, or late, is refused") {
        const Grid grid({30, 1}, 2s);
        const std::int64_t first = grid.first_frame(kSlot);
        Feed feed({.grid = grid, .first_frame = first}, video_track({30, 1}));
        CHECK(feed.add(first, true));
        CHECK_FALSE(feed.add(first, true));
        CHECK(feed.add(first + 5));
        CHECK_FALSE(feed.add(first + 4));
        for (std::int64_t i = 6; i < 60; ++i) CHECK(feed.add(first + i));
        CHECK_FALSE(feed.add(first + 59));
        CHECK(feed.output.segments.size() == 1);
        CHECK(feed.add(first + 60, true));
    }

    TEST_CASE("a frame that is too large is refused") {
        const Grid grid({30, 1}, 2s);
        Feed feed({.grid = grid, .first_frame = 0}, video_track({30, 1}));
        const std::vector<std::byte> large(100'000'000);
        const std::array pieces{std::span<const std::byte>(large)};
        CHECK(feed.cutter.add({.index = 0, .sync = true, .pieces = pieces}));
        CHECK(feed.cutter.add({.index = 1, .pieces = pieces}));
        CHECK_FALSE(feed.cutter.add({.index = 2, .pieces = pieces}));
        CHECK(feed.add(3));
    }

    TEST_CASE("a run that begins in the middle of a slot has that slot's parts from there") {
        const Grid grid({25, 1}, 2s);
        const PartSchedule schedule(grid, 1s, 334ms);
        const std::int64_t first = grid.first_frame(kSlot) + 31;
        Feed feed({.grid = grid, .first_frame = first, .parts = schedule}, video_track({25, 1}));
        for (std::int64_t frame = first; frame < grid.first_frame(kSlot + 1); ++frame) {
            CHECK(feed.add(frame, frame == first));
        }
        REQUIRE(feed.output.segments.size() == 1);
        CHECK(feed.output.segments.front().start == grid.frame_time(first));
        CHECK(feed.output.parts.size() == schedule.place_of(first, first).count);
        CHECK(feed.output.parts.front().index == 0);
        CHECK(feed.output.parts.front().independent);
    }

    TEST_CASE("the end in the middle of a part gives what there is") {
        const Grid grid({30, 1}, 2s);
        const std::int64_t first = grid.first_frame(kSlot);
        for (const std::int64_t frames : {1, 9, 10, 14, 30, 59}) {
            CAPTURE(frames);
            Feed feed({.grid = grid, .first_frame = first, .parts = PartSchedule(grid, 1s, 334ms)},
                      video_track({30, 1}));
            for (std::int64_t i = 0; i < frames; ++i) CHECK(feed.add(first + i, i % 30 == 0));
            feed.cutter.finish();
            feed.cutter.finish();
            REQUIRE(feed.output.segments.size() == 1);
            CHECK(feed.output.parts.size() == static_cast<std::size_t>((frames + 9) / 10));
            CHECK(feed.output.segments.front().end == grid.frame_time(first + frames));
            CHECK(feed.output.parts.back().end == grid.frame_time(first + frames));
            const auto file = test::read_mp4(feed.output.segments.front().bytes.memory());
            CHECK(file.samples().size() == static_cast<std::size_t>(frames));
            CHECK(file.samples().back().duration == 1000);
        }
        Feed nothing({.grid = grid, .first_frame = first}, video_track({30, 1}));
        nothing.cutter.finish();
        CHECK(nothing.output.order.empty());
    }

    TEST_CASE("audio is cut with the video at every rate, also where a part has no frame") {
        struct Row {
            Rational video;
            int rate;
            int samples;
            MediaTime longest;
        };
        for (const Row& row :
             {Row{{25, 1}, 48'000, 1024, 334ms}, Row{{30'000, 1001}, 44'100, 1024, 334ms},
              Row{{30, 1}, 48'000, 960, 334ms}, Row{{24'000, 1001}, 24'000, 1024, 200ms},
              Row{{60, 1}, 48'000, 1024, 10ms}, Row{{50, 1}, 48'000, 2880, 20ms}}) {
            CAPTURE(to_string(row.video));
            CAPTURE(row.rate);
            const Grid grid(row.video, 2s);
            const PartSchedule schedule(grid, 1s, row.longest);
            const std::int64_t first = grid.first_frame(kSlot) + 13;
            Feed feed(
                {.grid = grid, .first_frame = first, .parts = schedule, .kind = TrackKind::audio},
                audio_track(row.rate, row.samples));
            const media::Track track{.name = "a",
                                     .kind = TrackKind::audio,
                                     .sample_rate = row.rate,
                                     .frame_samples = row.samples};
            const std::int64_t begin = feed.cutter.first_unit();
            CHECK(media::sample_time(begin * row.samples, row.rate) ==
                  media::track_time(track, grid.frame_time(first)));
            std::int64_t unit = begin;
            while (feed.output.segments.size() < 4) REQUIRE(feed.add(unit++));
            const std::int64_t end = grid.first_frame(kSlot + 4);
            CHECK(media::sample_time(unit * row.samples, row.rate) ==
                  media::track_time(track, grid.frame_time(end)));
            std::int64_t frame = first;
            for (const auto& part : feed.output.parts) {
                const auto place = schedule.place_of(frame, first);
                CHECK(part.number == place.number);
                CHECK(part.index == place.index);
                CHECK(part.start == grid.frame_time(frame));
                CHECK(part.end == grid.frame_time(place.end));
                const auto file = test::read_mp4(part.bytes.memory());
                const MediaTime from = media::track_time(track, part.start);
                if (file.fragments.empty()) {
                    CHECK(from == media::track_time(track, part.end));
                } else {
                    CHECK(part.independent);
                    CHECK(media::sample_time(file.samples().front().dts, row.rate) == from);
                }
                frame = place.end;
            }
            CHECK(frame == end);
        }
    }

    TEST_CASE("the time of capture goes before every fragment") {
        const Grid grid({30'000, 1001}, 2s);
        const std::int64_t first = grid.first_frame(kSlot);
        Feed feed({.grid = grid,
                   .first_frame = first,
                   .parts = PartSchedule(grid, 1s, 334ms),
                   .capture_delay = -1'250ms},
                  video_track({30'000, 1001}));
        for (std::int64_t i = 0; i < 60; ++i) {
            CHECK(feed.add(first + i, grid.slot_of_frame(first + i - 1) < kSlot || i == 30));
        }
        REQUIRE(feed.output.parts.size() >= 6);
        for (const auto& part : feed.output.parts) {
            const auto file = test::read_mp4(part.bytes.memory());
            for (const auto& fragment : file.fragments) {
                REQUIRE(fragment.ntp);
                CHECK(fragment.prft_media_time == fragment.decode_time);
                const MediaTime utc =
                    grid.frame_time(fragment.decode_time / 1001) - MediaTime(1'250ms);
                const auto seconds = std::chrono::floor<std::chrono::seconds>(utc);
                CHECK(static_cast<std::int64_t>(*fragment.ntp >> 32) ==
                      seconds.count() + 2'208'988'800);
                const double part_of_second =
                    static_cast<double>(*fragment.ntp & 0xFFFFFFFF) / 4294967296.0;
                CHECK(part_of_second ==
                      doctest::Approx(std::chrono::duration<double>(utc - seconds).count()));
            }
        }
    }
}
