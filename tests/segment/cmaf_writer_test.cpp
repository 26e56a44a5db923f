// SPDX-License-Identifier: MIT
#include "segment/cmaf_writer.hpp"

#include <doctest/doctest.h>

#include <string>

#include "media/box.hpp"
#include "segment/cmaf_reader.hpp"

using namespace weir;
using namespace std::chrono_literals;
using segment::CmafTrack;

namespace {

std::string hex(std::span<const std::byte> bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const std::byte byte : bytes) {
        text += kDigits[std::to_integer<unsigned>(byte) >> 4];
        text += kDigits[std::to_integer<unsigned>(byte) & 15];
    }
    return text;
}

std::vector<std::byte> from_hex(const std::string& text) {
    std::vector<std::byte> bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        bytes.push_back(static_cast<std::byte>(std::stoi(text.substr(i, 2), nullptr, 16)));
    }
    return bytes;
}

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text));
}

media::CodecConfig avc() {
    return media::avc_config({from_hex("6764000bacd9447f9f016a02020280000003008000001e478a14cb"),
                              from_hex("68ef8fcb")})
        .value();
}

media::CodecConfig hevc() {
    return media::hevc_config(
               {from_hex("40010c01ffff01600000030090000003000003003f959409"),
                from_hex("42010101600000030090000003000003003fa020831f3e595952930bffc00040005a8080"
                         "80820000030002000003003c10"),
                from_hex("4401c073c089")})
        .value();
}

media::CodecConfig av1() {
    return media::av1_config(from_hex("0a0b00000002aff1f036be4010")).value();
}

media::CodecConfig aac() {
    return media::aac_config(from_hex("1190")).value();
}

media::CodecConfig opus() {
    return media::opus_config(from_hex("4f707573486561640102380180bb0000000000")).value();
}

std::string names(std::span<const std::byte> bytes) {
    std::string text;
    const auto boxes = media::read_boxes(bytes);
    REQUIRE(boxes);
    for (const auto& box : *boxes) {
        text += (text.empty() ? "" : " ") + media::fourcc_text(box.type);
    }
    return text;
}

// A box at a path of plain ones.
media::BoxView at(std::span<const std::byte> bytes, std::initializer_list<std::string_view> path) {
    const auto found = media::find_box(bytes, path);
    REQUIRE(found);
    return *found;
}

media::BoxView sample_entry(std::span<const std::byte> init) {
    const auto stsd = at(init, {"moov", "trak", "mdia", "minf", "stbl", "stsd"});
    CHECK(hex(stsd.payload.first(8)) == "0000000000000001");
    const auto entries = media::read_boxes(stsd.payload.subspan(8));
    REQUIRE(entries);
    REQUIRE(entries->size() == 1);
    return entries->front();
}

