// SPDX-License-Identifier: MIT
#include "media/box.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace weir::media;

namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text));
}

std::string hex(const std::string& bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const char c : bytes) {
        text += kDigits[static_cast<unsigned char>(c) >> 4];
        text += kDigits[static_cast<unsigned char>(c) & 15];
    }
    return text;
}

std::string from_hex(const std::string& text) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        while (text[i] == ' ') ++i;
        bytes += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
    }
    return bytes;
}

}  // namespace

TEST_SUITE_BEGIN("media/box");

TEST_CASE("boxes know their sizes, one within the other") {
    BoxWriter writer;
    {
        const auto outer = writer.box("moov");
        {
            const auto inner = writer.full_box("mfhd", 1, 0x020304);
            writer.u8(0x11);
            writer.u16(0x2233);
            writer.u24(0x445566);
            writer.u32(0x778899AA);
            writer.u64(0x0102030405060708);
            writer.i32(-2);
        }
        const auto empty = writer.box("free");
    }
    writer.text_with_end("ab");
    CHECK(hex(writer.take()) ==
          "00000032"
          "6d6f6f76"
          "00000022"
          "6d666864"
          "01020304"
          "11"
          "2233"
          "445566"
          "778899aa"
          "0102030405060708"
          "fffffffe"
          "00000008"
          "66726565"
          "616200");
}

TEST_CASE("a payload of more than 32 bits has a size of 64") {
    BoxWriter writer;
    writer.header("mdat", 0xFFFFFFF7);
    writer.header("mdat", 0xFFFFFFF8);
    writer.header("mdat", 0x123456789A);
    CHECK(hex(writer.take()) ==
          "ffffffff6d646174"
          "00000001"
          "6d646174"
          "0000000100000008"
          "00000001"
          "6d646174"
          "00000012345678aa");
}

TEST_CASE("what is written can be read, with all sizes there are") {
    const std::string file = from_hex(
        "0000000c 66726565 01020304"
        "00000001 6d646174 0000000000000012 aabb"
        "00000000 6d646174 ccddee");
    const auto boxes = read_boxes(bytes_of(file)).value();
    REQUIRE(boxes.size() == 3);
    CHECK(boxes[0].is("free"));
    CHECK(boxes[0].payload.size() == 4);
    CHECK(boxes[1].is("mdat"));
    CHECK(boxes[1].header_size == 16);
    CHECK(boxes[1].payload.size() == 2);
    CHECK(boxes[2].header_size == 8);
    CHECK(boxes[2].payload.size() == 3);
    CHECK(fourcc_text(boxes[2].type) == "mdat");
    CHECK(read_boxes({}).value().empty());
}

TEST_CASE("sizes that cannot be are an error, every time") {
    for (const char* text :
         {"00", "00000008", "00000008 667265", "00000007 66726565", "00000009 66726565",
          "00000001 66726565", "00000001 66726565 0000000000000008 00",
          "00000001 66726565 0000000000000012 00", "00000001 66726565 ffffffffffffffff 00",
          "00000008 66726565 00000004 6d646174"}) {
        CAPTURE(text);
        const std::string file = from_hex(text);
        CHECK_FALSE(read_boxes(bytes_of(file)));
        BoxReader reader(bytes_of(file));
        for (int i = 0; i < 3; ++i) static_cast<void>(reader.next());
        CHECK_FALSE(reader.next());
    }
}

TEST_CASE("a path leads to the first box of its names") {
    BoxWriter writer;
    { const auto other = writer.box("free"); }
    for (const unsigned value : {1U, 2U}) {
        const auto moov = writer.box("moov");
        const auto trak = writer.box("trak");
        writer.header("tkhd", 1);
        writer.u8(value);
    }
    const std::string file = writer.take();
    const auto found = find_box(bytes_of(file), {"moov", "trak", "tkhd"});
    REQUIRE(found);
    CHECK(found->payload.front() == std::byte{1});
    CHECK_FALSE(find_box(bytes_of(file), {"moov", "mdia"}));
    CHECK_FALSE(find_box(bytes_of(file), {"moov", "trak", "tkhd", "free"}));
}

TEST_CASE("fields past the end are zero, and it says so") {
    const std::string file = from_hex("01 0203 04050607 08090a0b0c0d0e0f 10");
    FieldReader reader(bytes_of(file));
    CHECK(reader.u8() == 1);
    CHECK(reader.u16() == 0x0203);
    CHECK(reader.u32() == 0x04050607);
    CHECK(reader.u64() == 0x08090a0b0c0d0e0f);
    CHECK(reader.left() == 1);
    CHECK_FALSE(reader.failed());
    CHECK(reader.u16() == 0);
    CHECK(reader.failed());
    CHECK(reader.left() == 0);
}

TEST_SUITE_END();
