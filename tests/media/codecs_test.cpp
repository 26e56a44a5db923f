// SPDX-License-Identifier: MIT
#include "media/codecs.hpp"

#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace weir::media {
namespace {

std::vector<std::byte> from_hex(std::string_view hex) {
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    std::vector<std::byte> bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes.push_back(static_cast<std::byte>(digit(hex[i]) << 4 | digit(hex[i + 1])));
    }
    return bytes;
}

// The beginnings of streams that x264 made of 640x360 at 30 fps.
constexpr std::string_view kBaseline =
    "000000016742c01ed900a02ff970110000030001000003003c0f162e48"
    "0000000168cb83cb20"
    "0000010605ffff6d";
constexpr std::string_view kMain =
    "00000001674d401eeca05017fcb80880000003008000001e078b16cb"
    "0000000168ebe3cb20"
    "0000010605ffffaa";
constexpr std::string_view kHigh =
    "000000016764001eacd940a02ff970110000030001000003003c0f162d96"
    "0000000168ebe3cb22c0"
    "0000010605ffffaa";

std::string string_of(std::string_view stream) {
    const auto bytes = from_hex(stream);
    return avc_codec_string(find_nal_unit(bytes, kNalSps)).value();
}

TEST_SUITE("media/codecs") {
    TEST_CASE("the codec string of H.264 is profile, constraints and level of the real SPS") {
        CHECK(string_of(kBaseline) == "avc1.42c01e");
        CHECK(string_of(kMain) == "avc1.4d401e");
        CHECK(string_of(kHigh) == "avc1.64001e");
    }

    TEST_CASE("bytes that are no SPS are corrupt, never a codec string") {
        for (const char* hex :
             {"", "67", "674d40", "68ebe3cb", "e74d401e", "6700401e", "674d4000"}) {
            CAPTURE(hex);
            const auto bytes = from_hex(hex);
            const auto text = avc_codec_string(bytes);
            REQUIRE_FALSE(text);
            CHECK(text.error().code == ErrorCode::corrupt);
        }
    }

    TEST_CASE("a NAL unit is found between start codes of three and four bytes") {
        const auto bytes = from_hex(kHigh);
        CHECK(find_nal_unit(bytes, kNalSps).size() == 26);  // no zero of the next start code
        const auto pps = find_nal_unit(bytes, kNalPps);
        REQUIRE(pps.size() == 6);
        CHECK(pps.front() == std::byte{0x68});
        CHECK(find_nal_unit(bytes, 6).size() == 5);
        CHECK(find_nal_unit(bytes, kNalIdr).empty());
    }

    TEST_CASE("the first NAL unit of a type is the one that is found") {
        const auto bytes = from_hex(
            "000001650102"
            "0000016503");
        CHECK(find_nal_unit(bytes, kNalIdr).size() == 3);
    }

    TEST_CASE("a byte stream without NAL units has none") {
        for (const char* hex :
             {"", "00", "0000", "000001", "00000100000001", "676767", "00000300"}) {
            CAPTURE(hex);
            const auto bytes = from_hex(hex);
            for (int type = 0; type < 32; ++type) CHECK(find_nal_unit(bytes, type).empty());
        }
    }

    TEST_CASE("the codec string of AAC names the object type that the decoder needs") {
        const auto string = [](std::string_view hex) {
            return aac_codec_string(from_hex(hex)).value();
        };
        CHECK(string("1190") == "mp4a.40.2");             // LC, 48 kHz, stereo
        CHECK(string("119056e500") == "mp4a.40.2");       // the same as ffmpeg writes it: "no SBR"
        CHECK(string("120856e500") == "mp4a.40.2");       // LC, 44.1 kHz, mono
        CHECK(string("2b118800") == "mp4a.40.5");         // HE-AAC, 24/48 kHz, explicit
        CHECK(string("131056e598") == "mp4a.40.5");       // the same, backward compatible
        CHECK(string("eb8a0800") == "mp4a.40.29");        // HE-AAC v2, 22.05/44.1 kHz, explicit
        CHECK(string("138856e5a54880") == "mp4a.40.29");  // the same, backward compatible
    }

    TEST_CASE("an object type above 30 has its number in six more bits") {
        // 11111, 001010 (42, xHE-AAC), 0011 (48 kHz), 0010 (stereo)
        CHECK(aac_codec_string(from_hex("f9464000")).value() == "mp4a.40.42");
    }

    TEST_CASE("bytes that are no AudioSpecificConfig are corrupt") {
        for (const char* hex : {"", "11", "0190", "1690", "1788"}) {
            CAPTURE(hex);
            const auto text = aac_codec_string(from_hex(hex));
            REQUIRE_FALSE(text);
            CHECK(text.error().code == ErrorCode::corrupt);
        }
    }
}

}  // namespace
}  // namespace weir::media
