// SPDX-License-Identifier: MIT
#include "segment/ts_writer.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <string>

#include "support/ts_reader.hpp"

using weir::segment::Ticks;
using weir::segment::TsWriter;

namespace {

using Octets = std::vector<std::byte>;

// "00 01 ff"
Octets from_hex(const std::string& text) {
    Octets bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        while (text[i] == ' ') ++i;
        bytes.push_back(static_cast<std::byte>(std::stoi(text.substr(i, 2), nullptr, 16)));
    }
    return bytes;
}

std::string to_hex(std::span<const std::byte> bytes) {
    std::string text;
    char pair[4];
    for (const std::byte b : bytes) {
        std::snprintf(pair, sizeof pair, "%02x ", std::to_integer<unsigned>(b));
        text += pair;
    }
    if (!text.empty()) text.pop_back();
    return text;
}

std::string times(int count, const std::string& octet) {
    std::string text;
    for (int i = 0; i < count; ++i) text += ' ' + octet;
    return text;
}

Octets packet(const weir::Bytes& bytes, std::size_t number) {
    const auto part = bytes.memory().subspan(number * 188, 188);
    return {part.begin(), part.end()};
}

// An access unit of AVC: each NAL unit behind its length of four bytes.
Octets avc(const std::vector<Octets>& nals) {
    Octets unit;
    for (const auto& nal : nals) {
        for (int shift = 24; shift >= 0; shift -= 8) {
            unit.push_back(static_cast<std::byte>(nal.size() >> shift & 0xFF));
        }
        unit.insert(unit.end(), nal.begin(), nal.end());
    }
    return unit;
}

Octets nal(int type, std::size_t size) {
    Octets bytes(size, std::byte{0xAB});
    bytes[0] = static_cast<std::byte>(0x60 | type);
    return bytes;
}

