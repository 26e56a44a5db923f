// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <gst/video/video.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "ingest/recording_sink.hpp"
#include "ingest/source.hpp"
#include "support/clips.hpp"
#include "support/temporary_folder.hpp"
#include "support/watched.hpp"

using namespace weir;
using namespace std::chrono_literals;
using media::MediaTime;
using test::RecordingSink;

namespace {

const media::RawFormat kFormat{.width = 64, .height = 36, .sample_rate = 48'000, .channels = 2};

// What a source reports.
class Reports {
public:
    ingest::SourceEvents events() {
        return {.connected =
                    [this](const ingest::StreamInfo&) { watched_.note([this] { ++connected_; }); },
                .ended = [this] { watched_.note([this] { ++ended_; }); },
                .failed =
                    [this](const std::string& cause) {
                        watched_.note([&] { failures_.push_back(cause); });
                    }};
    }
    bool wait_ended(int times = 1) {
        return watched_.wait([&] { return ended_ >= times; });
    }
    std::string wait_failure() {
        watched_.wait([&] { return !failures_.empty(); });
        return watched_.look([&] { return failures_.empty() ? "" : failures_.front(); });
    }
    int connected() {
        return watched_.look([&] { return connected_; });
    }
    bool failed() {
        return watched_.look([&] { return !failures_.empty(); });
    }

private:
    test::Watched watched_;
    int connected_ = 0;
    int ended_ = 0;
    std::vector<std::string> failures_;
};

// A source, its sink and its reports; the sink is closed before the source goes.
struct Played {
    explicit Played(const Ingest& config, media::RawFormat format = kFormat,
                    std::size_t room = 1'000'000)
        : sink(std::make_shared<RecordingSink>(room)) {
        source = std::visit(
            [&](const auto& input) {
                return ingest::make_source(input, {format, sink, nullptr}, reports.events());
            },
            config);
        started = source->start();
    }
    void stop() {
        sink->close();
        source.reset();
    }

    Reports reports;
    std::shared_ptr<RecordingSink> sink;
    std::unique_ptr<ingest::Source> source;
    std::optional<Result<void>> started;
};

std::string video_of(const std::string& rate) {
    return "-f lavfi -i testsrc2=size=64x36:rate=" + rate + " ";
}

constexpr auto kAudio = "-f lavfi -i sine=sample_rate=48000 ";
constexpr auto kEncodeH264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 12 -bf 2 ";

// Every frame lies one step behind the one before it, to the rounding of nanoseconds.
void check_steps(std::span<const RecordingSink::Frame> frames, double step_ns, double tolerance) {
    int wrong = 0;
    for (std::size_t i = 1; i < frames.size(); ++i) {
        const auto step = static_cast<double>((frames[i].pts - frames[i - 1].pts).count());
        if (std::abs(step - step_ns) <= tolerance) continue;
        if (++wrong <= 3) {
            FAIL_CHECK("step " << std::to_string(step) << " before frame " << i);
        }
    }
}

MediaTime length(const RecordingSink::Packet& packet, const media::RawFormat& format = kFormat) {
    const auto count = static_cast<std::int64_t>(packet.samples.size()) / format.channels;
    return MediaTime(count * 1'000'000'000 / format.sample_rate);
}

std::size_t sample_count(const RecordingSink& sink) {
    std::size_t count = 0;
    for (const auto& packet : sink.packets()) count += packet.samples.size() / 2;
    return count;
}

// The largest hole or overlap between packets.
MediaTime largest_break(const RecordingSink& sink) {
    MediaTime largest{};
    const auto& packets = sink.packets();
    for (std::size_t i = 1; i < packets.size(); ++i) {
        const auto end = packets[i - 1].pts + length(packets[i - 1]);
        largest = std::max(largest, std::chrono::abs(packets[i].pts - end));
    }
    return largest;
}

int sample_at(GstBuffer* buffer, int plane, int x, int y) {
    GstVideoInfo info;
    gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, 64, 36);
    GstVideoFrame frame;
    REQUIRE(gst_video_frame_map(&frame, &info, buffer, GST_MAP_READ));
    const auto* data = static_cast<const guint8*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, plane));
    const int value = data[y * GST_VIDEO_FRAME_PLANE_STRIDE(&frame, plane) + x];
    gst_video_frame_unmap(&frame);
    return value;
}

