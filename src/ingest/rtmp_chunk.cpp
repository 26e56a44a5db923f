// SPDX-License-Identifier: MIT
#include "ingest/rtmp_chunk.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace weir::ingest {

namespace {

constexpr std::uint32_t kExtended = 0xFFFFFF;
constexpr std::size_t kExtendedBytes = 4;
constexpr std::array<std::size_t, 4> kHeaderBytes{11, 7, 3, 0};  // by format

Error corrupt_chunk(std::string why) {
    return {ErrorCode::corrupt, "RTMP: " + std::move(why)};
}

void append_number(std::vector<std::byte>& out, std::uint32_t value, int width) {
    for (int i = width - 1; i >= 0; --i) out.push_back(static_cast<std::byte>(value >> (8 * i)));
}

std::uint32_t number_of(std::span<const std::byte> bytes) {
    std::uint32_t value = 0;
    for (const std::byte byte : bytes) value = value << 8 | std::to_integer<std::uint32_t>(byte);
    return value;
}

}  // namespace

Result<void> RtmpChunkReader::push(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        if (current_) {
            const auto used = read_payload(bytes);
            if (!used) return used.error();
            bytes = bytes.subspan(*used);
            continue;
        }
        header_.at(header_bytes_++) = bytes.front();
        bytes = bytes.subspan(1);
        const auto used = read_header();
        if (!used) return used.error();
        if (*used == 0) continue;
        // The last bytes were looked at to find an extended timestamp, and were payload.
        const std::size_t rest = header_bytes_ - *used;
        header_bytes_ = 0;
        if (rest == 0) continue;
        std::array<std::byte, kExtendedBytes> looked_at{};
        std::copy_n(header_.begin() + static_cast<std::ptrdiff_t>(*used), rest, looked_at.begin());
        auto pushed = push(std::span(looked_at).first(rest));
        if (!pushed) return pushed;
    }
    return {};
}

std::uint32_t RtmpChunkReader::number(std::size_t at, std::size_t width) const {
    return number_of(std::span(header_).subspan(at, width));
}

// Without regard to an extended timestamp of a type-3 chunk.
RtmpChunkReader::Header RtmpChunkReader::measure() const {
    Header header;
    header.format = number(0, 1) >> 6;
    header.chunk_stream = number(0, 1) & 0x3F;
    header.basic_bytes = 1 + (header.chunk_stream < 2 ? header.chunk_stream + 1 : 0);
    if (header_bytes_ < header.basic_bytes) return header;
    if (header.basic_bytes == 2) header.chunk_stream = number(1, 1) + 64;
    // The only little-endian number besides the message stream's (5.3.1.1).
    if (header.basic_bytes == 3) header.chunk_stream = number(2, 1) * 256 + number(1, 1) + 64;
    const std::size_t bytes = header.basic_bytes + kHeaderBytes.at(header.format);
    if (header_bytes_ < bytes) return header;
    header.bytes = bytes;
    header.extended = header.format < 3 && number(header.basic_bytes, 3) == kExtended;
    return header;
}

// How many bytes the header takes; zero: more are needed.
Result<std::size_t> RtmpChunkReader::read_header() {
    Header header = measure();
    if (header.bytes == 0) return std::size_t{0};
    auto found = streams_.find(header.chunk_stream);
    if (header.format == 3 && (found == streams_.end() || !found->second.known)) {
        return corrupt_chunk("a chunk continues what has not begun");
    }
    if (header.format == 3 && found->second.extended && repeats_ != Repeats::no) {
        const std::size_t with = header.bytes + kExtendedBytes;
        if (header_bytes_ < with) return std::size_t{0};
        const ChunkStream& stream = found->second;
        const auto value = number(header.bytes, kExtendedBytes);
        // Publishers repeat the header's value, or say the message's time.
        const bool same = value == stream.field || value == stream.timestamp ||
                          (!stream.within && value == stream.timestamp + stream.step);
        if (repeats_ == Repeats::unknown) repeats_ = same ? Repeats::yes : Repeats::no;
        header.extended = repeats_ == Repeats::yes;
    }
    if (header.extended && header_bytes_ < header.bytes + kExtendedBytes) return std::size_t{0};
    if (found == streams_.end()) {
        if (streams_.size() >= limits_.chunk_streams)
            return corrupt_chunk("too many chunk streams");
        found = streams_.try_emplace(header.chunk_stream).first;
    }
    auto begun = begin(header, found->second);
    if (!begun) return begun.error();
    return header.bytes + (header.extended ? kExtendedBytes : 0);
}

