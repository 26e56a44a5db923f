// SPDX-License-Identifier: MIT
#include "segment/passthrough_segmenter.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <numeric>

#include "support/clip_units.hpp"
#include "support/clips.hpp"
#include "support/fake_clock.hpp"
#include "support/temporary_folder.hpp"
#include "support/ts_reader.hpp"

using namespace std::chrono_literals;
using weir::media::MediaTime;
using weir::media::Segment;
using weir::media::UnitKind;
using weir::segment::PassthroughOptions;
using weir::segment::PassthroughSegmenter;
using weir::test::ClipUnits;

namespace {

struct Alert {
    std::string code;
    bool set = false;
};

struct Fixture {
    explicit Fixture(MediaTime segment = 2s, MediaTime max = 10s, std::int64_t first_number = 0)
        : segmenter(std::make_shared<PassthroughSegmenter>(
              PassthroughOptions{.name = "source",
                                 .segment_duration = segment,
                                 .max_segment_duration = max,
                                 .first_number = first_number},
              clock,
              weir::segment::PassthroughEvents{
                  [this](weir::media::Track track) { tracks.push_back(std::move(track)); },
                  [this](Segment value) { segments.push_back(std::move(value)); },
                  [this](const std::string& code, bool set, const std::string&) {
                      alerts.push_back({code, set});
                  }})) {}

    // As they would arrive in real time, at once with what lies before `burst`.
    void push(weir::media::UnitSink& sink, const ClipUnits& clip, MediaTime burst = {}) {
        for (const auto& [kind, caps] : clip.caps) sink.configure(kind, caps);
        MediaTime last = clip.units.front().dts + burst;
        for (const auto& unit : clip.units) {
            if (unit.dts > last) {
                clock->advance(unit.dts - last);
                last = unit.dts;
            }
            CHECK(sink.push(unit.kind, weir::base::borrow_mini(unit.buffer.get())));
        }
    }

    void play(const ClipUnits& clip, MediaTime burst = {}) {
        const auto sink = segmenter->open();
        push(*sink, clip, burst);
        sink->close();
    }

    // All segments in one file, as a player has them.
    std::string joined(std::size_t first = 0, std::size_t count = SIZE_MAX) {
        const auto path = folder.path("joined.ts");
        std::ofstream file(path, std::ios::binary);
        for (std::size_t i = first; i < segments.size() && i - first < count; ++i) {
            const auto bytes = segments[i].bytes.read().value();
            file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        }
        return path;
    }

