// SPDX-License-Identifier: MIT
#include "media/codecs.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "media/bit_reader.hpp"

namespace weir::media {
namespace {

constexpr std::byte kZero{0};

// The position of the next 00 00 01 at or after `from`; the size when there is none.
std::size_t find_start_code(std::span<const std::byte> bytes, std::size_t from) {
    static constexpr std::array kStartCode{kZero, kZero, std::byte{1}};
    const auto found =
        std::search(bytes.begin() + static_cast<std::ptrdiff_t>(std::min(from, bytes.size())),
                    bytes.end(), kStartCode.begin(), kStartCode.end());
    return static_cast<std::size_t>(found - bytes.begin());
}

// The object types whose configuration is the plain GASpecificConfig (ISO/IEC 14496-3 4.4.1): AAC
// Main, LC, SSR and LTP. Only these carry a backward compatible extension in practice.
bool has_plain_ga_specific_config(std::uint32_t object_type) {
    return object_type >= 1 && object_type <= 4;
}

constexpr std::uint32_t kSbr = 5;
constexpr std::uint32_t kParametricStereo = 29;

std::uint32_t read_object_type(BitReader& reader) {
    const std::uint32_t type = reader.read(5);
    return type == 31 ? 32 + reader.read(6) : type;
}

// False for the reserved indices 13 and 14.
bool read_sampling_frequency(BitReader& reader) {
    const std::uint32_t index = reader.read(4);
    if (index == 15) reader.read(24);
    return index != 13 && index != 14;
}

// The object type that a backward compatible extension behind the GASpecificConfig announces:
// HE-AAC is often signalled so, and a player must know that the decoder has to have SBR.
std::uint32_t read_extension(BitReader& reader, std::uint32_t object_type) {
    if (reader.left() < 16 || reader.read(11) != 0x2b7) return object_type;
    if (read_object_type(reader) != kSbr || reader.read(1) == 0) return object_type;
    read_sampling_frequency(reader);
    if (reader.left() < 12 || reader.read(11) != 0x548 || reader.read(1) == 0) return kSbr;
    return kParametricStereo;
}

}  // namespace

std::span<const std::byte> find_nal_unit(std::span<const std::byte> byte_stream, int nal_type) {
    std::size_t start = find_start_code(byte_stream, 0);
    while (start < byte_stream.size()) {
        start += 3;
        const std::size_t next = find_start_code(byte_stream, start);
        auto unit = byte_stream.subspan(start, next - start);
        // trailing_zero_8bits (Annex B.1): a NAL unit itself never ends with a zero byte.
        while (!unit.empty() && unit.back() == kZero) unit = unit.first(unit.size() - 1);
        if (!unit.empty() && std::to_integer<int>(unit.front() & std::byte{0x1f}) == nal_type) {
            return unit;
        }
        start = next;
    }
    return {};
}

Result<std::string> avc_codec_string(std::span<const std::byte> sps) {
    // The first byte with forbidden_zero_bit and type, then profile_idc, the constraint flags and
    // level_idc. None of them can hold an emulation prevention byte, as profile and level are
    // never zero.
    constexpr std::size_t kNeeded = 4;
    if (sps.size() < kNeeded) return Error{ErrorCode::corrupt, "SPS: too short"};
    if (std::to_integer<int>(sps[0] & std::byte{0x9f}) != kNalSps) {
        return Error{ErrorCode::corrupt, "SPS: not a sequence parameter set"};
    }
    if (sps[1] == kZero || sps[3] == kZero) {
        return Error{ErrorCode::corrupt, "SPS: no profile or level"};
    }
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text = "avc1.";
    for (const std::byte byte : sps.subspan(1, 3)) {
        text += kDigits[std::to_integer<unsigned>(byte) >> 4];
        text += kDigits[std::to_integer<unsigned>(byte) & 15];
    }
    return text;
}

Result<std::string> aac_codec_string(std::span<const std::byte> audio_specific_config) {
    BitReader reader(audio_specific_config);
    std::uint32_t object_type = read_object_type(reader);
    const bool frequency_known = read_sampling_frequency(reader);
    const std::uint32_t channel_configuration = reader.read(4);
    if (reader.failed()) return Error{ErrorCode::corrupt, "AudioSpecificConfig: too short"};
    if (object_type == 0 || !frequency_known) {
        return Error{ErrorCode::corrupt, "AudioSpecificConfig: reserved value"};
    }
    // With channel configuration 0 a program_config_element of any length comes first; such
    // streams are named by their core.
    if (has_plain_ga_specific_config(object_type) && channel_configuration != 0) {
        reader.read(1);                            // frameLengthFlag
        if (reader.read(1) == 1) reader.read(14);  // dependsOnCoreCoder, coreCoderDelay
        reader.read(1);                            // extensionFlag, always 0 in these types
        object_type = read_extension(reader, object_type);
    }
    return "mp4a.40." + std::to_string(object_type);
}

}  // namespace weir::media
