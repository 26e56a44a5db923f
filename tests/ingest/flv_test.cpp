// SPDX-License-Identifier: MIT
#include "ingest/flv.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "support/clips.hpp"
#include "support/temporary_folder.hpp"

using namespace weir;
using ingest::FlvReader;
using ingest::FlvUnit;
using Kind = ingest::FlvUnit::Kind;
using Bytes8 = std::vector<std::byte>;

namespace {

void append(Bytes8& to, const Bytes8& more) {
    to.insert(to.end(), more.begin(), more.end());
}

Bytes8 octets(std::initializer_list<int> values) {
    Bytes8 result;
    for (const int value : values) result.push_back(static_cast<std::byte>(value));
    return result;
}

void append_flv_number(Bytes8& to, std::uint32_t value, int width) {
    for (int i = width - 1; i >= 0; --i) to.push_back(static_cast<std::byte>(value >> (8 * i)));
}

const Bytes8 kHeader = octets({'F', 'L', 'V', 1, 5, 0, 0, 0, 9, 0, 0, 0, 0});

Bytes8 tag(int type, std::uint32_t dts, const Bytes8& data) {
    Bytes8 result = octets({type});
    const auto size = static_cast<std::uint32_t>(data.size());
    append_flv_number(result, size, 3);
    append_flv_number(result, dts & 0xFFFFFF, 3);
    append_flv_number(result, dts >> 24, 1);
    append_flv_number(result, 0, 3);
    append(result, data);
    append_flv_number(result, size + 11, 4);
    return result;
}

Bytes8 stream(std::initializer_list<Bytes8> tags) {
    Bytes8 result = kHeader;
    for (const auto& one : tags) append(result, one);
    return result;
}

struct SeenTag {
    Kind kind;
    bool keyframe;
    std::int64_t dts_ms;
    std::int32_t composition_ms;
    Bytes8 payload;

    bool operator==(const SeenTag&) const = default;
};

struct FlvReading {
    std::vector<SeenTag> units;
    Result<void> result;
};

// Pieces of `step` bytes; the first error ends it.
FlvReading read_flv(const Bytes8& input, std::size_t step) {
    FlvReading reading{{}, Result<void>()};
    FlvReader reader([&](const FlvUnit& unit) {
        reading.units.push_back({unit.kind, unit.keyframe, unit.dts_ms, unit.composition_ms,
                                 Bytes8(unit.payload.begin(), unit.payload.end())});
    });
    for (std::size_t at = 0; at < input.size() && reading.result; at += step) {
        const auto size = std::min(step, input.size() - at);
        // A copy of its own, so that a sanitizer sees a read behind the piece.
        const Bytes8 piece(input.begin() + static_cast<std::ptrdiff_t>(at),
                           input.begin() + static_cast<std::ptrdiff_t>(at + size));
        reading.result = reader.push(piece);
    }
    return reading;
}

FlvReading read_flv(const Bytes8& input) {
    return read_flv(input, std::max<std::size_t>(input.size(), 1));
}

}  // namespace