// A chunk begins.
Result<void> RtmpChunkReader::begin(const Header& header, ChunkStream& stream) {
    if (stream.within && header.format != 3) {
        return corrupt_chunk("a message begins before the one before it is complete");
    }
    if (!stream.within) {
        auto applied = apply(header, stream);
        if (!applied) return applied;
        if (stream.length > limits_.message_bytes) {
            return corrupt_chunk("a message of " + std::to_string(stream.length) + " bytes");
        }
        if (stream.length == 0) return complete(stream);
        stream.within = true;
    }
    current_ = &stream;
    chunk_left_ = std::min<std::size_t>(chunk_bytes_, stream.length - stream.payload.size());
    return {};
}

// What the header of a message's first chunk says; what it leaves out is as before (5.3.1.2).
Result<void> RtmpChunkReader::apply(const Header& header, ChunkStream& stream) {
    const std::size_t at = header.basic_bytes;
    if (header.format == 3) {
        stream.timestamp += stream.step;
        return {};
    }
    if (header.format != 0 && !stream.known) return corrupt_chunk("the first header is incomplete");
    stream.extended = header.extended;
    stream.field = header.extended ? number(header.bytes, kExtendedBytes) : number(at, 3);
    // After a type-0 header the step is its time (5.3.1.2.4), which nobody means when that is
    // hours.
    stream.step = header.format == 0 && header.extended ? 0 : stream.field;
    stream.timestamp = header.format == 0 ? stream.field : stream.timestamp + stream.field;
    if (header.format < 2) {
        stream.length = number(at + 3, 3);
        stream.type = static_cast<std::uint8_t>(number(at + 6, 1));
    }
    if (header.format == 0) {
        stream.stream = number(at + 10, 1) << 24 | number(at + 9, 1) << 16 |
                        number(at + 8, 1) << 8 | number(at + 7, 1);
    }
    stream.known = true;
    return {};
}

Result<std::size_t> RtmpChunkReader::read_payload(std::span<const std::byte> bytes) {
    ChunkStream& stream = *current_;
    const std::size_t size = std::min(chunk_left_, bytes.size());
    if (partial_bytes_ + size > limits_.partial_bytes) {
        return corrupt_chunk("too many messages are begun and not complete");
    }
    // Grows with what comes: a size that is only claimed costs nothing.
    const auto part = bytes.first(size);
    stream.payload.insert(stream.payload.end(), part.begin(), part.end());
    partial_bytes_ += size;
    chunk_left_ -= size;
    if (chunk_left_ == 0) current_ = nullptr;
    if (stream.payload.size() == stream.length) {
        auto completed = complete(stream);
        if (!completed) return completed.error();
    }
    return size;
}

Result<void> RtmpChunkReader::complete(ChunkStream& stream) {
    const std::vector<std::byte> payload = std::exchange(stream.payload, {});
    partial_bytes_ -= payload.size();
    stream.within = false;
    const RtmpMessage message{stream.type, stream.stream, stream.timestamp, payload};
    if (message.type == kSetChunkSize || message.type == kAbort) return control(message);
    return handler_(message);
}

Result<void> RtmpChunkReader::control(const RtmpMessage& message) {
    if (message.payload.size() < 4) return corrupt_chunk("a control message is cut off");
    const std::uint32_t value = number_of(message.payload.first(4));
    if (message.type == kSetChunkSize) {
        // 5.4.1: the highest bit is zero; larger than any message is as good as that.
        if (value < limits_.least_chunk_bytes || value > 0x7FFFFFFF) {
            return corrupt_chunk("a chunk size of " + std::to_string(value));
        }
        chunk_bytes_ = std::min(value, kExtended);
        return {};
    }
    const auto found = streams_.find(value);
    if (found == streams_.end()) return {};
    partial_bytes_ -= found->second.payload.size();
    found->second.payload = {};
    found->second.within = false;
    return {};
}

void write_rtmp(std::vector<std::byte>& out, std::uint8_t chunk_stream, std::uint32_t chunk_bytes,
                const RtmpMessage& message) {
    const bool extended = message.timestamp >= kExtended;
    const auto time = [&] {
        if (extended) append_number(out, message.timestamp, 4);
    };
    append_number(out, chunk_stream, 1);
    append_number(out, extended ? kExtended : message.timestamp, 3);
    append_number(out, static_cast<std::uint32_t>(message.payload.size()), 3);
    append_number(out, message.type, 1);
    for (int i = 0; i < 4; ++i) append_number(out, message.stream >> (8 * i) & 0xFF, 1);
    time();
    auto rest = message.payload;
    while (true) {
        const auto part = rest.first(std::min<std::size_t>(chunk_bytes, rest.size()));
        out.insert(out.end(), part.begin(), part.end());
        rest = rest.subspan(part.size());
        if (rest.empty()) return;
        append_number(out, 0xC0U | chunk_stream, 1);
        time();
    }
}

}  // namespace weir::ingest
