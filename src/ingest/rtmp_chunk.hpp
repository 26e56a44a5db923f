// SPDX-License-Identifier: MIT
// RTMP's chunk stream (Adobe's RTMP specification 1.0, section 5): messages from interleaved
// chunks, and back. Set Chunk Size and Abort are obeyed here; they are messages about chunks.
// Threads: one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <vector>

#include <weir/result.hpp>

namespace weir::ingest {

struct RtmpMessage {
    std::uint8_t type = 0;
    std::uint32_t stream = 0;
    std::uint32_t timestamp = 0;  // milliseconds, wraps
    std::span<const std::byte> payload;
};

enum RtmpType : std::uint8_t {  // sections 5.4 and 7.1
    kSetChunkSize = 1,
    kAbort = 2,
    kAcknowledgement = 3,
    kUserControl = 4,
    kWindowSize = 5,
    kPeerBandwidth = 6,
    kAudio = 8,
    kVideo = 9,
    kDataAmf3 = 15,
    kCommandAmf3 = 17,
    kDataAmf0 = 18,
    kCommandAmf0 = 20,
    kAggregate = 22
};

struct RtmpChunkLimits {
    std::size_t chunk_streams = 32;          // ever used on the connection
    std::uint32_t message_bytes = 0xFFFFFF;  // of one message; what the format can say
    std::size_t partial_bytes = 0x1FFFFFF;   // of all messages that are not complete yet
    std::uint32_t least_chunk_bytes = 128;   // tiny chunks cost the reader far more than the sender
};

class RtmpChunkReader {
public:
    // The payload is valid during the call only. An error ends the reading, as the reader's own do.
    using Handler = std::function<Result<void>(const RtmpMessage&)>;

    RtmpChunkReader(RtmpChunkLimits limits, Handler handler)
        : limits_(limits), handler_(std::move(handler)) {}

    // Takes the next bytes, in any pieces.
    // Errors: corrupt, and those of the handler. After an error the reader must not be used.
    Result<void> push(std::span<const std::byte> bytes);

    // For messages that begin from now on.
    void set_limits(const RtmpChunkLimits& limits) { limits_ = limits; }

private:
    struct ChunkStream {
        bool known = false;  // a header with a message's size and type came
        bool extended = false;
        bool within = false;      // a message has begun and is not complete
        std::uint32_t field = 0;  // the last header's time: absolute, or the step
        std::uint32_t step = 0;   // what a message without a header adds
        std::uint32_t timestamp = 0;
        std::uint32_t length = 0;
        std::uint8_t type = 0;
        std::uint32_t stream = 0;
        std::vector<std::byte> payload;
    };
    struct Header {
        unsigned format = 0;
        std::uint32_t chunk_stream = 0;
        std::size_t basic_bytes = 0;
        std::size_t bytes = 0;  // in all; zero: not all there yet
        bool extended = false;  // four bytes of time come last
    };
    // Whether type-3 chunks repeat the extended timestamp. The specification says so since 2012;
    // some publishers do not, and nothing but the bytes tells them apart.
    enum class Repeats { unknown, yes, no };

    Result<std::size_t> read_header();
    [[nodiscard]] Header measure() const;
    Result<void> begin(const Header& header, ChunkStream& stream);
    Result<void> apply(const Header& header, ChunkStream& stream);
    Result<std::size_t> read_payload(std::span<const std::byte> bytes);
    Result<void> complete(ChunkStream& stream);
    Result<void> control(const RtmpMessage& message);
    [[nodiscard]] std::uint32_t number(std::size_t at, std::size_t width) const;

    RtmpChunkLimits limits_;
    Handler handler_;
    std::map<std::uint32_t, ChunkStream> streams_;
    ChunkStream* current_ = nullptr;  // whose chunk's payload is being read
    std::size_t chunk_left_ = 0;
    std::uint32_t chunk_bytes_ = 128;
    std::size_t partial_bytes_ = 0;
    Repeats repeats_ = Repeats::unknown;
    std::array<std::byte, 18> header_{};  // the longest: 3 + 11 + 4
    std::size_t header_bytes_ = 0;
};

// Appends the message to `out`, in chunks of at most `chunk_bytes`, the first one with a full
// header: some clients never begin to send when they get an answer with a shorter one.
void write_rtmp(std::vector<std::byte>& out, std::uint8_t chunk_stream, std::uint32_t chunk_bytes,
                const RtmpMessage& message);

}  // namespace weir::ingest
