// SPDX-License-Identifier: MIT
// RFC 6381 codec strings from the real parameter sets.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include <weir/result.hpp>

namespace weir::media {

// The payload of the first NAL unit of type `nal_type` (with its header byte) in an Annex B byte
// stream; empty when there is none.
std::span<const std::byte> find_nal_unit(std::span<const std::byte> byte_stream, int nal_type);

inline constexpr int kNalIdr = 5;
inline constexpr int kNalSps = 7;
inline constexpr int kNalPps = 8;

// "avc1.PPCCLL" from an H.264 sequence parameter set (ISO/IEC 14496-10 7.3.2.1.1), header included.
// Errors: corrupt.
Result<std::string> avc_codec_string(std::span<const std::byte> sps);

// "mp4a.40.N" from an AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1). Errors: corrupt.
Result<std::string> aac_codec_string(std::span<const std::byte> audio_specific_config);

}  // namespace weir::media
