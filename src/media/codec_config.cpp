// SPDX-License-Identifier: MIT
// AVC, AAC and Opus; HEVC and AV1 have files of their own.
#include "media/codec_config.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "media/bit_reader.hpp"
#include "media/box.hpp"
#include "media/codecs.hpp"
#include "media/grid.hpp"
#include "media/parameter_sets.hpp"

namespace weir::media {

namespace {

using Octets = std::span<const std::byte>;

// The record counts with five and eight bits; more than these are nobody's.
constexpr std::size_t kMostSets = 31;

std::vector<std::byte> octets_of(const std::string& text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

// What the record repeats of a High profile's parameter set (ISO/IEC 14496-15 5.3.3.1.2).
void write_high_fields(BoxWriter& writer, Octets sps) {
    const auto payload = raw_payload(sps, 1);
    BitReader reader(payload);
    reader.read(24);         // profile, constraints, level
    reader.read_unsigned();  // its id
    const std::uint32_t chroma = reader.read_unsigned() & 3;
    if (chroma == 3) reader.read(1);
    const std::uint32_t luma_depth = reader.read_unsigned() & 7;
    const std::uint32_t chroma_depth = reader.read_unsigned() & 7;
    writer.u8(0xFC | chroma);
    writer.u8(0xF8 | luma_depth);
    writer.u8(0xF8 | chroma_depth);
    writer.u8(0);  // no extensions
}

void write_sets(BoxWriter& writer, const std::vector<Octets>& sets) {
    for (const Octets set : sets) {
        writer.u16(set.size());
        writer.bytes(set);
    }
}

std::string avc_record(const std::vector<Octets>& sps, const std::vector<Octets>& pps) {
    BoxWriter writer;
    writer.u8(1);
    writer.bytes(sps.front().subspan(1, 3));
    writer.u8(0xFC | 3);  // lengths of four bytes
    writer.u8(0xE0 | sps.size());
    write_sets(writer, sps);
    writer.u8(pps.size());
    write_sets(writer, pps);
    const int profile = std::to_integer<int>(sps.front()[1]);
    if (profile != 66 && profile != 77 && profile != 88) write_high_fields(writer, sps.front());
    return writer.take();
}

// ISO/IEC 14496-1 7.2.6.1: a tag and a length of four bytes.
void write_descriptor_header(BoxWriter& writer, std::uint8_t tag, std::size_t size) {
    writer.u8(tag);
    writer.u8(0x80 | (size >> 21 & 0x7F));
    writer.u8(0x80 | (size >> 14 & 0x7F));
    writer.u8(0x80 | (size >> 7 & 0x7F));
    writer.u8(size & 0x7F);
}

std::string elementary_stream_descriptor(Octets audio_specific_config) {
    constexpr std::size_t kHeader = 5;
    constexpr std::size_t kDecoderFields = 13;
    const std::size_t specific = audio_specific_config.size();
    const std::size_t decoder = kDecoderFields + kHeader + specific;
    BoxWriter writer;
    writer.u32(0);  // version and flags
    write_descriptor_header(writer, 3, 3 + kHeader + decoder + kHeader + 1);
    writer.u16(0);  // the track has an id already
    writer.u8(0);
    write_descriptor_header(writer, 4, decoder);
    writer.u8(0x40);          // MPEG-4 audio
    writer.u8(5 << 2 | 1);    // an audio stream
    writer.zeros(3 + 4 + 4);  // buffer size, peak and average bit rate: not said
    write_descriptor_header(writer, 5, specific);
    writer.bytes(audio_specific_config);
    write_descriptor_header(writer, 6, 1);
    writer.u8(2);  // as MP4 files have it
    return writer.take();
}

}  // namespace

Result<CodecConfig> avc_config_of_record(Octets record) {
    const auto read = read_avc_config(record);
    if (!read) return read.error();
    if (read->nal_length_size != 4) {
        return Error{ErrorCode::unsupported, "AVC: lengths of less than four bytes"};
    }
    return avc_config(read->sets);
}

Result<CodecConfig> avc_config(const ParameterSets& sets) {
    std::vector<Octets> sps;
    std::vector<Octets> pps;
    CodecConfig config{.sample_entry = "avc1", .box = "avcC", .sets = {}};
    for (const auto& set : sets) {
        if (set.empty() || set.size() > 0xFFFF) continue;
        const int type = std::to_integer<int>(set.front() & std::byte{0x1F});
        if (type != kNalSps && type != kNalPps) continue;
        auto& list = type == kNalSps ? sps : pps;
        list.emplace_back(set);
        config.sets.push_back(set);
    }
    if (sps.empty() || pps.empty() || sps.size() > kMostSets || pps.size() > kMostSets) {
        return Error{ErrorCode::corrupt, "AVC: parameter sets are missing"};
    }
    auto codecs = avc_codec_string(sps.front());
    if (!codecs) return codecs.error();
    const auto format = read_picture_format(sps.front());
    if (!format) return format.error();
    config.codecs = std::move(*codecs);
    config.width = format->width;
    config.height = format->height;
    config.payload = octets_of(avc_record(sps, pps));
    return config;
}

Result<CodecConfig> aac_config(Octets audio_specific_config) {
    // It is copied into every init segment; a program config element makes it long, not endless.
    constexpr std::size_t kLongest = 1024;
    if (audio_specific_config.size() > kLongest) {
        return Error{ErrorCode::corrupt, "AudioSpecificConfig: too long"};
    }
    const auto format = read_audio_specific_config(audio_specific_config);
    if (!format) return format.error();
    auto codecs = aac_codec_string(audio_specific_config);
    if (!codecs) return codecs.error();
    return CodecConfig{.codecs = std::move(*codecs),
                       .sample_entry = "mp4a",
                       .box = "esds",
                       .payload = octets_of(elementary_stream_descriptor(audio_specific_config)),
                       .sets = {{audio_specific_config.begin(), audio_specific_config.end()}},
                       .sample_rate = format->sample_rate(),
                       .channels = format->channels == 7 ? 8 : format->channels,
                       .frame_samples = static_cast<int>(kAacFrameSamples)};
}

Result<CodecConfig> opus_config(Octets head) {
    const Error corrupt{ErrorCode::corrupt, "OpusHead"};
    constexpr std::size_t kMagic = 8;
    constexpr std::size_t kFixed = 19;
    static constexpr std::string_view kName = "OpusHead";
    if (head.size() < kFixed ||
        !std::ranges::equal(head.first(kMagic), std::as_bytes(std::span(kName)))) {
        return corrupt;
    }
    const auto octet = [head](std::size_t i) { return std::to_integer<unsigned>(head[i]); };
    if (octet(8) > 15) return Error{ErrorCode::unsupported, "OpusHead: another version"};
    const unsigned channels = octet(9);
    const unsigned family = octet(18);
    // Behind the family: streams, coupled streams, and a channel's stream each.
    const std::size_t mapping = family == 0 ? 0 : 2 + channels;
    if (channels == 0 || (family == 0 && channels > 2) || head.size() < kFixed + mapping) {
        return corrupt;
    }
    BoxWriter writer;
    writer.u8(0);
    writer.u8(channels);
    writer.u16(octet(11) << 8 | octet(10));  // there the last byte is first
    writer.u32(octet(15) << 24 | octet(14) << 16 | octet(13) << 8 | octet(12));
    writer.u16(octet(17) << 8 | octet(16));
    writer.u8(family);
    writer.bytes(head.subspan(kFixed, mapping));
    return CodecConfig{.codecs = "opus",
                       .sample_entry = "Opus",
                       .box = "dOps",
                       .payload = octets_of(writer.take()),
                       .sets = {{head.begin(), head.end()}},
                       .sample_rate = 48'000,
                       .channels = static_cast<int>(channels)};
}

Result<int> opus_packet_samples(Octets packet) {
    const Error corrupt{ErrorCode::corrupt, "an Opus packet"};
    if (packet.empty()) return corrupt;
    const auto toc = std::to_integer<unsigned>(packet.front());
    const unsigned mode = toc >> 3;
    static constexpr std::array kSilk{480, 960, 1920, 2880};
    static constexpr std::array kCelt{120, 240, 480, 960};
    const int frame = mode < 12   ? kSilk.at(mode & 3)
                      : mode < 16 ? kSilk.at(mode & 1)
                                  : kCelt.at(mode & 3);
    int frames = (toc & 3) == 0 ? 1 : 2;
    if ((toc & 3) == 3) {
        if (packet.size() < 2) return corrupt;
        frames = std::to_integer<int>(packet[1] & std::byte{0x3F});
    }
    constexpr int kLongest = 5760;  // 120 ms
    if (frames == 0 || frame * frames > kLongest) return corrupt;
    return frame * frames;
}

}  // namespace weir::media