bool is_flash(GstBuffer* buffer) {
    return sample_at(buffer, 0, 5, 31) >= 230 && std::abs(sample_at(buffer, 1, 3, 15) - 128) <= 3 &&
           std::abs(sample_at(buffer, 2, 3, 15) - 128) <= 3;
}

void check_pattern(const TestPattern& config, const media::RawFormat& format) {
    Played played(config, format);
    REQUIRE(*played.started);
    const double rate = config.frame_rate.as_double();
    CHECK(played.sink->wait(static_cast<std::size_t>(rate * 2.5), 120));
    CHECK(played.reports.connected() == 1);
    played.stop();
    const auto& frames = played.sink->frames();
    check_steps(frames, 1e9 / rate, 1.5);
    int flashes = 0;
    for (const auto& frame : frames) {
        const bool mark = frame.pts % 1s < 100ms;
        CHECK(is_flash(frame.buffer.get()) == mark);
        flashes += mark ? 1 : 0;
    }
    CHECK(flashes >= 2);
    // Sound where the flash is, silence elsewhere, to the millisecond (a resampler has a slope).
    int loud = 0;
    for (const auto& packet : played.sink->packets()) {
        for (std::size_t i = 0; i < packet.samples.size(); i += 2) {
            const auto time = packet.pts + MediaTime(static_cast<std::int64_t>(i) / 2 *
                                                     1'000'000'000 / format.sample_rate);
            const bool sound = std::abs(packet.samples[i]) > 0.01F;
            loud += sound ? 1 : 0;
            const auto phase = time % 1s;
            if (sound && phase > 101ms && phase < 999ms) FAIL("sound at " << phase.count());
        }
    }
    CHECK(loud > format.sample_rate / 10);
}

}  // namespace

