// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "media/bit_reader.hpp"
#include "media/box.hpp"
#include "media/codec_config.hpp"
#include "media/parameter_sets.hpp"

namespace weir::media {

namespace {

using Octets = std::span<const std::byte>;

constexpr std::array kTypes{kHevcVps, kHevcSps, kHevcPps};
constexpr std::size_t kMostHevcSets = 64;  // of one type; ISO/IEC 23008-2 allows 16, 16 and 64

int hevc_nal_type(Octets nal) {
    return std::to_integer<int>(nal.front()) >> 1 & 0x3F;
}

// What a sequence parameter set (ISO/IEC 23008-2 7.3.2.2) says first.
struct HevcSps {
    std::uint32_t profile = 0;  // space, tier and idc in one byte
    std::uint32_t compatibility = 0;
    std::array<std::uint32_t, 6> constraints{};
    std::uint32_t level = 0;
    std::uint32_t sub_layers = 1;
    bool nested = false;
    std::uint32_t chroma = 1;
    std::uint32_t luma_depth = 0;  // more than 8
    std::uint32_t chroma_depth = 0;
    std::int64_t width = 0;
    std::int64_t height = 0;
};

// 7.3.3, the part for the sub-layers.
void skip_sub_layers(BitReader& reader, std::uint32_t sub_layers) {
    std::array<std::uint32_t, 8> present{};
    for (std::uint32_t i = 1; i < sub_layers; ++i) present.at(i) = reader.read(2);
    for (std::uint32_t i = sub_layers; sub_layers > 1 && i <= 8; ++i) reader.read(2);
    for (std::uint32_t i = 1; i < sub_layers; ++i) {
        if ((present.at(i) & 2) != 0) {
            for (int octet = 0; octet < 11; ++octet) reader.read(8);
        }
        if ((present.at(i) & 1) != 0) reader.read(8);
    }
}

void read_size(BitReader& reader, HevcSps& sps) {
    sps.chroma = reader.read_unsigned();
    const bool separate = sps.chroma == 3 && reader.read(1) == 1;
    sps.width = reader.read_unsigned();
    sps.height = reader.read_unsigned();
    if (reader.read(1) == 1) {
        const std::int64_t x = !separate && (sps.chroma == 1 || sps.chroma == 2) ? 2 : 1;
        const std::int64_t y = !separate && sps.chroma == 1 ? 2 : 1;
        sps.width -= x * reader.read_unsigned();  // left, right, top, bottom
        sps.width -= x * reader.read_unsigned();
        sps.height -= y * reader.read_unsigned();
        sps.height -= y * reader.read_unsigned();
    }
    sps.luma_depth = reader.read_unsigned();
    sps.chroma_depth = reader.read_unsigned();
}

Result<HevcSps> read_sps(Octets nal) {
    const Error corrupt{ErrorCode::corrupt, "HEVC SPS"};
    if (nal.size() < 3 || hevc_nal_type(nal) != kHevcSps) return corrupt;
    const auto payload = raw_payload(nal, 2);
    BitReader reader(payload);
    HevcSps sps;
    reader.read(4);
    sps.sub_layers = reader.read(3) + 1;
    sps.nested = reader.read(1) == 1;
    sps.profile = reader.read(8);
    sps.compatibility = reader.read(32);
    for (auto& octet : sps.constraints) octet = reader.read(8);
    sps.level = reader.read(8);
    if (sps.sub_layers > 7) return corrupt;
    skip_sub_layers(reader, sps.sub_layers);
    reader.read_unsigned();  // its id
    read_size(reader, sps);
    // Level 6.2 ends at 35651584 samples, 16888 wide or high.
    if (reader.failed() || sps.chroma > 3 || sps.luma_depth > 8 || sps.chroma_depth > 8 ||
        sps.width < 1 || sps.height < 1 || sps.width > 16'888 || sps.height > 16'888) {
        return corrupt;
    }
    return sps;
}

std::string hex(std::uint32_t value) {
    static constexpr char kDigits[] = "0123456789ABCDEF";
    std::string text;
    do {
        text.insert(text.begin(), kDigits[value & 15]);
        value >>= 4;
    } while (value != 0);
    return text;
}

std::uint32_t reversed(std::uint32_t value) {
    std::uint32_t result = 0;
    for (int i = 0; i < 32; ++i) result |= (value >> i & 1) << (31 - i);
    return result;
}

// ISO/IEC 14496-15 E.3.
std::string codec_string(const HevcSps& sps) {
    const std::uint32_t space = sps.profile >> 6;
    const bool high_tier = (sps.profile & 0x20) != 0;
    std::string text = "hvc1.";
    if (space > 0) text += static_cast<char>('A' + static_cast<char>(space - 1));
    text += std::to_string(sps.profile & 31) + "." + hex(reversed(sps.compatibility));
    text += (high_tier ? ".H" : ".L") + std::to_string(sps.level);
    std::size_t last = sps.constraints.size();
    while (last > 0 && sps.constraints.at(last - 1) == 0) --last;
    for (std::size_t i = 0; i < last; ++i) text += "." + hex(sps.constraints.at(i));
    return text;
}

// ISO/IEC 14496-15 8.3.3.1.
std::string hevc_record(const HevcSps& sps, const std::array<std::vector<Octets>, 3>& sets) {
    BoxWriter writer;
    writer.u8(1);
    writer.u8(sps.profile);
    writer.u32(sps.compatibility);
    for (const auto octet : sps.constraints) writer.u8(octet);
    writer.u8(sps.level);
    writer.u16(0xF000);  // no least spatial segmentation
    writer.u8(0xFC);     // any parallelism
    writer.u8(0xFC | sps.chroma);
    writer.u8(0xF8 | (sps.luma_depth & 7));
    writer.u8(0xF8 | (sps.chroma_depth & 7));
    writer.u16(0);  // frame rate: not said
    writer.u8(sps.sub_layers << 3 | (sps.nested ? 4 : 0) | 3);
    writer.u8(sets.size());
    for (std::size_t i = 0; i < sets.size(); ++i) {
        writer.u8(0x80 | static_cast<unsigned>(kTypes.at(i)));  // all of them are here
        writer.u16(sets.at(i).size());
        for (const Octets set : sets.at(i)) {
            writer.u16(set.size());
            writer.bytes(set);
        }
    }
    return writer.take();
}

}  // namespace

Result<CodecConfig> hevc_config_of_record(Octets record) {
    const Error corrupt{ErrorCode::corrupt, "HEVCDecoderConfigurationRecord"};
    FieldReader reader(record);
    if (reader.u8() != 1) return corrupt;
    reader.take(20);
    if ((reader.u8() & 3) != 3) {
        return Error{ErrorCode::unsupported, "HEVC: lengths of less than four bytes"};
    }
    ParameterSets sets;
    const unsigned arrays = reader.u8();
    for (unsigned i = 0; i < arrays && !reader.failed(); ++i) {
        reader.u8();
        const unsigned count = reader.u16();
        for (unsigned j = 0; j < count && !reader.failed(); ++j) {
            const Octets set = reader.take(reader.u16());
            if (set.size() >= 2) sets.emplace_back(set.begin(), set.end());
        }
    }
    if (reader.failed()) return corrupt;
    return hevc_config(sets);
}

Result<CodecConfig> hevc_config(const ParameterSets& sets) {
    std::array<std::vector<Octets>, 3> by_type;
    CodecConfig config{.sample_entry = "hvc1", .box = "hvcC", .sets = {}};
    for (const auto& set : sets) {
        if (set.size() < 2 || set.size() > 0xFFFF) continue;
        const auto* const type = std::find(kTypes.begin(), kTypes.end(), hevc_nal_type(set));
        if (type == kTypes.end()) continue;
        by_type.at(static_cast<std::size_t>(type - kTypes.begin())).emplace_back(set);
        config.sets.push_back(set);
    }
    for (const auto& list : by_type) {
        if (list.empty() || list.size() > kMostHevcSets) {
            return Error{ErrorCode::corrupt, "HEVC: parameter sets are missing"};
        }
    }
    const auto sps = read_sps(by_type[1].front());
    if (!sps) return sps.error();
    config.codecs = codec_string(*sps);
    config.width = static_cast<int>(sps->width);
    config.height = static_cast<int>(sps->height);
    const std::string record = hevc_record(*sps, by_type);
    const auto bytes = std::as_bytes(std::span(record));
    config.payload.assign(bytes.begin(), bytes.end());
    return config;
}

}  // namespace weir::media
