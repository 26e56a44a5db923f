// SPDX-License-Identifier: MIT
#include "segment/sample_content.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace weir;
using segment::read_video_sample;

namespace {

std::vector<std::byte> from_hex(const std::string& text) {
    std::vector<std::byte> bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        while (text[i] == ' ') ++i;
        bytes.push_back(static_cast<std::byte>(std::stoi(text.substr(i, 2), nullptr, 16)));
    }
    return bytes;
}

media::CodecConfig config(const char* entry, std::initializer_list<const char*> sets) {
    media::CodecConfig made{.sample_entry = entry};
    for (const char* set : sets) made.sets.push_back(from_hex(set));
    return made;
}

// The sample's bytes.
std::vector<std::byte> joined(const segment::SampleContent& content) {
    std::vector<std::byte> all;
    for (const auto piece : content.pieces) all.insert(all.end(), piece.begin(), piece.end());
    return all;
}

}  // namespace

TEST_SUITE("segment/sample_content") {
    TEST_CASE("AVC: sets, delimiters and filler stay out; the rest stays as it is") {
        const auto avc = config("avc1", {"6764", "68ee"});
        const auto unit = from_hex(
            "00000002 09f0 00000002 6764 00000002 68ee 00000003 0605ff 00000002 6588 00000001 0c "
            "00000002 65aa");
        const auto content = read_video_sample(avc, unit).value();
        CHECK(joined(content) == from_hex("00000003 0605ff 00000002 6588 00000002 65aa"));
        CHECK(content.sync);
        CHECK_FALSE(content.disposable);
    }

    TEST_CASE("AVC: only an IDR picture is a sync sample, only one without references disposable") {
        const auto avc = config("avc1", {});
        const auto intra = read_video_sample(avc, from_hex("00000002 6188")).value();
        CHECK_FALSE(intra.sync);
        CHECK_FALSE(intra.disposable);
        CHECK(read_video_sample(avc, from_hex("00000002 01aa")).value().disposable);
        CHECK_FALSE(
            read_video_sample(avc, from_hex("00000002 01aa 00000002 41aa")).value().disposable);
    }

    TEST_CASE("sets that the track's header does not have are refused") {
        const auto avc = config("avc1", {"6764", "68ee"});
        const auto other = read_video_sample(avc, from_hex("00000002 6765 00000002 6588"));
        REQUIRE_FALSE(other);
        CHECK(other.error().code == ErrorCode::unsupported);
        const auto hevc = config("hvc1", {"4001", "4201", "4401"});
        CHECK_FALSE(read_video_sample(hevc, from_hex("00000002 4402 00000002 2601")));
        const auto av1 = config("av01", {"0a01bb"});
        CHECK_FALSE(read_video_sample(av1, from_hex("1200 0a01bc 320110")));
    }

    TEST_CASE("units that end early, or hold no picture, are refused") {
        for (const char* text : {"", "00", "00000002 65", "ffffffff 65", "00000002 09f0",
                                 "00000002 6588 0000", "00000000"}) {
            CAPTURE(text);
            const auto read = read_video_sample(config("avc1", {}), from_hex(text));
            REQUIRE_FALSE(read);
            CHECK(read.error().code == ErrorCode::corrupt);
        }
        CHECK_FALSE(read_video_sample(config("hvc1", {}), from_hex("00000002 4e01")));
        CHECK_FALSE(read_video_sample(config("av01", {}), from_hex("1200")));
        CHECK_FALSE(read_video_sample(config("av01", {}), from_hex("3205")));
    }

    TEST_CASE("HEVC: decoding can begin with the IRAP pictures") {
        const auto hevc = config("hvc1", {"4001", "4201", "4401"});
        const auto unit = from_hex(
            "00000002 4601 00000002 4001 00000002 4201 00000002 4401 00000002 2801 00000002 4c01");
        const auto idr = read_video_sample(hevc, unit);
        REQUIRE(idr);
        CHECK(idr->sync);
        CHECK(joined(*idr) == from_hex("00000002 2801"));
        for (const char* sync : {"2001", "2601", "2a01"}) {
            CHECK(read_video_sample(hevc, from_hex(std::string("00000002 ") + sync)).value().sync);
        }
        CHECK_FALSE(read_video_sample(hevc, from_hex("00000002 0201")).value().sync);
    }

    TEST_CASE("AV1: a shown key frame with its sequence header is a sync sample") {
        const auto av1 = config("av01", {"0a01bb"});
        const auto unit = from_hex("1200 0a01bb 320110");
        const auto key = read_video_sample(av1, unit).value();
        CHECK(key.sync);
        CHECK(joined(key) == from_hex("0a01bb 320110"));
        CHECK_FALSE(read_video_sample(av1, from_hex("1200 320110")).value().sync);
        CHECK_FALSE(read_video_sample(av1, from_hex("1200 0a01bb 320130")).value().sync);
        CHECK_FALSE(read_video_sample(av1, from_hex("1200 0a01bb 320190")).value().sync);
        CHECK_FALSE(read_video_sample(av1, from_hex("1200 0a01bb 320100")).value().sync);
    }
}
