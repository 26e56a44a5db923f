// SPDX-License-Identifier: MIT
// Reads FLV tags (Adobe Flash Video File Format Specification 10.1, annex E) from a byte stream:
// H.264 and AAC, and with enhanced RTMP's FourCC headers (veovera.org, Enhanced RTMP v1) HEVC and
// AV1. Own code, because GStreamer's flvdemux waits six seconds for a second stream, asserts on
// corrupt input and knows no FourCC. Threads: one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <weir/result.hpp>

namespace weir::ingest {

enum class FlvCodec { h264, hevc, av1, aac };

// One tag's payload. Bytes are valid during the call only.
struct FlvUnit {
    enum class Kind {
        video_config,  // AVC- or HEVCDecoderConfigurationRecord (ISO/IEC
                       // 14496-15 5.3.3.1, 8.3.3.1), AV1CodecConfigurationRecord
        video,         // access unit: length prefixes with H.264 and HEVC, AV1 a temporal unit
        audio_config,  // AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1)
        audio          // one raw AAC frame
    };
    Kind kind = Kind::video;
    FlvCodec codec = FlvCodec::h264;
    bool keyframe = false;
    std::int64_t dts_ms = 0;
    std::int32_t composition_ms = 0;  // pts - dts, may be negative
    std::span<const std::byte> payload;
};

using FlvHandler = std::function<void(const FlvUnit&)>;

// The body of one video or audio tag, which is also an RTMP message's payload (types 9 and 8).
// Calls the handler once or, for what is no media, not at all. Errors: corrupt when it is cut off;
// unsupported for another codec, which is named.
Result<void> read_flv_video(std::int64_t dts_ms, std::span<const std::byte> body,
                            const FlvHandler& handler);
Result<void> read_flv_audio(std::int64_t dts_ms, std::span<const std::byte> body,
                            const FlvHandler& handler);

class FlvReader {
public:
    explicit FlvReader(FlvHandler handler) : handler_(std::move(handler)) {}

    // Takes the next bytes, in any pieces; calls the handler for each complete tag of a codec it
    // knows. Buffers at most one tag (16 MiB, the format's own limit).
    // Errors: corrupt when it is no FLV; unsupported for another codec, which is named. After an
    // error the reader must not be used any more.
    Result<void> push(std::span<const std::byte> bytes);

private:
    Result<std::size_t> read_one(std::span<const std::byte> bytes);
    Result<void> read_tag(int type, std::int64_t dts_ms, std::span<const std::byte> data);

    FlvHandler handler_;
    std::vector<std::byte> buffer_;
    bool header_read_ = false;
};

}  // namespace weir::ingest
