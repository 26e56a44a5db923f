// SPDX-License-Identifier: MIT
#include "segment/sample_content.hpp"

#include <algorithm>
#include <optional>

#include "media/box.hpp"
#include "media/codecs.hpp"

namespace weir::segment {

namespace {

using Octets = std::span<const std::byte>;
using media::CodecConfig;

constexpr std::size_t kLength = 4;

// What a NAL unit is to a file.
struct NalRole {
    bool set = false;      // belongs into the track's header
    bool dropped = false;  // belongs nowhere
    bool slice = false;
    bool sync = false;
    bool disposable = false;
};

// ISO/IEC 14496-10 table 7-1.
NalRole avc_role(Octets nal) {
    constexpr int kDelimiter = 9;
    constexpr int kFiller = 12;
    const auto first = std::to_integer<int>(nal.front());
    const int type = first & 0x1F;
    return {.set = type == media::kNalSps || type == media::kNalPps,
            .dropped = type == kDelimiter || type == kFiller,
            .slice = type >= 1 && type <= media::kNalIdr,
            .sync = type == media::kNalIdr,
            .disposable = (first & 0x60) == 0};
}

NalRole hevc_role(Octets nal) {
    constexpr int kFiller = 38;
    const int type = std::to_integer<int>(nal.front()) >> 1 & 0x3F;
    return {.set = type >= media::kHevcVps && type <= media::kHevcPps,
            .dropped = type == media::kHevcDelimiter || type == kFiller,
            .slice = type < media::kHevcVps,
            .sync = type >= media::kHevcFirstIrap && type <= media::kHevcLastIrap};
}

bool is_known(const CodecConfig& config, Octets set) {
    return std::any_of(config.sets.begin(), config.sets.end(),
                       [set](const auto& known) { return std::ranges::equal(known, set); });
}

Error other_sets() {
    return {ErrorCode::unsupported, "CMAF: the parameter sets have changed in the run"};
}

Result<SampleContent> read_nal_units(const CodecConfig& config, Octets unit,
                                     NalRole (*role_of)(Octets)) {
    const Error corrupt{ErrorCode::corrupt, "CMAF: an access unit of no possible lengths"};
    SampleContent content;
    bool slices = false;
    bool disposable = true;
    media::FieldReader reader(unit);
    while (reader.left() > 0) {
        const std::size_t begin = unit.size() - reader.left();
        const std::uint32_t size = reader.u32();
        const Octets nal = reader.take(size);
        if (reader.failed()) return corrupt;
        if (nal.empty()) continue;
        const NalRole role = role_of(nal);
        if (role.set && !is_known(config, nal)) return other_sets();
        if (role.set || role.dropped) continue;
        content.pieces.push_back(unit.subspan(begin, kLength + size));
        if (!role.slice) continue;
        slices = true;
        content.sync = content.sync || role.sync;
        disposable = disposable && role.disposable;
    }
    if (!slices) return Error{ErrorCode::corrupt, "CMAF: an access unit without a picture"};
    content.disposable = disposable;
    return content;
}

// AV1 5.9.2: a frame that needs no other, and is shown.
bool is_key_frame(const media::Obu& obu) {
    if (!obu.is(media::ObuType::frame) && !obu.is(media::ObuType::frame_header)) return false;
    if (obu.payload.empty()) return false;
    // show_existing_frame 0, frame_type 0, show_frame 1
    return (std::to_integer<unsigned>(obu.payload.front()) & 0xF0) == 0x10;
}

// A sequence header stays: a sync sample begins with one (AV1 in ISOBMFF 2.4).
Result<SampleContent> read_temporal_unit(const CodecConfig& config, Octets unit) {
    const auto obus = media::read_obus(unit);
    if (!obus) return obus.error();
    SampleContent content;
    bool header = false;
    std::optional<bool> key;
    for (const media::Obu& obu : *obus) {
        if (obu.is(media::ObuType::temporal_delimiter)) continue;
        if (obu.is(media::ObuType::sequence_header)) {
            if (!is_known(config, obu.bytes)) return other_sets();
            header = true;
        }
        if (!key && (obu.is(media::ObuType::frame) || obu.is(media::ObuType::frame_header))) {
            key = is_key_frame(obu);
        }
        content.pieces.push_back(obu.bytes);
    }
    if (!key) return Error{ErrorCode::corrupt, "CMAF: a temporal unit without a picture"};
    content.sync = header && *key;
    return content;
}

}  // namespace

Result<SampleContent> read_video_sample(const CodecConfig& config, Octets unit) {
    if (config.sample_entry == "avc1") return read_nal_units(config, unit, avc_role);
    if (config.sample_entry == "hvc1") return read_nal_units(config, unit, hevc_role);
    return read_temporal_unit(config, unit);
}

}  // namespace weir::segment
