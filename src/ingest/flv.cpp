// SPDX-License-Identifier: MIT
#include "ingest/flv.hpp"

#include <gsl/narrow>

namespace weir::ingest {

namespace {

constexpr std::size_t kHeaderSize = 9;
constexpr std::size_t kTagHeaderSize = 11;
constexpr std::size_t kTrailerSize = 4;  // PreviousTagSize
constexpr int kAudioTag = 8;
constexpr int kVideoTag = 9;

std::uint32_t u8(std::span<const std::byte> bytes, std::size_t at) {
    return std::to_integer<std::uint32_t>(bytes[at]);
}

std::uint32_t u24(std::span<const std::byte> bytes, std::size_t at) {
    return u8(bytes, at) << 16 | u8(bytes, at + 1) << 8 | u8(bytes, at + 2);
}

Error corrupt_flv(std::string why) {
    return {ErrorCode::corrupt, "FLV: " + std::move(why)};
}

}  // namespace

Result<void> FlvReader::push(std::span<const std::byte> bytes) {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    std::size_t used = 0;
    while (true) {
        auto taken = read_one(std::span<const std::byte>(buffer_).subspan(used));
        if (!taken) return taken.error();
        if (*taken == 0) break;
        used += *taken;
    }
    buffer_.erase(buffer_.begin(), buffer_.begin() + gsl::narrow<std::ptrdiff_t>(used));
    return {};
}

// How many bytes the first whole item takes; 0 when it is not whole yet.
Result<std::size_t> FlvReader::read_one(std::span<const std::byte> bytes) {
    if (!header_read_) {
        if (bytes.size() < kHeaderSize + kTrailerSize) return std::size_t{0};
        if (u24(bytes, 0) != 0x464C56) return corrupt_flv("the signature is missing");
        const std::size_t offset = u24(bytes, 6) | u8(bytes, 5) << 24;
        if (offset != kHeaderSize)
            return corrupt_flv("the header is " + std::to_string(offset) + " bytes");
        header_read_ = true;
        return kHeaderSize + kTrailerSize;
    }
    if (bytes.size() < kTagHeaderSize) return std::size_t{0};
    const auto type = static_cast<int>(u8(bytes, 0) & 0x1F);
    if ((u8(bytes, 0) & 0x20) != 0) return Error{ErrorCode::unsupported, "FLV: encrypted tag"};
    const std::size_t size = u24(bytes, 1);
    const std::size_t whole = kTagHeaderSize + size + kTrailerSize;
    if (bytes.size() < whole) return std::size_t{0};
    // The upper eight bits come last; RTMP times wrap at 32 bits.
    const std::int64_t dts = u24(bytes, 4) | u8(bytes, 7) << 24;
    auto read = read_tag(type, dts, bytes.subspan(kTagHeaderSize, size));
    if (!read) return read.error();
    return whole;
}

Result<void> FlvReader::read_tag(int type, std::int64_t dts_ms, std::span<const std::byte> data) {
    if (type == kVideoTag) return read_flv_video(dts_ms, data, handler_);
    if (type == kAudioTag) return read_flv_audio(dts_ms, data, handler_);
    return {};  // script data: what it says is in the streams too
}

}  // namespace weir::ingest