TsWriter make_writer(bool video = true, bool audio = true) {
    TsWriter writer;
    writer.set_tracks(video, audio);
    writer.set_video_format(
        {.nal_length_size = 4, .prefix = from_hex("0000000167aa 0000000168bb")});
    writer.set_audio_format({.adts = weir::media::AdtsFormat{1, 3, 2}, .sample_rate = 48'000});
    return writer;
}

weir::test::TsFile read(const weir::Bytes& bytes) {
    weir::test::TsReader reader;
    return reader.read(bytes.memory());
}

std::string payload(const weir::test::TsUnit& unit) {
    return to_hex(std::as_bytes(std::span(unit.payload)));
}

}  // namespace

TEST_SUITE_BEGIN("segment/ts_writer");

TEST_CASE("a segment begins with its tables") {
    struct Case {
        bool video;
        bool audio;
        const char* map;
    };
    for (const Case& c : {
             Case{
                 true, true,
                 "47 50 00 10 00 02 b0 17 00 01 c1 00 00 e1 00 f0 00 1b e1 00 f0 00 0f e1 01 f0 00 "
                 "2f 44 b9 9b"},
             Case{true, false,
                  "47 50 00 10 00 02 b0 12 00 01 c1 00 00 e1 00 f0 00 1b e1 00 f0 00 15 bd 4d 56"},
             Case{false, true,
                  "47 50 00 10 00 02 b0 12 00 01 c1 00 00 e1 01 f0 00 0f e1 01 f0 00 ec e2 b0 94"},
         }) {
        auto writer = make_writer(c.video, c.audio);
        writer.begin_segment();
        const auto bytes = writer.take();
        REQUIRE(bytes.size() == 2 * 188);
        CHECK(to_hex(packet(bytes, 0)) ==
              "47 40 00 10 00 00 b0 0d 00 01 c1 00 00 00 01 f0 00 2a b1 04 b2" + times(167, "ff"));
        const std::string map = c.map;
        const auto length = static_cast<int>((map.size() + 1) / 3);
        CHECK(to_hex(packet(bytes, 1)) == map + times(188 - length, "ff"));
    }
}

TEST_CASE("video is a PES packet with its clock reference, byte for byte") {
    struct Case {
        const char* what;
        Ticks pts;
        Ticks dts;
        bool keyframe;
        const char* unit;    // AVC
        const char* begins;  // of the packet, up to the stuffing
        const char* ends;    // behind it
    };
    const Case cases[] = {
        {"a picture", 93'600, 90'000, false, "00000002 41ee", "47 41 00 30 98 10 00 00 8c a0 7e 00",
         "00 00 01 e0 00 19 84 c0 0a 31 00 05 db 41 11 00 05 bf 21 00 00 00 01 09 f0 00 00 00 01 "
         "41 ee"},
        {"without reordering", 90'000, 90'000, false, "00000002 41ee",
         "47 41 00 30 9d 10 00 00 8c a0 7e 00",
         "00 00 01 e0 00 14 84 80 05 21 00 05 bf 21 00 00 00 01 09 f0 00 00 00 01 41 ee"},
        {"a keyframe gets the parameter sets", 90'000, 90'000, true, "00000002 65ee",
         "47 41 00 30 91 50 00 00 8c a0 7e 00",
         "00 00 01 e0 00 20 84 80 05 21 00 05 bf 21 00 00 00 01 09 f0 00 00 00 01 67 aa 00 00 00 "
         "01 68 bb 00 00 00 01 65 ee"},
        {"its own ones are enough, its own delimiter is not doubled", 90'000, 90'000, true,
         "00000002 0910 00000002 67cc 00000002 68dd 00000002 65ee",
         "47 41 00 30 91 50 00 00 8c a0 7e 00",
         "00 00 01 e0 00 20 84 80 05 21 00 05 bf 21 00 00 00 01 09 f0 00 00 00 01 67 cc 00 00 00 "
         "01 68 dd 00 00 00 01 65 ee"},
        {"at the end of 33 bits", (Ticks{1} << 33) + 1, (Ticks{1} << 33) - 1, false,
         "00000002 41ee", "47 41 00 30 98 10 ff ff dc d7 fe 00",
         "00 00 01 e0 00 19 84 c0 0a 31 00 01 00 03 1f ff ff ff ff 00 00 00 01 09 f0 00 00 00 01 "
         "41 ee"},
        {"before zero", 0, -1, false, "00000002 41ee", "47 41 00 30 98 10 ff ff dc d7 fe 00",
         "00 00 01 e0 00 19 84 c0 0a 31 00 01 00 01 1f ff ff ff ff 00 00 00 01 09 f0 00 00 00 01 "
         "41 ee"},
    };
    for (const Case& c : cases) {
        CAPTURE(c.what);
        auto writer = make_writer();
        REQUIRE(writer.write_video(from_hex(c.unit), c.keyframe, c.pts, c.dts));
        const auto bytes = writer.take();
        REQUIRE(bytes.size() == 188);
        const std::string begins = c.begins;
        const std::string ends = c.ends;
        const auto length = static_cast<int>((begins.size() + ends.size() + 2) / 3);
        CHECK(to_hex(packet(bytes, 0)) == begins + times(188 - length, "ff") + ' ' + ends);
    }
}

TEST_CASE("AAC frames that follow each other share a PES packet, byte for byte") {
    auto writer = make_writer();
    writer.begin_segment();
    REQUIRE(writer.write_video(avc({nal(1, 10)}), false, 90'000, 90'000));
    static_cast<void>(writer.take());
    REQUIRE(writer.write_audio(from_hex("2111"), 90'000));
    REQUIRE(writer.write_audio(from_hex("2122"), 91'920));
    const auto bytes = writer.take();
    REQUIRE(bytes.size() == 188);
    CHECK(
        to_hex(packet(bytes, 0)) ==
        "47 41 01 30 97 40" + times(150, "ff") +
            " 00 00 01 c0 00 1a 84 80 05 21 00 05 bf 21 ff f1 4c 80 01 3f fc 21 11 ff f1 4c 80 01 "
            "3f fc 21 22");
}

TEST_CASE("every size of unit is carried whole") {
    auto writer = make_writer();
    weir::test::TsReader reader;
    for (std::size_t size = 1; size < 800; ++size) {
        writer.begin_segment();
        REQUIRE(writer.write_video(avc({nal(1, size)}), false, 90'000, 90'000));
        REQUIRE(writer.write_audio(Octets(size, std::byte{0x55}), 90'000));
        const auto file = reader.read(writer.take().memory());
        CAPTURE(size);
        CHECK(file.continuity_errors == 0);
        REQUIRE(file.video().size() == 1);
        CHECK(file.video()[0].payload.size() == 6 + 4 + size);
        REQUIRE(file.audio().size() == 1);
        CHECK(file.audio()[0].payload.size() == 7 + size);
    }
}

TEST_CASE("a unit too long for its length field has none") {
    auto writer = make_writer();
    writer.begin_segment();
    REQUIRE(writer.write_video(avc({nal(5, 300'000)}), true, 0, 0));
    const auto bytes = writer.take();
    const auto file = read(bytes);
    REQUIRE(file.video().size() == 1);
    CHECK(file.video()[0].payload.size() == 6 + 6 + 6 + 4 + 300'000);
    CHECK(to_hex(packet(bytes, 2)).substr(36, 17) == "00 00 01 e0 00 00");
}

TEST_CASE("an Annex B unit is carried as it is, with what it lacks") {
    struct Case {
        const char* unit;
        bool keyframe;
        const char* carried;
    };
    for (const Case& c : {
             Case{"00000001 41ee", false, "00 00 00 01 09 f0 00 00 00 01 41 ee"},
             Case{"000001 41ee 000001 41ff", false,
                  "00 00 00 01 09 f0 00 00 00 01 41 ee 00 00 01 41 ff"},
             Case{"00000001 0910 00000001 65ee", true,
                  "00 00 00 01 09 f0 00 00 00 01 67 aa 00 00 00 01 68 bb 00 00 00 01 65 ee"},
             Case{"000001 67cc 000001 68dd 000001 65ee", true,
                  "00 00 00 01 09 f0 00 00 00 01 67 cc 00 00 00 01 68 dd 00 00 00 01 65 ee"},
             Case{
                 "000001 0605 000001 65ee", true,
                 "00 00 00 01 09 f0 00 00 00 01 06 05 00 00 00 01 67 aa 00 00 00 01 68 bb 00 00 00 "
                 "01 65 ee"},
         }) {
        auto writer = make_writer();
        writer.set_video_format({.prefix = from_hex("0000000167aa 0000000168bb")});
        writer.begin_segment();
        REQUIRE(writer.write_video(from_hex(c.unit), c.keyframe, 0, 0));
        CHECK(payload(read(writer.take()).video().at(0)) == c.carried);
    }
}

TEST_CASE("what is no unit is refused and leaves nothing") {
    auto writer = make_writer();
    for (const char* unit : {"", "00", "000000", "00000000", "00000005 41ee", "00000002 41ee 00",
                             "ffffffff 41", "00000002 06ee", "00000002 67aa 00000000"}) {
        CAPTURE(unit);
        CHECK_FALSE(writer.write_video(from_hex(unit), true, 0, 0));
    }
    writer.set_video_format({});
    for (const char* unit :
         {"", "00", "000001", "00000001", "41ee", "000001 06ee", "00000000000000"}) {
        CAPTURE(unit);
        CHECK_FALSE(writer.write_video(from_hex(unit), true, 0, 0));
    }
    CHECK_FALSE(writer.write_audio({}, 0));
    CHECK_FALSE(writer.write_audio(Octets(8185), 0));
    CHECK(writer.write_audio(Octets(8184), 0));
    writer.set_audio_format({.sample_rate = 48'000});
    CHECK(writer.take().size() > 0);
    CHECK_FALSE(writer.write_audio(from_hex("0011223344556677"), 0));
    CHECK(writer.take().size() == 0);
}

TEST_CASE("audio that does not follow closely has a packet of its own") {
    struct Case {
        Ticks second;
        std::size_t packets;
    };
    for (const Case& c : {Case{1920, 1}, Case{2099, 1}, Case{1741, 1}, Case{2101, 2}, Case{1700, 2},
                          Case{90'000, 2}, Case{-90'000, 2}}) {
        auto writer = make_writer();
        writer.begin_segment();
        REQUIRE(writer.write_audio(Octets(100), 900'000));
        REQUIRE(writer.write_audio(Octets(100), 900'000 + c.second));
        CAPTURE(c.second);
        const auto units = read(writer.take()).audio();
        REQUIRE(units.size() == c.packets);
        if (c.packets == 2) CHECK(units[1].pts == 900'000 + c.second);
    }
}

TEST_CASE("audio is packed for an eighth of a second at most") {
    auto writer = make_writer();
    writer.begin_segment();
    for (Ticks i = 0; i < 47; ++i) REQUIRE(writer.write_audio(Octets(200), i * 1920));
    const auto units = read(writer.take()).audio();
    CHECK(units.size() == 8);
    for (std::size_t i = 1; i < units.size(); ++i)
        CHECK(units[i].pts - units[i - 1].pts == 6 * 1920);
}

TEST_CASE("clock references are never more than a tenth of a second apart, nor late") {
    TsWriter writer = make_writer();
    bool video = false;
    SUBCASE("in video at 30 per second") {
        video = true;
    }
    SUBCASE("in audio alone") {
        writer = make_writer(false, true);
    }
    SUBCASE("while the video stands still") {}
    writer.begin_segment();
    for (Ticks time = 900'000; time < 1'080'000; time += 1920) {
        if (video && time / 3000 != (time - 1920) / 3000) {
            REQUIRE(writer.write_video(avc({nal(1, 500)}), false, time, time));
        }
        REQUIRE(writer.write_audio(Octets(100), time));
    }
    const auto file = read(writer.take());
    CHECK(file.continuity_errors == 0);
    REQUIRE(file.clock_references.size() > 10);
    for (std::size_t i = 1; i < file.clock_references.size(); ++i) {
        const auto step = file.clock_references[i] - file.clock_references[i - 1];
        CHECK(step >= 0);
        CHECK(step <= (video ? 9000 : 13'000));
    }
    for (const auto& unit : file.units) CHECK(unit.dts > file.clock_references.front());
}

TEST_CASE("the map has another version when the tracks change, and counters go on") {
    auto writer = make_writer();
    weir::test::TsReader reader;
    for (int round = 0; round < 40; ++round) {
        writer.set_tracks(true, round % 2 == 0);
        writer.begin_segment();
        REQUIRE(writer.write_video(avc({nal(5, 1000)}), true, round * 90'000, round * 90'000));
        const auto bytes = writer.take();
        CHECK(reader.read(bytes.memory()).continuity_errors == 0);
        CHECK(std::to_integer<int>(packet(bytes, 1)[10]) == (0xC1 | round % 32 << 1));
    }
}

TEST_CASE("a stream can be cut where it was looking back") {
    auto writer = make_writer();
    writer.begin_segment();
    REQUIRE(writer.write_video(avc({nal(5, 1000)}), true, 0, 0));
    writer.flush_audio();
    const auto mark = writer.size();
    writer.begin_segment();
    REQUIRE(writer.write_video(avc({nal(5, 2000)}), true, 3000, 3000));
    REQUIRE(writer.write_audio(Octets(10), 3000));
    weir::test::TsReader reader;
    const auto first = reader.read(writer.take(mark).memory());
    const auto second = reader.read(writer.take().memory());
    CHECK(first.video().size() == 1);
    REQUIRE(second.video().size() == 1);
    CHECK(second.video()[0].payload.size() == 6 + 12 + 4 + 2000);
    CHECK(second.audio().size() == 1);
    CHECK(second.pids[0] == 0);
    CHECK(second.continuity_errors == 0);
}

TEST_SUITE_END();