// What all headers have in common.
void check_header(const CmafTrack& track) {
    const auto segment = segment::write_init_segment(track);
    const auto init = segment.bytes.memory();
    CHECK(segment.codecs == track.codec.codecs);
    CHECK(names(init) == "ftyp moov");
    CHECK(hex(at(init, {"ftyp"}).payload) ==
          "69736f36"
          "00000000"
          "69736f36"
          "636d6663"
          "64617368");  // iso6 cmfc dash
    CHECK(names(at(init, {"moov"}).payload) == "mvhd trak mvex");
    CHECK(names(at(init, {"moov", "trak"}).payload) == "tkhd mdia");  // no edit list
    CHECK(names(at(init, {"moov", "trak", "mdia"}).payload) == "mdhd hdlr minf");
    const bool video = track.codec.is_video();
    CHECK(names(at(init, {"moov", "trak", "mdia", "minf"}).payload) ==
          (video ? "vmhd dinf stbl" : "smhd dinf stbl"));
    CHECK(names(at(init, {"moov", "trak", "mdia", "minf", "stbl"}).payload) ==
          "stsd stts stsc stsz stco");
    const auto mdhd = at(init, {"moov", "trak", "mdia", "mdhd"}).payload;
    CHECK(mdhd.size() == 24);
    media::FieldReader times(mdhd.subspan(12));
    CHECK(times.u32() == track.timescale);
    CHECK(times.u32() == 0);
    CHECK(times.u16() == 0x55C4);  // "und"
    CHECK(hex(at(init, {"moov", "mvex", "trex"}).payload) ==
          "00000000"
          "00000001"
          "00000001"
          "000000000000000000000000");
    CHECK(hex(at(init, {"moov", "trak", "mdia", "hdlr"}).payload.subspan(8, 4)) ==
          (video ? "76696465" : "736f756e"));
    CHECK(at(init, {"moov", "mvhd"}).payload.size() == 100);
    CHECK(at(init, {"moov", "trak", "tkhd"}).payload.size() == 84);
    CHECK(hex(at(init, {"moov", "trak", "mdia", "minf", "dinf", "dref"}).payload) ==
          "00000000"
          "00000001"
          "0000000c"
          "75726c20"
          "00000001");
    const auto entry = sample_entry(init);
    CHECK(entry.is(track.codec.sample_entry));
    const auto inner = entry.payload.subspan(video ? 78 : 28);
    CHECK(names(inner) == track.codec.box + (video ? " colr pasp" : ""));
    CHECK(hex(at(inner, {track.codec.box}).payload) == hex(track.codec.payload));
    if (video) {
        CHECK(hex(at(inner, {"colr"}).payload) ==
              "6e636c78"
              "0001"
              "0001"
              "0001"
              "00");
        CHECK(hex(at(inner, {"pasp"}).payload) == "0000000100000001");
        CHECK(hex(entry.payload.subspan(24, 4)) == "00400024");  // 64x36
    } else {
        CHECK(hex(entry.payload.subspan(16, 4)) == "00020010");
        CHECK(hex(entry.payload.subspan(24, 4)) == "bb800000");  // 48000
    }
}

}  // namespace

