// SPDX-License-Identifier: MIT
// Boxes of the ISO base media file format (ISO/IEC 14496-12 4.2): written with their sizes, and
// walked over in bytes from anywhere.
// Threads: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <weir/result.hpp>

namespace weir::media {

// "moov" as the number in a box's header. Requires: four characters.
constexpr std::uint32_t fourcc(std::string_view name) {
    std::uint32_t value = 0;
    for (const char c : name.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
}
std::string fourcc_text(std::uint32_t type);

class BoxWriter {
public:
    // A box that is open until this goes; boxes are closed in the opposite order.
    class Box {
    public:
        Box(const Box&) = delete;
        Box& operator=(const Box&) = delete;
        ~Box() { writer_.close(begin_); }

    private:
        friend class BoxWriter;
        Box(BoxWriter& writer, std::size_t begin) : writer_(writer), begin_(begin) {}

        BoxWriter& writer_;
        const std::size_t begin_;
    };

    [[nodiscard]] Box box(std::string_view type);
    [[nodiscard]] Box full_box(std::string_view type, unsigned version, std::uint32_t flags);
    // The header of a box whose `payload_size` bytes follow; with a 64-bit size if they need one.
    void header(std::string_view type, std::uint64_t payload_size);

    void u8(std::uint64_t value) { number(value, 1); }
    void u16(std::uint64_t value) { number(value, 2); }
    void u24(std::uint64_t value) { number(value, 3); }
    void u32(std::uint64_t value) { number(value, 4); }
    void u64(std::uint64_t value) { number(value, 8); }
    void i32(std::int64_t value) { number(static_cast<std::uint64_t>(value), 4); }
    void zeros(std::size_t count) { content_.append(count, '\0'); }
    void text(std::string_view characters) { content_ += characters; }
    void text_with_end(std::string_view characters) { text(characters), zeros(1); }
    void bytes(std::span<const std::byte> data);

    [[nodiscard]] std::size_t size() const { return content_.size(); }
    // Writes over the 32 bits at `position`, which must be there.
    void put_u32(std::size_t position, std::uint32_t value);
    void reserve(std::size_t size) { content_.reserve(size); }

    // What was written. Requires: no box is open.
    [[nodiscard]] std::string take() { return std::move(content_); }

private:
    void number(std::uint64_t value, std::size_t size);
    void close(std::size_t begin);

    std::string content_;
};

// A box in bytes that somebody else owns.
struct BoxView {
    std::uint32_t type = 0;
    std::size_t header_size = 0;         // 8, or 16 with a 64-bit size
    std::span<const std::byte> bytes;    // header included
    std::span<const std::byte> payload;  // behind the header; a "uuid" box's begins with its type

    [[nodiscard]] bool is(std::string_view name) const { return type == fourcc(name); }
};

// Walks over boxes that lie one behind the other. It goes no deeper by itself, and no further than
// the bytes that there are.
class BoxReader {
public:
    explicit BoxReader(std::span<const std::byte> bytes) : rest_(bytes) {}

    // Nothing at the end. Errors: corrupt, as often as it is asked: a size that cannot be.
    Result<std::optional<BoxView>> next();

private:
    std::span<const std::byte> rest_;
};

// All boxes. Errors: corrupt.
Result<std::vector<BoxView>> read_boxes(std::span<const std::byte> bytes);

// The first box along a path of plain boxes: find_box(file, {"moov", "trak", "mdia"}). Nothing when
// there is none, or what comes before it cannot be read.
std::optional<BoxView> find_box(std::span<const std::byte> bytes,
                                std::initializer_list<std::string_view> path);

// Takes numbers off the front of a payload. Past the end it gives 0 and says so.
class FieldReader {
public:
    explicit FieldReader(std::span<const std::byte> bytes) : rest_(bytes) {}

    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] std::size_t left() const { return rest_.size(); }
    std::uint64_t number(std::size_t size);  // at most 8 bytes
    std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
    std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
    std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
    std::uint64_t u64() { return number(8); }
    std::span<const std::byte> take(std::size_t size);

private:
    std::span<const std::byte> rest_;
    bool failed_ = false;
};

}  // namespace weir::media
