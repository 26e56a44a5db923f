// SPDX-License-Identifier: MIT
#include "media/box.hpp"

#include <limits>

#include <gsl/gsl>

namespace weir::media {

namespace {

constexpr std::size_t kBoxHeader = 8;
constexpr std::size_t kLongHeader = 16;
constexpr std::uint64_t kMaxSmall = std::numeric_limits<std::uint32_t>::max();

}  // namespace

std::string fourcc_text(std::uint32_t type) {
    std::string text;
    for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(type >> shift & 0xFF);
    return text;
}

BoxWriter::Box BoxWriter::box(std::string_view type) {
    Expects(type.size() == 4);
    const std::size_t begin = content_.size();
    u32(0);
    text(type);
    return {*this, begin};
}

BoxWriter::Box BoxWriter::full_box(std::string_view type, unsigned version, std::uint32_t flags) {
    Expects(type.size() == 4);
    const std::size_t begin = content_.size();
    u32(0);
    text(type);
    u8(version);
    u24(flags);
    return {*this, begin};
}

void BoxWriter::header(std::string_view type, std::uint64_t payload_size) {
    Expects(type.size() == 4);
    if (payload_size <= kMaxSmall - kBoxHeader) {
        u32(payload_size + kBoxHeader);
        return text(type);
    }
    u32(1);
    text(type);
    u64(payload_size + kLongHeader);
}

void BoxWriter::bytes(std::span<const std::byte> data) {
    if (!data.empty()) content_.append(reinterpret_cast<const char*>(data.data()), data.size());
}

void BoxWriter::put_u32(std::size_t position, std::uint32_t value) {
    Expects(position + 4 <= content_.size());
    for (std::size_t i = 0; i < 4; ++i) {
        content_[position + i] = static_cast<char>(value >> (24 - 8 * i) & 0xFF);
    }
}

void BoxWriter::number(std::uint64_t value, std::size_t size) {
    for (std::size_t i = size; i > 0; --i) {
        content_ += static_cast<char>(value >> (8 * (i - 1)) & 0xFF);
    }
}

void BoxWriter::close(std::size_t begin) {
    const std::size_t size = content_.size() - begin;
    Expects(size <= kMaxSmall);
    put_u32(begin, static_cast<std::uint32_t>(size));
}

Result<std::optional<BoxView>> BoxReader::next() {
    if (rest_.empty()) return std::optional<BoxView>();
    const Error corrupt{ErrorCode::corrupt, "ISO BMFF: a box of no possible size"};
    FieldReader fields(rest_);
    BoxView view;
    std::uint64_t size = fields.u32();
    view.type = fields.u32();
    view.header_size = kBoxHeader;
    if (size == 1) {
        size = fields.u64();
        view.header_size = kLongHeader;
    } else if (size == 0) {  // up to the end
        size = rest_.size();
    }
    if (fields.failed() || size < view.header_size || size > rest_.size()) return corrupt;
    view.bytes = rest_.first(static_cast<std::size_t>(size));
    view.payload = view.bytes.subspan(view.header_size);
    rest_ = rest_.subspan(view.bytes.size());
    return std::optional(view);
}

Result<std::vector<BoxView>> read_boxes(std::span<const std::byte> bytes) {
    std::vector<BoxView> boxes;
    BoxReader reader(bytes);
    while (true) {
        const auto next = reader.next();
        if (!next) return next.error();
        if (!*next) return boxes;
        boxes.push_back(**next);
    }
}

std::optional<BoxView> find_box(std::span<const std::byte> bytes,
                                std::initializer_list<std::string_view> path) {
    std::optional<BoxView> found;
    for (const std::string_view name : path) {
        BoxReader reader(found ? found->payload : bytes);
        found.reset();
        while (!found) {
            const auto next = reader.next();
            if (!next || !*next) return std::nullopt;
            if ((*next)->is(name)) found = **next;
        }
    }
    return found;
}

std::uint64_t FieldReader::number(std::size_t size) {
    std::uint64_t value = 0;
    for (const std::byte byte : take(size)) value = value << 8 | std::to_integer<unsigned>(byte);
    return value;
}

std::span<const std::byte> FieldReader::take(std::size_t size) {
    if (size > rest_.size()) {
        failed_ = true;
        rest_ = {};
        return {};
    }
    const auto taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
}

}  // namespace weir::media