TEST_SUITE("segment/cmaf_writer") {
    TEST_CASE("the header of each codec, box by box") {
        for (const auto& config : {avc(), hevc(), av1()}) {
            CAPTURE(config.codecs);
            check_header(segment::video_track(config, {30'000, 1001}).value());
        }
        check_header(segment::audio_track(aac(), 1024));
        check_header(segment::audio_track(opus(), 960));
    }

    TEST_CASE("the header's bytes, and so its name, are the same for ever") {
        const auto hash = [](const CmafTrack& track) {
            return segment::write_init_segment(track).hash;
        };
        CHECK(hash(segment::video_track(avc(), {30, 1}).value()) == "217115dabefca9db");
        CHECK(hash(segment::video_track(avc(), {25, 1}).value()) != "217115dabefca9db");
    }

    TEST_CASE("frames are whole numbers of ticks, and ticks are short") {
        struct Row {
            Rational rate;
            std::uint32_t timescale;
            std::uint32_t ticks;
        };
        for (const Row& row :
             {Row{{30, 1}, 30'000, 1000}, Row{{25, 1}, 25'000, 1000}, Row{{60, 2}, 30'000, 1000},
              Row{{30'000, 1001}, 30'000, 1001}, Row{{24'000, 1001}, 24'000, 1001},
              Row{{1, 1}, 10'000, 10'000}, Row{{1, 2}, 10'000, 20'000}, Row{{120, 1}, 12'000, 100},
              Row{{29'970, 1000}, 29'970, 1000}}) {
            CAPTURE(to_string(row.rate));
            const auto track = segment::video_track(avc(), row.rate).value();
            CHECK(track.timescale == row.timescale);
            CHECK(track.unit_ticks == row.ticks);
        }
        for (const Rational rate : {Rational{0, 1}, Rational{1, 0}, Rational{5'000'000'001, 1},
                                    Rational{-30, 1}, Rational{1, 5'000'000'000}}) {
            CHECK_FALSE(segment::video_track(avc(), rate));
        }
    }

    TEST_CASE("a fragment, byte by byte") {
        const auto track = segment::video_track(avc(), {30, 1}).value();
        const segment::CmafFragment fragment{
            .begins_segment = true,
            .sequence_number = 7,
            .decode_time = 0x123456789A,
            .reference_time = {{.utc = 1'790'000'000s + 500ms, .media_time = 0x123456789A}},
            .events = {{.scheme_id_uri = "urn:x",
                        .value = "1",
                        .timescale = 30'000,
                        .presentation_time = 5,
                        .duration = 6,
                        .id = 8,
                        .data = "ab"}},
            .samples = {
                {.size = 2, .duration = 1000, .sync = true},
                {.size = 1, .duration = 1000, .composition_offset = 2000},
                {.size = 0, .duration = 1000, .composition_offset = -1000, .disposable = true}}};
        std::string out;
        segment::write_fragment(track, fragment, from_hex("aabbcc"), out);
        CHECK(hex(bytes_of(out)) ==
              // styp: msdh, 0, msdh cmfs cmff cmfl
              "00000020"
              "73747970"
              "6d736468"
              "00000000"
              "6d736468"
              "636d6673"
              "636d6666"
              "636d666c"
              // prft: since 1900, half a second
              "00000020"
              "70726674"
              "01000018"
              "00000001"
              "ee5bba00"
              "80000000"
              "000000123456789a"
              // emsg
              "0000002a"
              "656d7367"
              "01000000"
              "00007530"
              "0000000000000005"
              "00000006"
              "00000008"
              "75726e3a7800"
              "3100"
              "6162"
              // moof, mfhd, traf, tfhd, tfdt
              "00000084"
              "6d6f6f66"
              "00000010"
              "6d666864"
              "00000000"
              "00000007"
              "0000006c"
              "74726166"
              "00000018"
              "74666864"
              "00020028"
              "00000001"
              "000003e8"
              "01010000"
              "00000014"
              "74666474"
              "01000000"
              "000000123456789a"
              // trun: data offset, sizes, flags, composition offsets
              "00000038"
              "7472756e"
              "01000e01"
              "00000003"
              "0000008c"
              "00000002"
              "02000000"
              "00000000"
              "00000001"
              "01010000"
              "000007d0"
              "00000000"
              "01810000"
              "fffffc18"
              // mdat
              "0000000b"
              "6d646174"
              "aabbcc");
    }

    TEST_CASE("what all samples share is said once") {
        const auto track = segment::audio_track(aac(), 1024);
        std::string out;
        segment::write_fragment(track,
                                {.samples = {{.size = 1, .duration = 1024, .sync = true},
                                             {.size = 2, .duration = 1024, .sync = true}}},
                                from_hex("aabbcc"), out);
        const auto trun = at(bytes_of(out), {"moof", "traf", "trun"});
        CHECK(hex(trun.payload) ==
              "01000201"
              "00000002"
              "00000070"
              "00000001"
              "00000002");
        CHECK(hex(at(bytes_of(out), {"moof", "traf", "tfhd"}).payload) ==
              "00020028"
              "00000001"
              "00000400"
              "02000000");
        out.clear();
        segment::write_fragment(track,
                                {.samples = {{.size = 1, .duration = 2048, .sync = true},
                                             {.size = 2, .duration = 1024, .sync = true}}},
                                from_hex("aabbcc"), out);
        const auto uneven = test::read_mp4(bytes_of(out)).samples();
        CHECK(uneven[0].duration == 2048);
        CHECK(uneven[1].dts == 2048);
    }

    TEST_CASE("a fragment's overhead is bounded") {
        const auto track = segment::video_track(avc(), {30, 1}).value();
        segment::CmafFragment fragment{.begins_segment = true,
                                       .reference_time = segment::ProducerReferenceTime{}};
        for (std::size_t count = 1; count < 100; ++count) {
            fragment.samples.push_back(
                {.duration = static_cast<std::uint32_t>(count), .composition_offset = 1});
            std::string out;
            segment::write_fragment(track, fragment, {}, out);
            CHECK(out.size() == segment::fragment_overhead(count, true));
        }
    }
}