    weir::test::TemporaryFolder folder;
    std::shared_ptr<weir::test::FakeClock> clock = std::make_shared<weir::test::FakeClock>();
    std::vector<Segment> segments;
    std::vector<weir::media::Track> tracks;
    std::vector<Alert> alerts;
    std::shared_ptr<PassthroughSegmenter> segmenter;
};

// Every packet of `from` is in `to`, with one difference for all, to the tick.
void check_same_packets(const std::vector<weir::test::ProbedPacket>& from,
                        const std::vector<weir::test::ProbedPacket>& to) {
    const auto keyframe = std::find_if(from.begin(), from.end(), [](auto& p) { return p.video; });
    const double from_start = keyframe == from.end() ? -1 : keyframe->pts;
    for (const bool video : {true, false}) {
        std::vector<weir::test::ProbedPacket> a;
        std::vector<weir::test::ProbedPacket> b;
        const auto ours = [video](const auto& packet) { return packet.video == video; };
        std::copy_if(from.begin(), from.end(), std::back_inserter(a), ours);
        std::copy_if(to.begin(), to.end(), std::back_inserter(b), ours);
        // The sound before the first picture is left out: an encoder's priming, mostly.
        while (!video && !a.empty() && a.size() > b.size() && a.front().pts < from_start) {
            a.erase(a.begin());
        }
        // qtdemux keeps the last frame of an edited track for itself.
        if (!video && a.size() == b.size() + 1) a.pop_back();
        REQUIRE(a.size() == b.size());
        if (a.empty()) continue;
        const auto first = std::find_if(from.begin(), from.end(), [](auto& p) { return p.video; });
        const auto begin = std::find_if(to.begin(), to.end(), [](auto& p) { return p.video; });
        const double shift =
            first == from.end() ? to.front().pts - from.front().pts : begin->pts - first->pts;
        double worst = 0;
        int keyframes = 0;
        for (std::size_t i = 0; i < a.size(); ++i) {
            worst = std::max({worst, std::abs(b[i].pts - a[i].pts - shift),
                              video ? std::abs(b[i].dts - a[i].dts - shift) : 0});
            keyframes += a[i].keyframe != b[i].keyframe;
        }
        CAPTURE(video);
        CHECK(worst < 13e-6);  // a tick is 11.1 us, and ffprobe rounds
        CHECK(keyframes == 0);
    }
}

void check_whole(Fixture& fixture, const std::string& clip) {
    REQUIRE(!fixture.segments.empty());
    weir::test::TsReader reader;
    MediaTime sum{};
    for (std::size_t i = 0; i < fixture.segments.size(); ++i) {
        const auto& segment = fixture.segments[i];
        CAPTURE(i);
        const auto file = reader.read(segment.bytes.memory());
        CHECK(file.continuity_errors == 0);
        REQUIRE(!file.video().empty());
        CHECK(file.video().front().random_access);
        const auto types = weir::test::nal_types(file.video().front().payload);
        CHECK(types[0] == 9);
        CHECK(std::count(types.begin(), types.end(), 7) == 1);
        CHECK(std::count(types.begin(), types.end(), 8) >= 1);
        if (i > 0) {
            CHECK(segment.number == fixture.segments[i - 1].number + 1);
            CHECK(segment.start == fixture.segments[i - 1].end);
            CHECK_FALSE(segment.discontinuity);
        }
        sum += segment.end - segment.start;
        // The segment's start is its keyframe's PTS: an hour and UTC on the stream's clock.
        const auto ticks = (segment.start + 3600s).count() / 100'000 * 9 +
                           ((segment.start + 3600s).count() % 100'000 * 9 + 50'000) / 100'000;
        CHECK(file.video().front().pts == (ticks & ((1LL << 33) - 1)));
    }
    CHECK(sum == fixture.segments.back().end - fixture.segments.front().start);
    const auto path = fixture.joined();
    CHECK(weir::test::decode_errors(path) == "");
    check_same_packets(weir::test::probe_packets(clip), weir::test::probe_packets(path));
}

std::string make_clip(const Fixture& fixture, const std::string& rate, double seconds,
                      const std::string& x264, const std::string& audio = "-c:a aac -b:a 96k",
                      const std::string& sound = "48000") {
    const auto file = fixture.folder.path("clip.mp4");
    const auto length = std::to_string(seconds);
    const std::string tone =
        audio == "-an" ? "" : "-f lavfi -i sine=r=" + sound + ":d=" + length + " ";
    weir::test::make_clip(file, "-f lavfi -i testsrc2=s=192x108:r=" + rate + ":d=" + length + " " +
                                    tone + "-c:v libx264 -preset ultrafast -pix_fmt yuv420p " +
                                    x264 + " " + audio);
    return file;
}

}  // namespace

TEST_SUITE_BEGIN("segment/passthrough_segmenter");

