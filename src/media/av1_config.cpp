// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <utility>

#include "media/bit_reader.hpp"
#include "media/box.hpp"
#include "media/codec_config.hpp"

namespace weir::media {

namespace {

using Octets = std::span<const std::byte>;

// What a sequence header (AV1 5.5.1) says.
struct Av1Sequence {
    std::uint32_t profile = 0;
    std::uint32_t level = 0;  // of the first operating point, as its tier
    std::uint32_t tier = 0;
    bool high_bit_depth = false;
    bool twelve_bit = false;
    bool monochrome = false;
    std::uint32_t subsampling_x = 1;
    std::uint32_t subsampling_y = 1;
    std::uint32_t chroma_position = 0;
    int width = 0;
    int height = 0;
    [[nodiscard]] int bit_depth() const { return !high_bit_depth ? 8 : twelve_bit ? 12 : 10; }
};

// What of the timing information the operating points need.
struct Timing {
    bool decoder_model = false;
    std::uint32_t delay_bits = 0;
};

// 4.10.3
void skip_variable_length(BitReader& reader) {
    std::size_t zeros = 0;
    while (!reader.failed() && reader.read(1) == 0) ++zeros;
    if (zeros < 32) reader.read(zeros);
}

Timing read_av1_timing(BitReader& reader) {
    Timing timing;
    if (reader.read(1) == 0) return timing;
    reader.read(32);
    reader.read(32);
    if (reader.read(1) == 1) skip_variable_length(reader);
    timing.decoder_model = reader.read(1) == 1;
    if (!timing.decoder_model) return timing;
    timing.delay_bits = reader.read(5) + 1;
    reader.read(32);
    reader.read(10);
    return timing;
}

void read_operating_points(BitReader& reader, Av1Sequence& sequence) {
    const Timing timing = read_av1_timing(reader);
    const bool display_delay = reader.read(1) == 1;
    const std::uint32_t count = reader.read(5) + 1;
    for (std::uint32_t i = 0; i < count; ++i) {
        reader.read(12);
        const std::uint32_t level = reader.read(5);
        const std::uint32_t tier = level > 7 ? reader.read(1) : 0;
        if (timing.decoder_model && reader.read(1) == 1) {
            reader.read(timing.delay_bits);
            reader.read(timing.delay_bits);
            reader.read(1);
        }
        if (display_delay && reader.read(1) == 1) reader.read(4);
        if (i > 0) continue;
        sequence.level = level;
        sequence.tier = tier;
    }
}

// Tools that the configuration does not name, from frame ids to film grain's neighbour.
void skip_tools(BitReader& reader, bool reduced) {
    reader.read(3);  // superblocks, filter intra, intra edge filter
    if (!reduced) {
        reader.read(4);  // interintra and masked compound, warped motion, dual filter
        const bool order_hint = reader.read(1) == 1;
        if (order_hint) reader.read(2);
        const bool chooses = reader.read(1) == 1;
        const bool screen_content = chooses || reader.read(1) == 1;
        if (screen_content && reader.read(1) == 0) reader.read(1);
        if (order_hint) reader.read(3);
    }
    reader.read(3);  // superres, cdef, restoration
}

// 5.5.2
void read_colours(BitReader& reader, Av1Sequence& sequence) {
    sequence.high_bit_depth = reader.read(1) == 1;
    const bool may_be_twelve = sequence.profile == 2 && sequence.high_bit_depth;
    sequence.twelve_bit = may_be_twelve && reader.read(1) == 1;
    sequence.monochrome = sequence.profile != 1 && reader.read(1) == 1;
    std::array<std::uint32_t, 3> description{2, 2, 2};  // unspecified
    if (reader.read(1) == 1) {
        for (auto& value : description) value = reader.read(8);
    }
    if (sequence.monochrome) {
        reader.read(1);  // range
        return;
    }
    if (description == std::array<std::uint32_t, 3>{1, 13, 0}) {  // sRGB
        sequence.subsampling_x = sequence.subsampling_y = 0;
        return;
    }
    reader.read(1);  // range
    if (sequence.profile == 1) sequence.subsampling_x = sequence.subsampling_y = 0;
    if (sequence.profile == 2) {
        sequence.subsampling_x = sequence.twelve_bit ? reader.read(1) : 1;
        sequence.subsampling_y =
            sequence.twelve_bit && sequence.subsampling_x == 1 ? reader.read(1) : 0;
    }
    if (sequence.subsampling_x == 1 && sequence.subsampling_y == 1) {
        sequence.chroma_position = reader.read(2);
    }
}

Result<Av1Sequence> read_sequence(Octets payload) {
    const Error corrupt{ErrorCode::corrupt, "AV1 sequence header"};
    BitReader reader(payload);
    Av1Sequence sequence;
    sequence.profile = reader.read(3);
    reader.read(1);  // still picture
    const bool reduced = reader.read(1) == 1;
    if (reduced) {
        sequence.level = reader.read(5);
    } else {
        read_operating_points(reader, sequence);
    }
    const std::uint32_t width_bits = reader.read(4) + 1;
    const std::uint32_t height_bits = reader.read(4) + 1;
    sequence.width = static_cast<int>(reader.read(width_bits)) + 1;
    sequence.height = static_cast<int>(reader.read(height_bits)) + 1;
    if (!reduced && reader.read(1) == 1) reader.read(7);
    skip_tools(reader, reduced);
    read_colours(reader, sequence);
    if (reader.failed() || sequence.profile > 2) return corrupt;
    return sequence;
}

std::string two_digits(std::uint32_t value) {
    return (value < 10 ? "0" : "") + std::to_string(value);
}

// AV1 in ISOBMFF 5, the short form.
std::string codec_string(const Av1Sequence& sequence) {
    return "av01." + std::to_string(sequence.profile) + "." + two_digits(sequence.level) +
           (sequence.tier == 1 ? "H." : "M.") +
           two_digits(static_cast<std::uint32_t>(sequence.bit_depth()));
}

// AV1 in ISOBMFF 2.3.
std::string av1_record(const Av1Sequence& sequence, Octets header) {
    BoxWriter writer;
    writer.u8(0x81);
    writer.u8(sequence.profile << 5 | sequence.level);
    writer.u8(sequence.tier << 7 | (sequence.high_bit_depth ? 0x40U : 0) |
              (sequence.twelve_bit ? 0x20U : 0) | (sequence.monochrome ? 0x10U : 0) |
              sequence.subsampling_x << 3 | sequence.subsampling_y << 2 | sequence.chroma_position);
    writer.u8(0);  // no presentation delay said
    writer.bytes(header);
    return writer.take();
}

}  // namespace

Result<std::vector<Obu>> read_obus(Octets rest) {
    const Error corrupt{ErrorCode::corrupt, "AV1: an OBU of no possible size"};
    std::vector<Obu> obus;
    while (!rest.empty()) {
        const auto first = std::to_integer<unsigned>(rest.front());
        const bool extended = (first & 4) != 0;
        const bool sized = (first & 2) != 0;
        std::size_t header = extended ? 2 : 1;
        std::uint64_t size = 0;
        if (sized) {  // leb128, 4.10.5
            unsigned shift = 0;
            bool more = true;
            for (; more && shift < 56 && header < rest.size(); shift += 7, ++header) {
                const auto octet = std::to_integer<std::uint64_t>(rest[header]);
                size |= (octet & 0x7F) << shift;
                more = (octet & 0x80) != 0;
            }
            if (more) return corrupt;
        } else if (header <= rest.size()) {
            size = rest.size() - header;
        }
        if (header > rest.size() || size > rest.size() - header || (first & 0x80) != 0) {
            return corrupt;
        }
        const std::size_t whole = header + static_cast<std::size_t>(size);
        obus.push_back({.type = static_cast<int>(first >> 3 & 15),
                        .bytes = rest.first(whole),
                        .payload = rest.subspan(header, static_cast<std::size_t>(size))});
        rest = rest.subspan(whole);
    }
    return obus;
}

Result<CodecConfig> av1_config(Octets temporal_unit) {
    const auto obus = read_obus(temporal_unit);
    if (!obus) return obus.error();
    const auto header = std::find_if(obus->begin(), obus->end(), [](const Obu& obu) {
        return obu.is(ObuType::sequence_header);
    });
    if (header == obus->end()) return Error{ErrorCode::corrupt, "AV1: no sequence header"};
    const auto sequence = read_sequence(header->payload);
    if (!sequence) return sequence.error();
    CodecConfig config{.codecs = codec_string(*sequence),
                       .sample_entry = "av01",
                       .box = "av1C",
                       .sets = {{header->bytes.begin(), header->bytes.end()}},
                       .width = sequence->width,
                       .height = sequence->height};
    const std::string record = av1_record(*sequence, header->bytes);
    const auto bytes = std::as_bytes(std::span(record));
    config.payload.assign(bytes.begin(), bytes.end());
    return config;
}

}  // namespace weir::media
