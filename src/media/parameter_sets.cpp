// SPDX-License-Identifier: MIT
#include "media/parameter_sets.hpp"

#include <algorithm>
#include <utility>

#include <gsl/gsl>

#include "media/bit_reader.hpp"
#include "media/codecs.hpp"

namespace weir::media {

namespace {

using Octets = std::span<const std::byte>;

constexpr std::array kStartCode{std::byte{0}, std::byte{0}, std::byte{0}, std::byte{1}};

// ISO/IEC 14496-3 table 1.18.
constexpr std::array kAacRates{96'000, 88'200, 64'000, 48'000, 44'100, 32'000, 24'000,
                               22'050, 16'000, 12'000, 11'025, 8'000,  7'350};

int nal_type(Octets nal) {
    return std::to_integer<int>(nal.front() & std::byte{0x1f});
}

// Takes bytes off the front; empty once there are not enough.
class OctetReader {
public:
    explicit OctetReader(Octets bytes) : rest_(bytes) {}

    [[nodiscard]] bool failed() const { return failed_; }
    Octets take(std::size_t size) {
        if (size > rest_.size()) {
            failed_ = true;
            rest_ = {};
            return {};
        }
        const Octets taken = rest_.first(size);
        rest_ = rest_.subspan(size);
        return taken;
    }
    unsigned number(std::size_t size) {
        unsigned value = 0;
        for (const std::byte byte : take(size)) {
            value = value << 8 | std::to_integer<unsigned>(byte);
        }
        return value;
    }

private:
    Octets rest_;
    bool failed_ = false;
};

// `count` parameter sets of the type, each with its length before it.
bool take_sets(OctetReader& reader, unsigned count, int type, AvcConfig& config) {
    for (; count > 0; --count) {
        const Octets set = reader.take(reader.number(2));
        if (set.empty() || nal_type(set) != type) return false;
        if (type == kNalSps && config.sps.empty()) config.sps.assign(set.begin(), set.end());
        config.prefix.insert(config.prefix.end(), kStartCode.begin(), kStartCode.end());
        config.prefix.insert(config.prefix.end(), set.begin(), set.end());
        config.sets.emplace_back(set.begin(), set.end());
    }
    return true;
}

// 7.3.2.1.1.1
void skip_scaling_list(BitReader& reader, int size) {
    std::int64_t last = 8;
    std::int64_t next = 8;
    for (int i = 0; i < size && !reader.failed(); ++i) {
        if (next != 0) next = (last + reader.read_signed() + 256) % 256;
        if (next != 0) last = next;
    }
}

// The profiles whose parameter sets say the chroma format.
bool has_chroma_format(std::uint32_t profile) {
    constexpr std::array<std::uint32_t, 13> kProfiles{100, 110, 122, 244, 44,  83, 86,
                                                      118, 128, 138, 139, 134, 135};
    return std::find(kProfiles.begin(), kProfiles.end(), profile) != kProfiles.end();
}

// Returns ChromaArrayType.
std::uint32_t read_chroma_format(BitReader& reader) {
    const std::uint32_t chroma = reader.read_unsigned();
    const bool separate = chroma == 3 && reader.read(1) == 1;
    reader.read_unsigned();  // bit depths
    reader.read_unsigned();
    reader.read(1);             // qpprime_y_zero_transform_bypass_flag
    if (reader.read(1) == 1) {  // scaling matrix
        for (int i = 0; i < (chroma == 3 ? 12 : 8); ++i) {
            if (reader.read(1) == 1) skip_scaling_list(reader, i < 6 ? 16 : 64);
        }
    }
    return separate ? 0 : chroma;
}

void skip_order_count(BitReader& reader) {
    reader.read_unsigned();  // log2_max_frame_num_minus4
    const std::uint32_t type = reader.read_unsigned();
    if (type == 0) reader.read_unsigned();
    if (type != 1) return;
    reader.read(1);
    reader.read_signed();
    reader.read_signed();
    const std::uint32_t frames = reader.read_unsigned();
    for (std::uint32_t i = 0; i < frames && !reader.failed(); ++i) reader.read_signed();
}

// E.1.1, up to the timing information.
Rational read_timing(BitReader& reader) {
    if (reader.read(1) == 1 && reader.read(8) == 255) reader.read(32);  // aspect ratio
    if (reader.read(1) == 1) reader.read(1);                            // overscan
    if (reader.read(1) == 1) {                                          // video signal type
        reader.read(4);
        if (reader.read(1) == 1) reader.read(24);
    }
    if (reader.read(1) == 1) {  // chroma location
        reader.read_unsigned();
        reader.read_unsigned();
    }
    if (reader.read(1) == 0) return {0, 1};
    const std::int64_t tick = reader.read(32);
    const std::int64_t scale = reader.read(32);
    if (reader.failed() || tick == 0 || scale == 0) return {0, 1};
    return {scale, 2 * tick};  // a tick is a field
}

}  // namespace

std::vector<std::byte> raw_payload(Octets nal, std::size_t header_size) {
    Expects(header_size <= nal.size());
    // A parameter set of any use is far shorter.
    constexpr std::size_t kLongest = 1024;
    std::vector<std::byte> payload;
    int zeros = 0;
    for (const std::byte byte :
         nal.subspan(header_size, std::min(nal.size() - header_size, kLongest))) {
        if (zeros >= 2 && byte == std::byte{3}) {
            zeros = 0;
            continue;
        }
        zeros = byte == std::byte{0} ? zeros + 1 : 0;
        payload.push_back(byte);
    }
    return payload;
}

Result<AvcConfig> read_avc_config(Octets record) {
    const Error corrupt{ErrorCode::corrupt, "AVCDecoderConfigurationRecord"};
    OctetReader reader(record);
    if (reader.number(1) != 1) return corrupt;
    reader.take(3);  // profile, compatibility, level: they are in the sequence parameter set
    AvcConfig config;
    config.nal_length_size = 1 + static_cast<int>(reader.number(1) & 3);
    if (config.nal_length_size == 3) return corrupt;
    const bool sets = take_sets(reader, reader.number(1) & 31, kNalSps, config) &&
                      take_sets(reader, reader.number(1), kNalPps, config);
    if (!sets || reader.failed() || config.sps.empty()) return corrupt;
    return config;
}

Result<PictureFormat> read_picture_format(Octets sps) {
    const Error corrupt{ErrorCode::corrupt, "SPS"};
    if (sps.size() < 4 || nal_type(sps) != kNalSps) return corrupt;
    const auto payload = raw_payload(sps, 1);
    BitReader reader(payload);
    const std::uint32_t profile = reader.read(8);
    reader.read(16);         // constraints, level
    reader.read_unsigned();  // its id
    const std::uint32_t chroma = has_chroma_format(profile) ? read_chroma_format(reader) : 1;
    skip_order_count(reader);
    reader.read_unsigned();  // max_num_ref_frames
    reader.read(1);
    const std::int64_t columns = std::int64_t{reader.read_unsigned()} + 1;
    const std::int64_t rows = std::int64_t{reader.read_unsigned()} + 1;
    const std::int64_t fields = reader.read(1) == 1 ? 1 : 2;
    if (fields == 2) reader.read(1);
    reader.read(1);
    std::array<std::int64_t, 4> crop{};  // left, right, top, bottom
    if (reader.read(1) == 1) {
        for (auto& edge : crop) edge = reader.read_unsigned();
    }
    const std::int64_t unit_x = chroma == 1 || chroma == 2 ? 2 : 1;
    const std::int64_t unit_y = (chroma == 1 ? 2 : 1) * fields;
    const std::int64_t width = 16 * columns - unit_x * (crop[0] + crop[1]);
    const std::int64_t height = 16 * fields * rows - unit_y * (crop[2] + crop[3]);
    // Level 6.2 ends at 139264 macroblocks, 16384 pixels wide or high.
    if (reader.failed() || width < 1 || height < 1 || width > 16'384 || height > 16'384) {
        return corrupt;
    }
    PictureFormat format{.width = static_cast<int>(width), .height = static_cast<int>(height)};
    if (reader.read(1) == 1) format.frame_rate = read_timing(reader);
    return format;
}

int AdtsFormat::sample_rate() const {
    return kAacRates.at(static_cast<std::size_t>(rate_index));
}

Result<AdtsFormat> read_audio_specific_config(Octets config) {
    BitReader reader(config);
    const auto object_type = [&reader] {
        const std::uint32_t type = reader.read(5);
        return type == 31 ? 32 + reader.read(6) : type;
    };
    const auto rate_index = [&reader]() -> std::uint32_t {
        const std::uint32_t index = reader.read(4);
        if (index != 15) return index;
        const auto rate = static_cast<int>(reader.read(24));
        const auto* const found = std::find(kAacRates.begin(), kAacRates.end(), rate);
        return static_cast<std::uint32_t>(found - kAacRates.begin());
    };
    std::uint32_t type = object_type();
    const std::uint32_t rate = rate_index();
    const std::uint32_t channels = reader.read(4);
    if (type == 5 || type == 29) {  // SBR and PS say their core behind the rate they make
        rate_index();
        type = object_type();
    }
    const bool short_frames = reader.read(1) == 1;
    if (reader.failed()) return Error{ErrorCode::corrupt, "AudioSpecificConfig: too short"};
    if (type < 1 || type > 4 || rate >= kAacRates.size() || channels < 1 || channels > 7 ||
        short_frames) {
        return Error{ErrorCode::unsupported, "AudioSpecificConfig: ADTS cannot carry it"};
    }
    return AdtsFormat{.profile = static_cast<int>(type) - 1,
                      .rate_index = static_cast<int>(rate),
                      .channels = static_cast<int>(channels)};
}

std::array<std::byte, kAdtsHeader> adts_header(const AdtsFormat& format, std::size_t payload_size) {
    const std::size_t size = payload_size + kAdtsHeader;
    Expects(size <= kLongestAdtsFrame);
    const auto octet = [](std::size_t value) { return static_cast<std::byte>(value & 0xFF); };
    const auto profile = static_cast<std::size_t>(format.profile);
    const auto rate = static_cast<std::size_t>(format.rate_index);
    const auto channels = static_cast<std::size_t>(format.channels);
    return {octet(0xFF),
            octet(0xF1),  // MPEG-4, no CRC
            octet(profile << 6 | rate << 2 | channels >> 2),
            octet((channels & 3) << 6 | size >> 11),
            octet(size >> 3),
            octet((size & 7) << 5 | 0x1F),  // buffer fullness: variable rate
            octet(0xFC)};
}

Result<AdtsFormat> read_adts_format(Octets frame) {
    BitReader reader(frame);
    const std::uint32_t sync = reader.read(12);
    reader.read(1);
    const std::uint32_t layer = reader.read(2);
    reader.read(1);
    const std::uint32_t profile = reader.read(2);
    const std::uint32_t rate = reader.read(4);
    reader.read(1);
    const std::uint32_t channels = reader.read(3);
    reader.read(4);
    const std::uint32_t size = reader.read(13);
    reader.read(13);
    if (reader.failed() || sync != 0xFFF || layer != 0 || rate >= kAacRates.size() ||
        size < kAdtsHeader || size > frame.size()) {
        return Error{ErrorCode::corrupt, "ADTS"};
    }
    if (channels == 0) return Error{ErrorCode::unsupported, "ADTS: channels in the stream"};
    return AdtsFormat{.profile = static_cast<int>(profile),
                      .rate_index = static_cast<int>(rate),
                      .channels = static_cast<int>(channels)};
}

}  // namespace weir::media
