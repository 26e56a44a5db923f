// SPDX-License-Identifier: MIT
#include "media/parameter_sets.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace weir::media;
using weir::ErrorCode;
using weir::Rational;

namespace {

std::vector<std::byte> from_spaced_hex(const std::string& text) {
    std::vector<std::byte> bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        while (text[i] == ' ') ++i;
        bytes.push_back(static_cast<std::byte>(std::stoi(text.substr(i, 2), nullptr, 16)));
    }
    return bytes;
}

// Of x264: 192x108 at 30/1, baseline; 320x180 at 30000/1001, 4:4:4 with scaling matrices,
// interlaced.
constexpr const char* kSps = "6742c00bda0c3fef0110000003001000000303c0f142aa";
constexpr const char* kSps444 = "67f40015919b282867e7c04400000fa40003a9807c50a658";
constexpr const char* kRecord =
    "0142c00bffe100176742c00bda0c3fef0110000003001000000303c0f142aa01000468ce0fc8";

}  // namespace

TEST_SUITE_BEGIN("media/parameter_sets");

TEST_CASE("a configuration record gives its parameter sets as a byte stream") {
    const auto config = read_avc_config(from_spaced_hex(kRecord)).value();
    CHECK(config.nal_length_size == 4);
    CHECK(config.sps == from_spaced_hex(kSps));
    CHECK(config.prefix == from_spaced_hex(std::string("00000001") + kSps + " 00000001 68ce0fc8"));
}

TEST_CASE("a configuration record cut anywhere, or with other things in it, is corrupt") {
    const auto record = from_spaced_hex(kRecord);
    const std::span<const std::byte> all(record);
    for (std::size_t size = 0; size < record.size() - 4; ++size) {
        CAPTURE(size);
        CHECK_FALSE(read_avc_config(all.first(size)));
    }
    for (const char* text :
         {"", "00", "01 42c01e ff e0 00", "01 42c01e fe e1 0002 6742 00",
          "01 42c01e ff e1 0002 6842 00", "01 42c01e ff e1 0000 00", "02 42c01e ff e1 0002 6742 00",
          "01 42c01e ff e1 0002 6742 01 0001 67", "01 42c01e ff e1 ffff 6742"}) {
        CAPTURE(text);
        const auto read = read_avc_config(from_spaced_hex(text));
        REQUIRE_FALSE(read);
        CHECK(read.error().code == ErrorCode::corrupt);
    }
    CHECK(
        read_avc_config(from_spaced_hex("01 42c01e fd e1 0002 6742 00")).value().nal_length_size ==
        2);
}

TEST_CASE("a sequence parameter set says size and rate") {
    CHECK(read_picture_format(from_spaced_hex(kSps)).value() ==
          PictureFormat{.width = 192, .height = 108, .frame_rate = {60, 2}});
    CHECK(read_picture_format(from_spaced_hex(kSps444)).value() ==
          PictureFormat{.width = 320, .height = 180, .frame_rate = {60'000, 2'002}});
    for (const char* text : {"", "67", "67 42 c0", "68 42 c0 1e", "67 42 c0 1e 00 00 00 00 00 00",
                             "67 64 00 1e ff ff ff ff ff ff ff ff ff ff ff ff ff ff"}) {
        CAPTURE(text);
        const auto read = read_picture_format(from_spaced_hex(text));
        if (!read) CHECK(read.error().code == ErrorCode::corrupt);
    }
    const auto sps = from_spaced_hex(kSps444);
    for (std::size_t size = 0; size < 10; ++size) {
        CHECK_FALSE(read_picture_format(std::span(sps).first(size)));
    }
}

TEST_CASE("an AudioSpecificConfig becomes an ADTS header, of the core coder") {
    struct Case {
        const char* what;
        const char* config;
        int sample_rate;
        const char* header;  // of a frame of 100 bytes
    };
    for (const Case& c : {
             Case{"LC, 48 kHz, stereo", "1190", 48'000, "fff14c800d7ffc"},
             Case{"LC, 44.1 kHz, mono", "1208", 44'100, "fff150400d7ffc"},
             Case{"LC with the extension behind it", "119056e500", 48'000, "fff14c800d7ffc"},
             Case{"SBR said first: 24 kHz inside 48", "2b098800", 24'000, "fff158400d7ffc"},
             Case{"7.1", "11b8", 48'000, "fff14dc00d7ffc"},
             Case{"the rate as a number", "17805dc010", 48'000, "fff14c800d7ffc"},
         }) {
        CAPTURE(c.what);
        const auto format = read_audio_specific_config(from_spaced_hex(c.config));
        REQUIRE(format);
        CHECK(format->sample_rate() == c.sample_rate);
        const auto header = adts_header(*format, 100);
        CHECK(std::vector(header.begin(), header.end()) == from_spaced_hex(c.header));
        std::vector<std::byte> frame(header.begin(), header.end());
        CHECK_FALSE(read_adts_format(frame));  // the frame is not there
        frame.resize(107);
        CHECK(read_adts_format(frame).value() == *format);
    }
}

TEST_CASE("what ADTS cannot say is refused") {
    for (const char* config : {"1180", "f9462000", "1194", "1780000110", "1690", "0190"}) {
        CAPTURE(config);
        const auto read = read_audio_specific_config(from_spaced_hex(config));
        REQUIRE_FALSE(read);
        CHECK(read.error().code == ErrorCode::unsupported);
    }
    for (const char* config : {"", "11", "2b09"}) {
        CAPTURE(config);
        const auto read = read_audio_specific_config(from_spaced_hex(config));
        REQUIRE_FALSE(read);
        CHECK(read.error().code == ErrorCode::corrupt);
    }
}

TEST_SUITE_END();
