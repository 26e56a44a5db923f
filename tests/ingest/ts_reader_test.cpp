// SPDX-License-Identifier: MIT
#include "ingest/ts_reader.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "support/clips.hpp"
#include "support/temporary_folder.hpp"

using namespace weir;
using ingest::TsCodec;
using ingest::TsReader;
using media::UnitKind;

namespace {

using Bytes = std::vector<std::byte>;

// What a reader found in a stream.
struct Found {
    struct Unit {
        std::int64_t pts;
        std::int64_t dts;
        bool lost_before;
        Bytes payload;
        friend bool operator==(const Unit&, const Unit&) = default;
    };
    std::vector<ingest::TsTrack> tracks;
    std::vector<Unit> video;
    std::vector<Unit> audio;
    std::optional<Error> error;
};

Found read_ts(std::span<const std::byte> bytes, const TsSelection& select = {},
              std::size_t piece = 1316) {
    Found found;
    TsReader reader(select, {[&](const ingest::TsTrack& track) { found.tracks.push_back(track); },
                             [&](const ingest::TsUnit& unit) {
                                 (unit.kind == UnitKind::video ? found.video : found.audio)
                                     .push_back({unit.pts.value_or(-1),
                                                 unit.dts.value_or(-1),
                                                 unit.lost_before,
                                                 {unit.payload.begin(), unit.payload.end()}});
                             }});
    while (!bytes.empty() && !found.error) {
        const auto size = std::min(piece, bytes.size());
        if (const auto read = reader.push(bytes.first(size)); !read) found.error = read.error();
        bytes = bytes.subspan(size);
    }
    reader.finish();
    return found;
}

constexpr auto kPicture = "-f lavfi -i testsrc2=size=64x36:rate=25 ";
constexpr auto kSoundUnit = "-f lavfi -i sine=sample_rate=48000 ";
constexpr auto kCodecs =
    "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 25 -bf 2 -c:a aac -f mpegts ";

Bytes make(const std::string& arguments) {
    const test::TemporaryFolder folder;
    const auto file = folder.path("clip.ts");
    test::make_clip(file, arguments);
    return test::read_bytes(file);
}

Bytes two_programmes() {
    return make(std::string("-f lavfi -i testsrc2=size=64x36:rate=25 "
                            "-f lavfi -i testsrc2=size=32x32:rate=25 ") +
                kSoundUnit + kSoundUnit + kSoundUnit +
                "-t 1 -map 0:v -map 1:v -map 2:a -map 3:a -map 4:a "
                "-metadata:s:a:0 language=deu -metadata:s:a:1 language=fra "
                "-metadata:s:a:2 language=eng "
                "-program program_num=11:st=0:st=2:st=3 -program program_num=22:st=1:st=4 " +
                kCodecs +
                "-streamid 0:301 -streamid 1:302 -streamid 2:401 -streamid 3:402 "
                "-streamid 4:403");
}

// A step of decoding times other than one picture.
std::size_t wrong_steps(const std::vector<Found::Unit>& units, std::int64_t step) {
    std::size_t wrong = 0;
    for (std::size_t i = 1; i < units.size(); ++i) {
        wrong += units[i].dts - units[i - 1].dts == step ? 0 : 1;
    }
    return wrong;
}

}  // namespace

