// SPDX-License-Identifier: MIT
#include "media/codec_config.hpp"

#include <doctest/doctest.h>

#include <string>

#include "media/parameter_sets.hpp"

using namespace weir::media;
using weir::ErrorCode;

namespace {

using Octets = std::vector<std::byte>;

Octets from_hex(const std::string& text) {
    Octets bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        while (text[i] == ' ') ++i;
        bytes.push_back(static_cast<std::byte>(std::stoi(text.substr(i, 2), nullptr, 16)));
    }
    return bytes;
}

std::string hex(std::span<const std::byte> bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const std::byte byte : bytes) {
        text += kDigits[std::to_integer<unsigned>(byte) >> 4];
        text += kDigits[std::to_integer<unsigned>(byte) & 15];
    }
    return text;
}

// Of x264, x265 and libaom: 64x36 at 30/1.
const std::string kAvcSps = "6764000bacd9447f9f016a02020280000003008000001e478a14cb";
const std::string kAvcPps = "68ef8fcb";
const std::string kVps = "40010c01ffff01600000030090000003000003003f959409";
const std::string kSps =
    "42010101600000030090000003000003003fa020831f3e595952930bffc00040005a808080820000030002000003"
    "003c10";
const std::string kPps = "4401c073c089";
const std::string kAv1Header = "0a0b00000002aff1f036be4010";

ParameterSets sets(std::initializer_list<std::string> texts) {
    ParameterSets all;
    for (const auto& text : texts) all.push_back(from_hex(text));
    return all;
}

}  // namespace

TEST_SUITE_BEGIN("media/codec_config");

TEST_CASE("AVC: a High profile's record says its chroma format and depths") {
    const auto config = avc_config(sets({kAvcSps, kAvcPps})).value();
    CHECK(config.codecs == "avc1.64000b");
    CHECK(config.sample_entry == "avc1");
    CHECK(config.box == "avcC");
    CHECK(config.width == 64);
    CHECK(config.height == 36);
    CHECK(config.is_video());
    CHECK(hex(config.payload) == "0164000bffe1001b" + kAvcSps + "010004" + kAvcPps + "fdf8f800");
    // From a record that lacks them, as GStreamer's does.
    const auto record = from_hex("0164000bffe1001b" + kAvcSps + "010004" + kAvcPps);
    CHECK(avc_config_of_record(record).value() == config);
    CHECK(avc_config_of_record(config.payload).value() == config);
}

TEST_CASE("AVC: a Baseline profile's record has no more than the sets") {
    const std::string sps = "6742c00bda0c3fef0110000003001000000303c0f142aa";
    const auto config = avc_config(sets({sps, "68ce0fc8"})).value();
    CHECK(config.codecs == "avc1.42c00b");
    CHECK(hex(config.payload) == "0142c00bffe10017" + sps + "01000468ce0fc8");
}

TEST_CASE("AVC: other chroma formats are said") {
    const std::string sps = "67f40015919b282867e7c04400000fa40003a9807c50a658";
    const auto config = avc_config(sets({sps, "68ce0fc8"})).value();
    CHECK(hex(config.payload).ends_with("fff8f800"));
}

TEST_CASE("AVC: sets that are missing, and lengths that are not of four bytes, are refused") {
    CHECK_FALSE(avc_config(sets({kAvcSps})));
    CHECK_FALSE(avc_config(sets({kAvcPps})));
    CHECK_FALSE(avc_config({}));
    const auto record = from_hex("0164000bfde1001b" + kAvcSps + "010004" + kAvcPps);
    CHECK(avc_config_of_record(record).error().code == ErrorCode::unsupported);
}