TEST_CASE("a stream is cut at its keyframes and keeps every unit and all times") {
    Fixture fixture;
    std::string file;
    std::size_t count = 0;
    SUBCASE("with B-frames at 30000/1001") {
        file = make_clip(fixture, "30000/1001", 10, "-bf 2 -g 60 -keyint_min 60 -sc_threshold 0");
        count = 5;
    }
    SUBCASE("with keyframes 8.3 s apart") {
        file = make_clip(fixture, "30", 20, "-bf 2 -g 249 -keyint_min 249 -sc_threshold 0");
        count = 3;
    }
    SUBCASE("where every picture is a keyframe") {
        file = make_clip(fixture, "25", 6, "-g 1");
        count = 3;
    }
    SUBCASE("mono at 44.1 kHz") {
        file = make_clip(fixture, "24", 8, "-bf 3 -b_strategy 0 -g 24", "-c:a aac -b:a 64k -ac 1",
                         "44100");
        count = 4;
    }
    SUBCASE("with keyframes half a second apart") {
        file = make_clip(fixture, "50", 7, "-g 25 -bf 1");
        count = 4;
    }
    fixture.play(weir::test::read_mp4_units(file));
    CHECK(fixture.segments.size() == count);
    CHECK(fixture.alerts.empty());
    check_whole(fixture, file);
}

TEST_CASE("an Annex B stream with ADTS is carried as one of AVC with raw AAC") {
    Fixture avc;
    const auto file = make_clip(avc, "30", 6, "-bf 2 -g 60");
    avc.play(weir::test::read_mp4_units(file));
    Fixture annex_b;
    annex_b.play(weir::test::read_byte_stream_units(file));
    check_whole(annex_b, file);
    REQUIRE(annex_b.segments.size() == avc.segments.size());
    REQUIRE(annex_b.tracks.size() == 1);
    CHECK(annex_b.tracks[0].codecs == avc.tracks[0].codecs);
}

TEST_CASE("an open GOP is cut at its recovery points") {
    Fixture fixture;
    const auto file =
        make_clip(fixture, "25", 10, "-bf 2 -g 50 -flags +cgop -x264-params open-gop=1");
    fixture.play(weir::test::read_mp4_units(file));
    REQUIRE(fixture.segments.size() >= 4);
    CHECK(weir::test::decode_errors(fixture.joined()) == "");
}

TEST_CASE("a stream of one kind is cut too") {
    Fixture fixture;
    SUBCASE("video") {
        const auto file = make_clip(fixture, "25", 8, "-g 50", "-an");
        fixture.play(weir::test::read_mp4_units(file, true, false));
        CHECK(fixture.segments.size() == 4);
        check_whole(fixture, file);
        CHECK(fixture.tracks[0].codecs.starts_with("avc1."));
        CHECK(fixture.tracks[0].codecs.find(',') == std::string::npos);
    }
    SUBCASE("audio") {
        const auto file = make_clip(fixture, "25", 8, "-g 50");
        auto clip = weir::test::read_mp4_units(file, false, true);
        fixture.play(clip);
        REQUIRE(fixture.segments.size() >= 3);
        CHECK(fixture.tracks[0].codecs == "mp4a.40.2");
        CHECK(weir::test::decode_errors(fixture.joined()) == "");
        weir::test::TsReader reader;
        for (const auto& segment : fixture.segments) {
            CHECK(segment.end - segment.start <= 2100ms);
            const auto part = reader.read(segment.bytes.memory());
            CHECK(part.continuity_errors == 0);
            CHECK(part.clock_references.size() >= 1);
            CHECK(part.video_pid == -1);
        }
    }
}

