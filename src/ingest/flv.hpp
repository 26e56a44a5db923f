// SPDX-License-Identifier: MIT
// Reads FLV tags (Adobe Flash Video File Format Specification 10.1, annex E) from a byte stream:
// H.264 and AAC. Own code, because GStreamer's flvdemux waits six seconds for a second stream and
// asserts on corrupt input.
// Threads: one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <weir/result.hpp>

namespace weir::ingest {

// One tag's payload. Bytes are valid during the call only.
struct FlvUnit {
    enum class Kind {
        video_config,  // AVCDecoderConfigurationRecord (ISO/IEC 14496-15 5.3.3.1)
        video,         // access unit in AVC format (length prefixes)
        audio_config,  // AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1)
        audio          // one raw AAC frame
    };
    Kind kind = Kind::video;
    bool keyframe = false;
    std::int64_t dts_ms = 0;
    std::int32_t composition_ms = 0;  // pts - dts, may be negative
    std::span<const std::byte> payload;
};

class FlvReader {
public:
    using Handler = std::function<void(const FlvUnit&)>;

    explicit FlvReader(Handler handler) : handler_(std::move(handler)) {}

    // Takes the next bytes, in any pieces; calls the handler for each complete tag of a codec it
    // knows. Buffers at most one tag (16 MiB, the format's own limit).
    // Errors: corrupt when it is no FLV; unsupported for another codec, which is named. After an
    // error the reader must not be used any more.
    Result<void> push(std::span<const std::byte> bytes);

private:
    Result<std::size_t> read_one(std::span<const std::byte> bytes);
    Result<void> read_tag(int type, std::int64_t dts_ms, std::span<const std::byte> data);
    Result<void> read_video(std::int64_t dts_ms, std::span<const std::byte> data);
    Result<void> read_audio(std::int64_t dts_ms, std::span<const std::byte> data);

    Handler handler_;
    std::vector<std::byte> buffer_;
    bool header_read_ = false;
};

}  // namespace weir::ingest
