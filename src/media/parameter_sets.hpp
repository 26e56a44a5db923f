// SPDX-License-Identifier: MIT
// Readers of what describes a stream before its first unit: H.264's configuration record and
// sequence parameter set, AAC's AudioSpecificConfig and ADTS header. They come from the network:
// any bytes are taken, and what cannot be is an error.
// Threads: pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <weir/rational.hpp>
#include <weir/result.hpp>

namespace weir::media {

// AVCDecoderConfigurationRecord (ISO/IEC 14496-15 5.3.3.1), the codec_data of "avc".
struct AvcConfig {
    int nal_length_size = 4;                   // of the units: 1, 2 or 4 bytes
    std::vector<std::byte> sps;                // the first one, header included
    std::vector<std::byte> prefix;             // all parameter sets as an Annex B byte stream
    std::vector<std::vector<std::byte>> sets;  // all parameter sets, each with its header

    friend bool operator==(const AvcConfig&, const AvcConfig&) = default;
};

// Errors: corrupt.
Result<AvcConfig> read_avc_config(std::span<const std::byte> record);

// The raw byte sequence payload of a NAL unit: without its header of `header_size` bytes and
// without emulation prevention (ISO/IEC 14496-10 7.3.1, 23008-2 7.3.1.1). Of parameter sets: what
// is longer than any of use is cut off. Requires: the header is there.
std::vector<std::byte> raw_payload(std::span<const std::byte> nal, std::size_t header_size);

// What an H.264 sequence parameter set (ISO/IEC 14496-10 7.3.2.1.1) says of the pictures.
struct PictureFormat {
    int width = 0;  // after cropping
    int height = 0;
    Rational frame_rate{0, 1};  // of its timing information; 0 without

    friend bool operator==(const PictureFormat&, const PictureFormat&) = default;
};

// `sps` begins with the NAL unit's header. Errors: corrupt.
Result<PictureFormat> read_picture_format(std::span<const std::byte> sps);

// What an ADTS header says of the stream (ISO/IEC 13818-7 6.2, 14496-3 1.A.2).
struct AdtsFormat {
    int profile = 1;     // object type - 1
    int rate_index = 0;  // of kAacRates
    int channels = 0;    // channel_configuration, 1 to 7
    [[nodiscard]] int sample_rate() const;

    friend bool operator==(const AdtsFormat&, const AdtsFormat&) = default;
};

// Of the core coder: SBR and PS are found by the decoder in the stream itself.
// Errors: corrupt; unsupported when ADTS cannot say it (other object types, rates without an index,
// channels of a program config element, frames of 960 samples).
Result<AdtsFormat> read_audio_specific_config(std::span<const std::byte> config);

inline constexpr std::size_t kAdtsHeader = 7;
inline constexpr std::size_t kLongestAdtsFrame = 0x1FFF;  // header included

// The header of a frame of `payload_size` bytes. Requires: with the header not too long.
std::array<std::byte, kAdtsHeader> adts_header(const AdtsFormat& format, std::size_t payload_size);

// The format of the ADTS frame at the beginning. Errors: corrupt; unsupported.
Result<AdtsFormat> read_adts_format(std::span<const std::byte> frame);

}  // namespace weir::media