TEST_CASE("the track says what the stream is") {
    Fixture fixture;
    const auto file = make_clip(fixture, "30000/1001", 4.5, "-g 60 -profile:v baseline");
    fixture.play(weir::test::read_mp4_units(file));
    REQUIRE(fixture.tracks.size() == 1);
    const auto& track = fixture.tracks[0];
    CHECK(track.name == "source");
    CHECK(track.width == 192);
    CHECK(track.height == 108);
    CHECK(track.frame_rate == weir::Rational{30'000, 1001});
    CHECK(track.codecs.starts_with("avc1.42c0"));
    CHECK(track.codecs.ends_with(",mp4a.40.2"));
    for (const auto& segment : fixture.segments) {
        const std::chrono::duration<double> length = segment.end - segment.start;
        CHECK(track.bandwidth.peak_bps > double(segment.bytes.size()) * 8 / length.count());
    }
}

TEST_CASE("numbers are those of the clock's slots, and go up by one over a loss") {
    Fixture fixture;
    const auto file = make_clip(fixture, "25", 5, "-g 50");
    const auto clip = weir::test::read_mp4_units(file);
    const auto begin = fixture.clock->utc();
    fixture.play(clip);
    REQUIRE(fixture.segments.size() == 3);
    CHECK(fixture.segments[0].number == begin / 2s);
    CHECK(fixture.segments[0].start - begin < 200ms);
    fixture.clock->advance(20s);
    const auto again = fixture.clock->utc();
    fixture.play(clip);
    REQUIRE(fixture.segments.size() == 6);
    CHECK(fixture.segments[3].number == fixture.segments[2].number + 1);
    CHECK(fixture.segments[3].discontinuity);
    CHECK(fixture.segments[3].start - again < 200ms);
    CHECK_FALSE(fixture.segments[4].discontinuity);
    CHECK(fixture.segmenter->next_number() == fixture.segments[5].number + 1);
    CHECK(fixture.tracks.size() == 1);
}

TEST_CASE("a stream that comes and goes all the time does not run ahead of the clock") {
    Fixture fixture;
    const auto file = make_clip(fixture, "25", 0.4, "-g 50");
    const auto clip = weir::test::read_mp4_units(file);
    for (int i = 0; i < 100; ++i) fixture.play(clip);
    REQUIRE(fixture.segments.size() > 10);
    CHECK(fixture.segments.back().number <= fixture.clock->utc() / 2s + 1);
    for (std::size_t i = 1; i < fixture.segments.size(); ++i) {
        CHECK(fixture.segments[i].number == fixture.segments[i - 1].number + 1);
        CHECK(fixture.segments[i].start >= fixture.segments[i - 1].end);
        CHECK(fixture.segments[i].discontinuity);
    }
}

TEST_CASE("what a server sends at once lies before now") {
    Fixture fixture;
    const auto file = make_clip(fixture, "25", 12, "-g 50");
    const auto begin = fixture.clock->utc();
    fixture.play(weir::test::read_mp4_units(file), 4s);
    REQUIRE(!fixture.segments.empty());
    CHECK(fixture.segments[0].start < begin - 3s);
    CHECK(fixture.segments.back().end <= fixture.clock->utc() + 200ms);
    check_whole(fixture, file);
}

TEST_CASE("without a keyframe the longest duration still holds, and an alert says so") {
    Fixture fixture(1s, 3s);
    const auto file =
        make_clip(fixture, "30000/1001", 16, "-bf 2 -g 240 -keyint_min 240 -sc_threshold 0");
    fixture.play(weir::test::read_mp4_units(file));
    REQUIRE(fixture.alerts.size() == 1);
    CHECK(fixture.alerts[0].code == "passthrough_gop");
    CHECK(fixture.alerts[0].set);
    for (std::size_t i = 0; i < fixture.segments.size(); ++i) {
        const auto& segment = fixture.segments[i];
        CHECK(segment.end - segment.start <= 3s);
        if (i > 0) CHECK(segment.start == fixture.segments[i - 1].end);
        if (i > 0) CHECK_FALSE(segment.discontinuity);
    }
    const auto path = fixture.joined();
    CHECK(weir::test::decode_errors(path) == "");
    check_same_packets(weir::test::probe_packets(file), weir::test::probe_packets(path));
}

TEST_CASE("a new configuration begins a segment with a discontinuity") {
    Fixture fixture;
    const auto first = weir::test::read_mp4_units(make_clip(fixture, "25", 3, "-g 50"));
    const auto file = fixture.folder.path("other.mp4");
    weir::test::make_clip(file,
                          "-f lavfi -i testsrc2=s=320x180:r=25:d=5 -f lavfi -i sine=r=48000:d=5 "
                          "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 50 -c:a aac");
    auto second = weir::test::read_mp4_units(file);
    const auto sink = fixture.segmenter->open();
    fixture.push(*sink, first);
    for (auto& unit : second.units) {
        unit.dts += 3s;
        GST_BUFFER_PTS(unit.buffer.get()) += 3 * GST_SECOND;
        GST_BUFFER_DTS(unit.buffer.get()) += 3 * GST_SECOND;
    }
    fixture.push(*sink, second);
    sink->close();
    REQUIRE(fixture.segments.size() == 5);
    std::vector<bool> marks;
    for (const auto& segment : fixture.segments) marks.push_back(segment.discontinuity);
    CHECK(marks == std::vector<bool>{false, false, true, false, false});
    CHECK(fixture.segments[1].end - fixture.segments[1].start == 1s);
    fixture.joined(0, 2);
    CHECK(weir::test::decode_errors(fixture.joined(0, 2)) == "");
    CHECK(weir::test::decode_errors(fixture.joined(2)) == "");
}

TEST_CASE("a repeated configuration is none") {
    Fixture fixture;
    const auto clip = weir::test::read_mp4_units(make_clip(fixture, "25", 4, "-g 50"));
    const auto sink = fixture.segmenter->open();
    for (const auto& unit : clip.units) {
        for (const auto& [kind, caps] : clip.caps) sink->configure(kind, caps);
        sink->push(unit.kind, weir::base::borrow_mini(unit.buffer.get()));
        fixture.clock->advance(20ms);
    }
    sink->close();
    REQUIRE(fixture.segments.size() == 2);
    CHECK_FALSE(fixture.segments[1].discontinuity);
}

TEST_CASE("a stream that cannot be carried is an alert, and the rest is carried") {
    Fixture fixture;
    auto clip = weir::test::read_mp4_units(make_clip(fixture, "25", 4, "-g 50"));
    clip.caps[UnitKind::audio] =
        weir::base::adopt_mini(gst_caps_from_string("audio/x-opus,channels=2"));
    fixture.play(clip);
    REQUIRE(fixture.alerts.size() == 1);
    CHECK(fixture.alerts[0].code == "passthrough_codec");
    REQUIRE(fixture.segments.size() == 2);
    CHECK(fixture.tracks[0].codecs.find(',') == std::string::npos);
}

TEST_CASE("nothing is taken of a connection that is over, or after the end") {
    Fixture fixture;
    const auto clip = weir::test::read_mp4_units(make_clip(fixture, "25", 1, "-g 50"));
    const auto old = fixture.segmenter->open();
    const auto sink = fixture.segmenter->open();
    auto unit = [&] { return weir::base::borrow_mini(clip.units[0].buffer.get()); };
    CHECK_FALSE(old->push(UnitKind::video, unit()));
    CHECK(sink->push(UnitKind::video, unit()));
    old->close();
    CHECK(sink->push(UnitKind::video, unit()));
    fixture.segmenter->finish();
    CHECK_FALSE(sink->push(UnitKind::video, unit()));
}

TEST_CASE("a jump of the times begins a segment with a discontinuity") {
    Fixture fixture;
    auto clip = weir::test::read_mp4_units(make_clip(fixture, "25", 8, "-g 50"));
    for (auto& unit : clip.units) {
        if (unit.dts < 5s) continue;
        GST_BUFFER_PTS(unit.buffer.get()) += 3600 * GST_SECOND;
        GST_BUFFER_DTS(unit.buffer.get()) += 3600 * GST_SECOND;
    }
    fixture.play(clip);
    CHECK(fixture.segments.back().end <= fixture.clock->utc() + 200ms);
    CHECK(std::count_if(fixture.segments.begin(), fixture.segments.end(),
                        [](auto& s) { return s.discontinuity; }) == 1);
    for (const auto& segment : fixture.segments) CHECK(segment.end - segment.start <= 3s);
}

TEST_CASE("GStreamer's demultiplexer sees what ffprobe sees") {
    Fixture fixture;
    fixture.play(weir::test::read_mp4_units(make_clip(fixture, "30000/1001", 6, "-bf 2 -g 60")));
    const auto path = fixture.joined();
    const std::string queue = " ! queue max-size-bytes=0 max-size-buffers=0 max-size-time=0 ! " +
                              std::string(weir::test::kAppSink);
    const auto clip = weir::test::read_units(
        "filesrc location=" + path + " ! tsdemux name=d d. ! video/x-h264 ! h264parse" + queue +
        "video d. ! audio/mpeg ! aacparse" + queue + "audio");
    const auto probed = weir::test::probe_packets(path);
    for (const auto kind : {UnitKind::video, UnitKind::audio}) {
        const auto ours = [kind](const auto& unit) { return unit.kind == kind; };
        const auto theirs = [kind](const auto& p) { return p.video == (kind == UnitKind::video); };
        CHECK(std::count_if(clip.units.begin(), clip.units.end(), ours) ==
              std::count_if(probed.begin(), probed.end(), theirs));
    }
}

TEST_CASE("malformed units are left out and the rest goes on") {
    Fixture fixture;
    const auto clip = weir::test::read_mp4_units(make_clip(fixture, "25", 6, "-g 25"));
    const auto sink = fixture.segmenter->open();
    for (const auto& [kind, caps] : clip.caps) sink->configure(kind, caps);
    int count = 0;
    for (const auto& unit : clip.units) {
        fixture.clock->advance(14ms);
        CHECK(sink->push(unit.kind, weir::base::borrow_mini(unit.buffer.get())));
        auto bad = weir::base::adopt_mini(gst_buffer_copy_deep(unit.buffer.get()));
        ++count;
        if (count % 3 == 0) gst_buffer_set_size(bad.get(), 0);
        if (count % 3 == 1) gst_buffer_memset(bad.get(), 0, 0xFF, 8);
        if (count % 3 == 2)
            GST_BUFFER_PTS(bad.get()) = GST_BUFFER_DTS(bad.get()) = GST_CLOCK_TIME_NONE;
        if (unit.kind == UnitKind::video) CHECK(sink->push(unit.kind, std::move(bad)));
    }
    CHECK(sink->push(UnitKind::video, nullptr));
    sink->close();
    CHECK(fixture.segments.size() == 3);
    CHECK(weir::test::decode_errors(fixture.joined()) == "");
}

TEST_CASE("a configuration that is none is an alert, and no stream") {
    Fixture fixture;
    const auto sink = fixture.segmenter->open();
    for (const char* text :
         {"video/x-h264,stream-format=avc,alignment=au",
          "video/x-h264,stream-format=avc,codec_data=(buffer)01", "video/x-h265,stream-format=hvc1",
          "video/x-h264,stream-format=avc,codec_data=(int)1"}) {
        CAPTURE(text);
        fixture.alerts.clear();
        sink->configure(UnitKind::video, weir::base::adopt_mini(gst_caps_from_string(text)));
        sink->configure(UnitKind::video,
                        weir::base::adopt_mini(gst_caps_from_string(
                            "video/x-h264,stream-format=byte-stream,alignment=au")));
        REQUIRE(fixture.alerts.size() == 2);
        CHECK(fixture.alerts[0].set);
        CHECK_FALSE(fixture.alerts[1].set);
    }
    sink->configure(UnitKind::audio, weir::base::adopt_mini(
                                         gst_caps_from_string("audio/mpeg,mpegversion=1,layer=3")));
    CHECK(fixture.alerts.size() == 3);
    sink->close();
    CHECK(fixture.segments.empty());
}

TEST_SUITE_END();
