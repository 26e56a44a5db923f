// SPDX-License-Identifier: MIT
// What a file says about its codec: the RFC 6381 string and the box with the decoder's
// configuration (ISO/IEC 14496-15, AV1 in ISOBMFF, Opus in ISOBMFF, ISO/IEC 14496-14), made of the
// stream's own parameter sets. These may come from the network: any bytes are taken, and what
// cannot be is an error. Threads: values and pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <weir/result.hpp>

namespace weir::media {

// The configuration of one track.
struct CodecConfig {
    std::string codecs;              // RFC 6381
    std::string sample_entry;        // "avc1", "hvc1", "av01", "mp4a", "Opus"
    std::string box;                 // "avcC", "hvcC", "av1C", "esds", "dOps"
    std::vector<std::byte> payload;  // of that box
    // The sets in `payload`, each with its header: what a stream repeats in band must be one of
    // them. Of AV1 the sequence header OBU.
    std::vector<std::vector<std::byte>> sets;
    int width = 0;  // of video, after cropping
    int height = 0;
    int sample_rate = 0;  // of audio; what times are counted in
    int channels = 0;
    int frame_samples = 0;  // 0: said by each packet (Opus)

    [[nodiscard]] bool is_video() const { return sample_rate == 0; }
    friend bool operator==(const CodecConfig&, const CodecConfig&) = default;
};

using ParameterSets = std::vector<std::vector<std::byte>>;

// Of an AVCDecoderConfigurationRecord or HEVCDecoderConfigurationRecord as GStreamer's parsers give
// it. Made anew: theirs lack what players want. Errors: corrupt; unsupported unless lengths have
// four bytes.
Result<CodecConfig> avc_config_of_record(std::span<const std::byte> record);
Result<CodecConfig> hevc_config_of_record(std::span<const std::byte> record);

// Of parameter sets, without start codes. Errors: corrupt.
Result<CodecConfig> avc_config(const ParameterSets& sets);
Result<CodecConfig> hevc_config(const ParameterSets& sets);

// Of a temporal unit with a sequence header (AV1 5.5) in OBUs with sizes. Errors: corrupt.
Result<CodecConfig> av1_config(std::span<const std::byte> temporal_unit);

// Of an AudioSpecificConfig. The rate is the core's: times are the same. Errors: corrupt;
// unsupported: other object types, no channel configuration, frames of 960 samples.
Result<CodecConfig> aac_config(std::span<const std::byte> audio_specific_config);

// Of an "OpusHead" packet (RFC 7845 5.1). Errors: corrupt, unsupported.
Result<CodecConfig> opus_config(std::span<const std::byte> head);

// How long an Opus packet lasts in samples of 48 kHz (RFC 6716 3.1). Errors: corrupt.
Result<int> opus_packet_samples(std::span<const std::byte> packet);

// HEVC's NAL unit types, Table 7-1.
inline constexpr int kHevcFirstIrap = 16;  // BLA, IDR and CRA pictures: decoding can begin there
inline constexpr int kHevcLastIrap = 21;
inline constexpr int kHevcVps = 32;
inline constexpr int kHevcSps = 33;
inline constexpr int kHevcPps = 34;
inline constexpr int kHevcDelimiter = 35;

// AV1's OBU types, 6.2.2.
enum class ObuType { sequence_header = 1, temporal_delimiter = 2, frame_header = 3, frame = 6 };

struct Obu {
    int type = 0;
    std::span<const std::byte> bytes;  // header included
    std::span<const std::byte> payload;
    [[nodiscard]] bool is(ObuType which) const { return type == static_cast<int>(which); }
};

// The OBUs of a temporal unit in the low-overhead format; the last one may go without its size.
// Errors: corrupt.
Result<std::vector<Obu>> read_obus(std::span<const std::byte> temporal_unit);

}  // namespace weir::media