TEST_SUITE("ingest/flv") {
    TEST_CASE("every kind of unit is read with its times") {
        const auto input = stream({tag(18, 0, octets({2, 0, 1, 'x'})),             // script
                                   tag(9, 0, octets({0x17, 0, 0, 0, 0, 1, 100})),  // avcC
                                   tag(8, 0, octets({0xAF, 0, 0x11, 0x90})),       // ASC
                                   tag(9, 40, octets({0x17, 1, 0, 0, 80, 9, 9, 9})),
                                   tag(8, 41, octets({0xAF, 1, 7})),
                                   tag(9, 80, octets({0x27, 1, 0xFF, 0xFF, 0xD8, 8}))});
        const std::vector<SeenTag> expected{{Kind::video_config, true, 0, 0, octets({1, 100})},
                                            {Kind::audio_config, true, 0, 0, octets({0x11, 0x90})},
                                            {Kind::video, true, 40, 80, octets({9, 9, 9})},
                                            {Kind::audio, true, 41, 0, octets({7})},
                                            {Kind::video, false, 80, -40, octets({8})}};
        for (const std::size_t step : {1UL, 2UL, 3UL, 5UL, 7UL, 11UL, 13UL, 64UL, 4096UL}) {
            CAPTURE(step);
            const auto reading = read_flv(input, step);
            CHECK(reading.result);
            CHECK(reading.units == expected);
        }
    }

    TEST_CASE("the fourth byte of a timestamp is its highest") {
        const auto unit = octets({0xAF, 1, 7});
        for (const std::uint32_t dts :
             {0U, 1U, 0xFFFFFFU, 0x1000000U, 0x7FFFFFFFU, 0x80000000U, 0xFFFFFFFFU}) {
            CAPTURE(dts);
            const auto reading = read_flv(stream({tag(8, dts, unit)}));
            REQUIRE(reading.units.size() == 1);
            CHECK(reading.units[0].dts_ms == std::int64_t{dts});
        }
    }

    TEST_CASE("a composition time has 24 bits and a sign") {
        struct Row {
            int a, b, c;
            std::int32_t expected;
        };
        for (const Row& row : {Row{0, 0, 0, 0}, Row{0x7F, 0xFF, 0xFF, 0x7FFFFF},
                               Row{0x80, 0, 0, -0x800000}, Row{0xFF, 0xFF, 0xFF, -1}}) {
            const auto reading =
                read_flv(stream({tag(9, 5, octets({0x17, 1, row.a, row.b, row.c, 1}))}));
            REQUIRE(reading.units.size() == 1);
            CHECK(reading.units[0].composition_ms == row.expected);
        }
    }

    TEST_CASE("what is no media is passed over") {
        const auto good = tag(8, 9, octets({0xAF, 1, 7}));
        const std::vector<Bytes8> skipped{
            tag(18, 0, octets({2, 0, 10, 'o', 'n', 'M', 'e', 't', 'a', 'D', 'a', 't', 'a'})),
            tag(18, 0, {}),
            tag(9, 0, {}),
            tag(8, 0, {}),
            tag(15, 0, octets({1, 2, 3})),          // a type that nobody knows
            tag(9, 0, octets({0x57, 1})),           // a command
            tag(9, 0, octets({0x17, 2, 0, 0, 0})),  // end of sequence
            tag(9, 0, octets({0x17, 1, 0, 0, 0})),  // an access unit of nothing
            tag(8, 0, octets({0xAF, 1})),           // an AAC frame of nothing
            tag(8, 0, octets({0xAF, 0})),           // a configuration of nothing
        };
        for (std::size_t i = 0; i < skipped.size(); ++i) {
            CAPTURE(i);
            const auto reading = read_flv(stream({skipped[i], good}));
            CHECK(reading.result);
            CHECK(reading.units.size() == 1);
        }
    }

    TEST_CASE("enhanced RTMP names its codec with four characters") {
        using ingest::FlvCodec;
        struct Row {
            const char* name;
            int type;
            Bytes8 body;
            Kind kind;
            FlvCodec codec;
            bool keyframe;
            std::int32_t composition;
            Bytes8 payload;
        };
        const auto body = [](int first, const char* name, std::initializer_list<int> rest) {
            Bytes8 result = octets({first});
            for (int i = 0; i < 4; ++i) result.push_back(static_cast<std::byte>(name[i]));
            append(result, octets(rest));
            return result;
        };
        const std::vector<Row> rows{
            {"HEVC configuration", 9, body(0x90, "hvc1", {1, 2}), Kind::video_config,
             FlvCodec::hevc, true, 0, octets({1, 2})},
            {"HEVC keyframe", 9, body(0x91, "hvc1", {0, 0, 80, 7}), Kind::video, FlvCodec::hevc,
             true, 80, octets({7})},
            {"HEVC, negative composition time", 9, body(0xA1, "hvc1", {0xFF, 0xFF, 0xFE, 7}),
             Kind::video, FlvCodec::hevc, false, -2, octets({7})},
            {"HEVC, no composition time", 9, body(0xA3, "hvc1", {7, 8}), Kind::video,
             FlvCodec::hevc, false, 0, octets({7, 8})},
            {"AV1 configuration", 9, body(0x90, "av01", {0x81}), Kind::video_config, FlvCodec::av1,
             true, 0, octets({0x81})},
            {"AV1 has no composition time", 9, body(0x91, "av01", {0, 0, 80, 7}), Kind::video,
             FlvCodec::av1, true, 0, octets({0, 0, 80, 7})},
            {"H.264", 9, body(0x91, "avc1", {0, 0, 1, 9}), Kind::video, FlvCodec::h264, true, 1,
             octets({9})},
            {"AAC configuration", 8, body(0x90, "mp4a", {0x12, 0x10}), Kind::audio_config,
             FlvCodec::aac, true, 0, octets({0x12, 0x10})},
            {"AAC", 8, body(0x91, "mp4a", {5}), Kind::audio, FlvCodec::aac, true, 0, octets({5})},
        };
        for (const auto& row : rows) {
            CAPTURE(row.name);
            int seen = 0;
            const ingest::FlvHandler check = [&](const FlvUnit& unit) {
                ++seen;
                CHECK(unit.kind == row.kind);
                CHECK(unit.codec == row.codec);
                CHECK(unit.keyframe == row.keyframe);
                CHECK(unit.dts_ms == 77);
                CHECK(unit.composition_ms == row.composition);
                CHECK(Bytes8(unit.payload.begin(), unit.payload.end()) == row.payload);
            };
            const auto read_one = row.type == 9 ? &ingest::read_flv_video : &ingest::read_flv_audio;
            CHECK(read_one(77, row.body, check));
            CHECK(seen == 1);
        }
        // The end of a sequence, metadata, a command, the layout of channels, and nothing.
        const ingest::FlvHandler none = [](const FlvUnit&) { FAIL_CHECK("no media"); };
        for (const int first : {0x92, 0x94, 0xD1}) {
            CHECK(ingest::read_flv_video(0, body(first, "hvc1", {1, 2, 3, 4}), none));
        }
        CHECK(ingest::read_flv_video(0, body(0x91, "hvc1", {0, 0, 0}), none));
        CHECK(ingest::read_flv_audio(0, body(0x94, "mp4a", {1}), none));
    }

    TEST_CASE("what cannot be read is named") {
        struct Row {
            const char* name;
            Bytes8 input;
            ErrorCode code;
            const char* text;
        };
        auto long_header = kHeader;
        long_header[8] = std::byte{13};
        auto wide_header = kHeader;
        wide_header[5] = std::byte{0xFF};
        const std::vector<Row> rows{
            {"text", Bytes8(64, std::byte{'a'}), ErrorCode::corrupt, "signature"},
            {"F4V", octets({'F', '4', 'V', 1, 5, 0, 0, 0, 9, 0, 0, 0, 0}), ErrorCode::corrupt,
             "signature"},
            {"long header", long_header, ErrorCode::corrupt, "header"},
            {"wide header", wide_header, ErrorCode::corrupt, "header"},
            {"H.263", stream({tag(9, 0, octets({0x12, 1, 0, 0, 0, 1}))}), ErrorCode::unsupported,
             "video codec Sorenson H.263"},
            {"VP9", stream({tag(9, 0, octets({0x90, 'v', 'p', '0', '9', 1}))}),
             ErrorCode::unsupported, "video codec vp09"},
            {"unprintable FourCC", stream({tag(9, 0, octets({0x90, 1, 0, ' ', 255, 1}))}),
             ErrorCode::unsupported, "video codec ????"},
            {"enhanced packet type 6", stream({tag(9, 0, octets({0x96, 'h', 'v', 'c', '1', 1}))}),
             ErrorCode::unsupported, "packet type 6"},
            {"Opus", stream({tag(8, 0, octets({0x90, 'O', 'p', 'u', 's', 1}))}),
             ErrorCode::unsupported, "audio codec Opus"},
            {"short FourCC", stream({tag(9, 0, octets({0x90, 'h', 'v', 'c'}))}), ErrorCode::corrupt,
             "video tag of 4 bytes"},
            {"short audio FourCC", stream({tag(8, 0, octets({0x90, 'm', 'p'}))}),
             ErrorCode::corrupt, "audio tag of 3 bytes"},
            {"short composition time",
             stream({tag(9, 0, octets({0x91, 'h', 'v', 'c', '1', 0, 0}))}), ErrorCode::corrupt,
             "video tag of 7 bytes"},
            {"MP3", stream({tag(8, 0, octets({0x2F, 1, 1}))}), ErrorCode::unsupported,
             "audio codec MP3"},
            {"encrypted", stream({tag(9 | 0x20, 0, octets({0x17, 1, 0, 0, 0, 1}))}),
             ErrorCode::unsupported, "encrypted"},
            {"short video", stream({tag(9, 0, octets({0x17, 1, 0}))}), ErrorCode::corrupt,
             "video tag of 3 bytes"},
        };
        for (const auto& row : rows) {
            CAPTURE(row.name);
            for (const std::size_t step : {1UL, 1000UL}) {
                const auto reading = read_flv(row.input, step);
                CHECK(reading.units.empty());
                REQUIRE_FALSE(reading.result);
                CHECK(reading.result.error().code == row.code);
                CHECK(reading.result.error().message.find(row.text) != std::string::npos);
            }
        }
    }

    TEST_CASE("a tag that is cut off is not given") {
        const auto whole = stream({tag(8, 0, octets({0xAF, 0, 0x11, 0x90})),
                                   tag(9, 1, octets({0x17, 1, 0, 0, 0, 1, 2, 3}))});
        for (std::size_t size = 0; size < whole.size(); ++size) {
            CAPTURE(size);
            const Bytes8 cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
            const auto reading = read_flv(cut);
            CHECK(reading.result);
            CHECK(reading.units.size() <= 1);
        }
        CHECK(read_flv(whole).units.size() == 2);
    }

    TEST_CASE("a tag of the largest size is one unit") {
        Bytes8 data = octets({0x17, 1, 0, 0, 0});
        data.resize(0xFFFFFF, std::byte{5});
        const auto reading =
            read_flv(stream({tag(9, 7, data), tag(8, 8, octets({0xAF, 1, 7}))}), 64 * 1024);
        CHECK(reading.result);
        REQUIRE(reading.units.size() == 2);
        CHECK(reading.units[0].payload.size() == 0xFFFFFF - 5);
        CHECK(reading.units[1].dts_ms == 8);
    }

    TEST_CASE("what ffmpeg writes is read whole, however it is cut") {
        const test::TemporaryFolder folder;
        const auto file = folder.path("clip.flv");
        test::make_clip(
            file,
            "-f lavfi -i testsrc2=size=64x36:rate=25 -f lavfi -i sine=sample_rate=44100 "
            "-t 2 -c:v libx264 -preset ultrafast -bf 2 -g 25 -c:a aac -f flv");
        const auto input = test::read_bytes(file);
        const auto whole = read_flv(input);
        CHECK(whole.result);
        const auto count = [&](Kind kind) {
            return std::count_if(whole.units.begin(), whole.units.end(),
                                 [kind](const SeenTag& unit) { return unit.kind == kind; });
        };
        CHECK(count(Kind::video_config) == 1);
        CHECK(count(Kind::audio_config) == 1);
        CHECK(count(Kind::video) == 50);
        CHECK(count(Kind::audio) >= 86);
        CHECK(std::count_if(whole.units.begin(), whole.units.end(), [](const SeenTag& unit) {
                  return unit.kind == Kind::video && unit.keyframe;
              }) == 2);
        CHECK(read_flv(input, 1).units == whole.units);
        std::mt19937 random(1);
        for (int round = 0; round < 20; ++round) {
            const auto step = std::uniform_int_distribution<std::size_t>(2, 3000)(random);
            CHECK(read_flv(input, step).units == whole.units);
        }
    }

    TEST_CASE("any damage is an error or less media, never more than there was") {
        const auto good = stream({tag(9, 0, octets({0x17, 0, 0, 0, 0, 1, 100})),
                                  tag(8, 0, octets({0xAF, 0, 0x11, 0x90})),
                                  tag(9, 40, octets({0x17, 1, 0, 0, 80, 9, 9, 9})),
                                  tag(8, 41, octets({0xAF, 1, 7}))});
        for (std::size_t at = 0; at < good.size(); ++at) {
            for (const int bit : {0x01, 0x20, 0x80, 0xFF}) {
                auto bad = good;
                bad[at] ^= static_cast<std::byte>(bit);
                const auto reading = read_flv(bad, 3);
                CHECK(reading.units.size() <= 4);
            }
        }
    }
}