TEST_CASE("HEVC: string and record come from the sequence parameter set") {
    const auto config = hevc_config(sets({kVps, kSps, kPps})).value();
    CHECK(config.codecs == "hvc1.1.6.L63.90");
    CHECK(config.sample_entry == "hvc1");
    CHECK(config.box == "hvcC");
    CHECK(config.width == 64);
    CHECK(config.height == 36);
    CHECK(hex(config.payload) ==
          "01"
          "01"
          "60000000"
          "900000000000"
          "3f"
          "f000"
          "fc"
          "fd"
          "f8"
          "f8"
          "0000"
          "0f"
          "03"
          "a0"
          "0001"
          "0018" +
              kVps +
              "a1"
              "0001"
              "0031" +
              kSps +
              "a2"
              "0001"
              "0006" +
              kPps);
    CHECK(hevc_config_of_record(config.payload).value() == config);
}

TEST_CASE("HEVC: tier, level and constraints have their places in the string") {
    struct Row {
        const char* general;  // profile, compatibility, constraints, level
        const char* codecs;
    };
    for (const Row& row : {Row{"01 60000000 b00000000000 5d", "hvc1.1.6.L93.B0"},
                           Row{"21 60000000 b00000000000 99", "hvc1.1.6.H153.B0"},
                           Row{"02 20000000 b00000000000 78", "hvc1.2.4.L120.B0"},
                           Row{"41 60000000 900000000100 5d", "hvc1.A1.6.L93.90.0.0.0.1"},
                           Row{"01 60000000 000000000000 5d", "hvc1.1.6.L93"}}) {
        CAPTURE(row.codecs);
        // As x265's, with emulation prevention where it is needed: none has three zeros in a row
        // that the reader would take for it.
        const auto general = from_hex(row.general);
        Octets sps = from_hex("420101");
        int zeros = 0;
        for (const std::byte octet : general) {
            if (zeros == 2 && octet <= std::byte{3}) {
                sps.push_back(std::byte{3});
                zeros = 0;
            }
            zeros = octet == std::byte{0} ? zeros + 1 : 0;
            sps.push_back(octet);
        }
        const auto rest = from_hex("a020831f3e595952930bffc0");
        sps.insert(sps.end(), rest.begin(), rest.end());
        const auto config = hevc_config({from_hex(kVps), sps, from_hex(kPps)});
        REQUIRE(config);
        CHECK(config->codecs == row.codecs);
        CHECK(config->width == 64);
    }
}

TEST_CASE("HEVC: records cut anywhere are refused") {
    const auto whole = hevc_config(sets({kVps, kSps, kPps})).value().payload;
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CAPTURE(size);
        CHECK_FALSE(hevc_config_of_record(std::span(whole).first(size)));
    }
    CHECK_FALSE(hevc_config(sets({kVps, kSps})));
    CHECK_FALSE(hevc_config(sets({kSps, kPps})));
    CHECK_FALSE(hevc_config(sets({kVps, "4201", kPps})));
}

TEST_CASE("AV1: string and record come from the sequence header") {
    const auto unit = from_hex("1200" + kAv1Header + "3201aa");
    const auto config = av1_config(unit).value();
    CHECK(config.codecs == "av01.0.00M.08");
    CHECK(config.sample_entry == "av01");
    CHECK(config.box == "av1C");
    CHECK(config.width == 64);
    CHECK(config.height == 36);
    CHECK(hex(config.payload) == "81000c00" + kAv1Header);
    REQUIRE(config.sets.size() == 1);
    CHECK(hex(config.sets.front()) == kAv1Header);
    CHECK_FALSE(av1_config(from_hex("1200")));
    for (std::size_t size = 0; size < 12; ++size) {
        CAPTURE(size);
        CHECK_FALSE(av1_config(std::span(unit).first(size)));
    }
}