TEST_SUITE("ingest/ts_reader") {
    TEST_CASE("every access unit comes, with its times, however the bytes are cut") {
        const auto bytes = make(std::string(kPicture) + kSoundUnit + "-t 2 " + kCodecs);
        const auto found = read_ts(bytes);
        REQUIRE_FALSE(found.error);
        REQUIRE(found.tracks.size() == 2);
        CHECK(found.tracks[0].codec == TsCodec::h264);
        CHECK(found.tracks[1].codec == TsCodec::aac_adts);
        CHECK(found.video.size() == 50);
        CHECK(wrong_steps(found.video, 3600) == 0);
        const bool reordered = std::any_of(found.video.begin(), found.video.end(),
                                           [](const auto& unit) { return unit.pts > unit.dts; });
        CHECK(reordered);
        CHECK(found.audio.front().pts == found.audio.front().dts);
        for (const std::size_t piece : {1UL, 7UL, 187UL, 188UL, 189UL, 100'000UL}) {
            CAPTURE(piece);
            const auto again = read_ts(bytes, {}, piece);
            CHECK(again.video == found.video);
            CHECK(again.audio == found.audio);
        }
    }

    TEST_CASE("times go on over the wrap of their 33 bits, for those who join before and after") {
        const auto bytes =
            make(std::string(kPicture) + kSoundUnit + "-t 4 -output_ts_offset 95441 " + kCodecs);
        const auto found = read_ts(bytes);
        CHECK(found.video.size() == 100);
        CHECK(wrong_steps(found.video, 3600) == 0);
        const auto wraps = [](std::int64_t time) { return time >> 33; };
        CHECK(wraps(found.video.back().dts) == wraps(found.video.front().dts) + 1);
        const auto audio_step = found.audio.back().pts - found.audio.front().pts;
        CHECK(audio_step > 3 * 90'000);
        CHECK(audio_step < 4 * 90'000);
        CHECK(std::abs(found.audio.front().pts - found.video.front().dts) < 90'000);

        const auto beyond = read_ts(
            make(std::string(kPicture) + kSoundUnit + "-t 1 -output_ts_offset 95450 " + kCodecs));
        CHECK(beyond.video.size() == 25);
        CHECK(wrong_steps(beyond.video, 3600) == 0);
        CHECK(beyond.video.front().dts >= 0);
    }

    TEST_CASE("programme, PID and language choose what comes") {
        const auto bytes = two_programmes();
        struct Row {
            TsSelection select;
            int video;
            int audio;
        };
        for (const Row& row :
             {Row{{}, 301, 401}, Row{{.programme = 11}, 301, 401}, Row{{.programme = 22}, 302, 403},
              Row{{.audio_language = "fra"}, 301, 402}, Row{{.audio_language = "FRA"}, 301, 402},
              Row{{.programme = 22, .audio_language = "eng"}, 302, 403},
              Row{{.audio_pid = 402, .audio_language = "deu"}, 301, 402},
              Row{{.video_pid = 301, .audio_pid = 402}, 301, 402},
              Row{{.audio_language = "ita"}, 301, -1}}) {
            CAPTURE(row.select.programme);
            CAPTURE(row.select.audio_language);
            const auto found = read_ts(bytes, row.select);
            REQUIRE_FALSE(found.error);
            int video = -1;
            int audio = -1;
            for (const auto& track : found.tracks) {
                (track.kind == UnitKind::video ? video : audio) = track.pid;
            }
            CHECK(video == row.video);
            CHECK(audio == row.audio);
            CHECK(found.video.size() == 25);
            CHECK(found.audio.empty() == (row.audio < 0));
        }
    }

    TEST_CASE("what is not in it is said") {
        const auto bytes = two_programmes();
        const auto missing = read_ts(bytes, {.programme = 7});
        REQUIRE(missing.error);
        CHECK(missing.error->code == ErrorCode::not_found);
        CHECK(missing.error->message == "it has no programme 7, it has 11, 22");
        const auto nothing = read_ts(bytes, {.programme = 22, .video_pid = 99, .audio_pid = 98});
        REQUIRE(nothing.error);
        CHECK(nothing.error->code == ErrorCode::unsupported);
        const auto noise = read_ts(Bytes(300'000, std::byte{0x47 + 1}));
        REQUIRE(noise.error);
        CHECK(noise.error->code == ErrorCode::corrupt);
        CHECK(noise.error->message == "it is no MPEG-TS");
    }

    TEST_CASE("a lost packet costs one unit, and the next one says so") {
        auto bytes = make(std::string(kPicture) + "-t 1 " + kCodecs);
        const auto whole = read_ts(bytes);
        // The fifth packet from the middle on, of whatever PID is the video's.
        const int pid = whole.tracks.front().pid;
        std::size_t at = bytes.size() / 188 / 2 * 188;
        const auto pid_at = [&](std::size_t i) {
            return (std::to_integer<int>(bytes[i + 1]) & 0x1F) << 8 |
                   std::to_integer<int>(bytes[i + 2]);
        };
        while (pid_at(at) != pid || (bytes[at + 1] & std::byte{0x40}) != std::byte{}) at += 188;
        bytes.erase(bytes.begin() + static_cast<long>(at),
                    bytes.begin() + static_cast<long>(at) + 188);
        const auto found = read_ts(bytes);
        CHECK(found.video.size() == whole.video.size() - 1);
        CHECK(std::count_if(found.video.begin(), found.video.end(),
                            [](const auto& unit) { return unit.lost_before; }) == 1);
    }

    TEST_CASE("packets that come twice, and noise between them, change nothing") {
        const auto bytes = make(std::string(kPicture) + kSoundUnit + "-t 1 " + kCodecs);
        const auto whole = read_ts(bytes);
        Bytes noisy;
        for (std::size_t at = 0; at < bytes.size(); at += 188) {
            const auto packet = std::span(bytes).subspan(at, 188);
            noisy.insert(noisy.end(), packet.begin(), packet.end());
            noisy.insert(noisy.end(), packet.begin(), packet.end());
            if (at % (188 * 10) == 0) noisy.insert(noisy.end(), 33, std::byte{0});
        }
        noisy.insert(noisy.end(), bytes.begin(), bytes.begin() + 188);
        const auto found = read_ts(noisy);
        CHECK(found.video == whole.video);
        CHECK(found.audio == whole.audio);
    }

    TEST_CASE("a stream that follows another with other codecs is announced anew") {
        auto bytes = make(std::string(kPicture) + kSoundUnit + "-t 1 " + kCodecs);
        const auto second =
            make(std::string(kPicture) + kSoundUnit +
                 "-t 1 -c:v libx265 -x265-params log-level=none -preset ultrafast -c:a mp2 "
                 "-mpegts_flags +initial_discontinuity -f mpegts");
        bytes.insert(bytes.end(), second.begin(), second.end());
        const auto found = read_ts(bytes);
        REQUIRE(found.tracks.size() == 4);
        CHECK(found.tracks[2].codec == TsCodec::hevc);
        CHECK(found.tracks[3].codec == TsCodec::mpeg_audio);
        CHECK(found.video.size() >= 49);
    }
}