TEST_SUITE("ingest/test_pattern") {
    TEST_CASE("frames lie at its rate, and flash and beep at the full seconds of source time") {
        for (const Rational rate : {Rational{25, 1}, Rational{30'000, 1001}, Rational{50, 1}}) {
            CAPTURE(to_string(rate));
            check_pattern({.width = 64, .height = 36, .frame_rate = rate, .clock = false}, kFormat);
        }
    }

    TEST_CASE("the beep stays at the full second at another sample rate") {
        check_pattern({.width = 64, .height = 36, .frame_rate = {25, 1}, .clock = false},
                      {.width = 64, .height = 36, .sample_rate = 44'100, .channels = 2});
    }

    TEST_CASE("the clock changes the picture's middle") {
        const auto middle = [](bool clock) {
            Played played(TestPattern{
                .width = 640, .height = 360, .frame_rate = {25, 1}, .clock = clock, .beep = false});
            REQUIRE(*played.started);
            CHECK(played.sink->wait(1, 0));
            played.stop();
            std::vector<int> row;
            for (int y = 14; y < 22; ++y) {
                for (int x = 0; x < 64; ++x) {
                    row.push_back(sample_at(played.sink->frames().front().buffer.get(), 0, x, y));
                }
            }
            return row;
        };
        CHECK(middle(true) != middle(false));
    }

    TEST_CASE("without a beep there is no sound and no flash") {
        Played played(TestPattern{
            .width = 64, .height = 36, .frame_rate = {25, 1}, .clock = false, .beep = false});
        REQUIRE(*played.started);
        CHECK(played.sink->wait(60, 0));
        played.stop();
        CHECK(played.sink->packets().empty());
        for (const auto& frame : played.sink->frames()) CHECK_FALSE(is_flash(frame.buffer.get()));
    }

    TEST_CASE("a channel without audio gets none") {
        Played played(TestPattern{.width = 64, .height = 36, .frame_rate = {25, 1}, .clock = false},
                      {.width = 64, .height = 36});
        REQUIRE(*played.started);
        CHECK(played.sink->wait(60, 0));
        played.stop();
        CHECK(played.sink->packets().empty());
    }
}

TEST_SUITE("ingest/file_source") {
    TEST_CASE("a film at 24 fps with B-frames and 5.1 sound comes whole") {
        const test::TemporaryFolder folder;
        const auto file = folder.path("film.mp4");
        test::make_clip(file, video_of("24") + kAudio + "-t 2 -ac 6 " + kEncodeH264 + "-c:a aac");
        Played played(FileInput{.path = file});
        REQUIRE(*played.started);
        CHECK(played.reports.wait_ended());
        const auto info = played.source->info();
        CHECK(info.video.find("24/1") != std::string::npos);
        CHECK(info.audio.find("48000") != std::string::npos);
        REQUIRE(info.frame_rate);
        CHECK(*info.frame_rate == Rational{24, 1});
        CHECK(played.reports.connected() == 1);
        CHECK_FALSE(played.reports.failed());
        played.stop();
        const auto& frames = played.sink->frames();
        CHECK(frames.size() == 48);
        CHECK(frames.front().pts == 0ns);
        check_steps(frames, 1e9 / 24, 1.5);
        CHECK(std::abs(static_cast<double>(sample_count(*played.sink)) - 96'000) <= 1024);
        CHECK(largest_break(*played.sink) < 2ms);
    }

    TEST_CASE("sound only, and pictures only, are media too") {
        const test::TemporaryFolder folder;
        const auto sound = folder.path("sound.m4a");
        test::make_clip(sound, std::string(kAudio) + "-t 1 -c:a aac");
        Played audio(FileInput{.path = sound});
        CHECK(audio.reports.wait_ended());
        CHECK(audio.source->info().video.empty());
        audio.stop();
        CHECK(audio.sink->frames().empty());
        CHECK(sample_count(*audio.sink) >= 47'000);

        const auto pictures = folder.path("pictures.mp4");
        test::make_clip(pictures, video_of("25") + "-t 1 " + kEncodeH264);
        Played video(FileInput{.path = pictures});
        CHECK(video.reports.wait_ended());
        CHECK(video.source->info().audio.empty());
        video.stop();
        CHECK(video.sink->frames().size() == 25);
        CHECK(video.sink->packets().empty());
    }

    TEST_CASE("a channel without audio takes a file's pictures only") {
        const test::TemporaryFolder folder;
        const auto file = folder.path("both.mp4");
        test::make_clip(file, video_of("25") + kAudio + "-t 1 " + kEncodeH264 + "-c:a aac");
        Played played(FileInput{.path = file}, {.width = 64, .height = 36});
        CHECK(played.reports.wait_ended());
        played.stop();
        CHECK(played.sink->frames().size() == 25);
        CHECK(played.sink->packets().empty());
    }

    TEST_CASE("what cannot be opened is an error at once, with file and cause") {
        const test::TemporaryFolder folder;
        const auto fifo = folder.path("pipe.mp4");
        REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
        struct Row {
            std::string path;
            ErrorCode code;
            const char* cause;
        };
        for (const Row& row :
             {Row{folder.path("none.mp4"), ErrorCode::not_found, "No such file"},
              Row{folder.path(), ErrorCode::invalid_argument, "is a directory"},
              Row{fifo, ErrorCode::invalid_argument, "is no regular file"},
              Row{folder.path("none.mp4") + "/x", ErrorCode::not_found, "No such file"}}) {
            CAPTURE(row.path);
            Played played(FileInput{.path = row.path});
            REQUIRE_FALSE(*played.started);
            CHECK(played.started->error().code == row.code);
            CHECK(played.started->error().message.starts_with(row.path + ": "));
            CHECK(played.started->error().message.find(row.cause) != std::string::npos);
        }
    }

    TEST_CASE("what is no media fails with file and cause") {
        const test::TemporaryFolder folder;
        const auto text = folder.path("text.mp4");
        test::write_text(text, std::string(4000, 'x') + "\n");
        const auto empty = folder.path("empty.mp4");
        test::write_text(empty, "");
        const auto noise = folder.path("noise.mp4");
        std::string bytes;
        for (unsigned i = 0; i < 5000; ++i) bytes += static_cast<char>(i * 2654435761U >> 13);
        test::write_text(noise, bytes);
        for (const auto& path : {text, empty, noise}) {
            CAPTURE(path);
            Played played(FileInput{.path = path});
            const auto cause =
                *played.started ? played.reports.wait_failure() : played.started->error().message;
            CHECK(cause.starts_with(path + ": "));
            CHECK(cause.size() > path.size() + 10);
            played.stop();
            CHECK(played.sink->frames().empty());
        }
    }

    TEST_CASE("a file that is cut off gives what there is") {
        const test::TemporaryFolder folder;
        const auto whole = folder.path("whole.mp4");
        test::make_clip(whole, video_of("25") + "-t 2 " + kEncodeH264 + "-movflags +faststart");
        std::filesystem::resize_file(whole, std::filesystem::file_size(whole) * 3 / 4);
        Played played(FileInput{.path = whole});
        REQUIRE(*played.started);
        CHECK(played.reports.wait_ended());
        played.stop();
        CHECK(played.sink->frames().size() >= 20);
        CHECK(played.sink->frames().size() < 50);
    }

    TEST_CASE("a loop is seamless in every container") {
        const test::TemporaryFolder folder;
        struct Row {
            std::string name;
            const char* rate;
            const char* more;
            double tolerance_ns;      // containers with times in milliseconds or at 90 kHz
            std::size_t guessed = 0;  // frames whose time the demultiplexer guesses at first
        };
        for (const Row& row :
             {Row{"a.mp4", "24", "", 2}, Row{"b.mp4", "30000/1001", "-ac 6 ", 2},
              Row{"c.mkv", "25", "", 1e6, 26}, Row{"d.ts", "25", "", 12e3},
              Row{"e.ts", "25", "-muxdelay 0 ", 12e3}, Row{"f.flv", "25", "", 1e6, 26}}) {
            CAPTURE(row.name);
            const auto file = folder.path(row.name);
            test::make_clip(
                file, video_of(row.rate) + kAudio + "-t 1 " + row.more + kEncodeH264 + "-c:a aac");
            Played played(FileInput{.path = file, .loop = true});
            REQUIRE(*played.started);
            for (int round = 1; round <= 3; ++round) {
                REQUIRE(played.reports.wait_ended(round));
                if (round < 3) REQUIRE(played.source->rewind());
            }
            CHECK_FALSE(played.reports.failed());
            CHECK(played.reports.connected() == 1);
            played.stop();
            const auto rate = parse_rational(row.rate).value().as_double();
            const auto& frames = played.sink->frames();
            CHECK(frames.size() == 3 * static_cast<std::size_t>(std::lround(rate)));
            check_steps({frames.data() + row.guessed, frames.size() - row.guessed}, 1e9 / rate,
                        row.tolerance_ns + 1);
            check_steps(frames, 1e9 / rate, row.guessed > 0 ? 25e6 : row.tolerance_ns + 1);
            CHECK(largest_break(*played.sink) <= 50ms);
        }
    }

    TEST_CASE("sound that outlasts the pictures by much is not cut at the seam") {
        const test::TemporaryFolder folder;
        const auto file = folder.path("tail.mp4");
        test::make_clip(file,
                        "-t 1 " + video_of("25") + "-t 1.3 " + kAudio + kEncodeH264 + "-c:a aac");
        Played played(FileInput{.path = file, .loop = true});
        REQUIRE(played.reports.wait_ended(1));
        REQUIRE(played.source->rewind());
        REQUIRE(played.reports.wait_ended(2));
        played.stop();
        const auto& frames = played.sink->frames();
        REQUIRE(frames.size() == 50);
        const auto seam = frames[25].pts - frames[24].pts;
        CHECK(seam >= 280ms);
        CHECK(seam <= 360ms);
        CHECK((seam + 1us) % 40ms < 2us);  // on the frames' grid
    }

    TEST_CASE("a sink that is full holds the file up, and its end lets everything go") {
        const test::TemporaryFolder folder;
        const auto file = folder.path("long.mp4");
        test::make_clip(file, video_of("25") + kAudio + "-t 20 " + kEncodeH264 + "-c:a aac");
        for (const std::size_t room : {0UL, 1UL, 7UL, 60UL}) {
            CAPTURE(room);
            Played played(FileInput{.path = file}, kFormat, room);
            REQUIRE(*played.started);
            CHECK(played.sink->wait_full());
            played.stop();
            CHECK(played.sink->frames().size() + played.sink->packets().size() == room);
        }
    }

    TEST_CASE("a source may go at any moment") {
        const test::TemporaryFolder folder;
        const auto file = folder.path("clip.mp4");
        test::make_clip(file, video_of("25") + kAudio + "-t 1 " + kEncodeH264 + "-c:a aac");
        for (std::size_t round = 0; round < 40; ++round) {
            Played played(FileInput{.path = file});
            REQUIRE(*played.started);
            if (round % 4 > 0) played.sink->wait(round % 4 > 1 ? 1 : 0, round % 4 > 2 ? 3 : 0);
            if (round % 8 == 7) played.source->rewind();
            played.stop();
        }
    }
}