TEST_CASE("AV1: OBUs of no possible size are refused") {
    for (const char* text :
         {"0a", "0a05aabb", "0aff", "0affffffffffffffffff", "0e", "8a00", "0a808080808080808080"}) {
        CAPTURE(text);
        CHECK_FALSE(read_obus(from_hex(text)));
    }
    const auto obus = read_obus(from_hex("1200 0a8100aa 36ff01bb 30aabbcc")).value();
    REQUIRE(obus.size() == 4);
    CHECK(obus[0].is(ObuType::temporal_delimiter));
    CHECK(obus[0].payload.empty());
    CHECK(obus[1].payload.size() == 1);
    CHECK(obus[2].is(ObuType::frame));
    CHECK(obus[2].bytes.size() == 4);
    CHECK(obus[3].payload.size() == 3);  // without a size: up to the end
}

TEST_CASE("AAC: the descriptors hold the configuration") {
    const auto config = aac_config(from_hex("1190")).value();
    CHECK(config.codecs == "mp4a.40.2");
    CHECK(config.sample_entry == "mp4a");
    CHECK(config.sample_rate == 48'000);
    CHECK(config.channels == 2);
    CHECK(config.frame_samples == 1024);
    CHECK_FALSE(config.is_video());
    CHECK(hex(config.payload) ==
          "00000000"
          "0380808022"
          "0000"
          "00"
          "0480808014"
          "40"
          "15"
          "000000"
          "00000000"
          "00000000"
          "0580808002"
          "1190"
          "0680808001"
          "02");
    const auto he = aac_config(from_hex("2b098800")).value();
    CHECK(he.codecs == "mp4a.40.5");
    CHECK(he.sample_rate == 24'000);  // of the core: a frame is still 1024 of these
    CHECK_FALSE(aac_config(from_hex("11")));
    CHECK(aac_config(from_hex("1194")).error().code == ErrorCode::unsupported);  // 960 samples
}

TEST_CASE("Opus: the head becomes a box, its numbers turned round") {
    const std::string magic = "4f70757348656164";
    const auto config = opus_config(from_hex(magic + "0102380180bb000001ff00")).value();
    CHECK(config.codecs == "opus");
    CHECK(config.sample_entry == "Opus");
    CHECK(config.box == "dOps");
    CHECK(config.sample_rate == 48'000);
    CHECK(config.channels == 2);
    CHECK(hex(config.payload) ==
          "0002"
          "0138"
          "0000bb80"
          "ff01"
          "00");
    const auto surround = opus_config(from_hex(magic + "0106380180bb00000000"
                                                       "01"
                                                       "0402"
                                                       "000401020305"))
                              .value();
    CHECK(surround.channels == 6);
    CHECK(hex(surround.payload) ==
          "0006"
          "0138"
          "0000bb80"
          "0000"
          "01"
          "0402"
          "000401020305");
    for (const char* bad :
         {"", "0102380180bb0000000", "0100380180bb00000000", "0103380180bb00000000",
          "0106380180bb00000000"
          "01"
          "0402"
          "0004010203",
          "2102380180bb00000000"}) {
        CAPTURE(bad);
        CHECK_FALSE(opus_config(from_hex(magic + bad)));
    }
    CHECK_FALSE(opus_config(from_hex("4f707573486561660102380180bb00000000")));
}

TEST_CASE("Opus: a packet says how long it lasts") {
    struct Row {
        const char* packet;
        int samples;
    };
    for (const Row& row :
         {Row{"00", 480}, Row{"08", 960}, Row{"18", 2880}, Row{"60", 480}, Row{"68", 960},
          Row{"80", 120}, Row{"98", 960}, Row{"fc", 960}, Row{"99", 1920}, Row{"9a", 1920},
          Row{"9b03", 2880}, Row{"1b02", 5760}}) {
        CAPTURE(row.packet);
        const auto samples = opus_packet_samples(from_hex(row.packet));
        // "fc": mode 31, 20 ms, code 0.
        REQUIRE(samples);
        CHECK(*samples == row.samples);
    }
    for (const char* bad : {"", "9b", "9b00", "9b07", "1b03"}) {
        CAPTURE(bad);
        CHECK_FALSE(opus_packet_samples(from_hex(bad)));
    }
}

TEST_SUITE_END();
