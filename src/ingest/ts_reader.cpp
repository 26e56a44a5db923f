// SPDX-License-Identifier: MIT
#include "ingest/ts_reader.hpp"

#include <glib.h>

#include <algorithm>
#include <utility>

namespace weir::ingest {

using media::UnitKind;

namespace {

constexpr std::size_t kPacketSize = 188;
constexpr std::byte kSync{0x47};
constexpr int kPatPid = 0;
constexpr std::size_t kMaxSection = 4096;
constexpr std::size_t kMaxUnit = 8'000'000;   // a picture that is larger is nonsense
constexpr std::size_t kMaxSkipped = 200'000;  // bytes without a packet: no transport stream
constexpr std::int64_t kClock = 1LL << 33;    // where PTS and DTS wrap
constexpr std::size_t kTableHeader = 8;       // up to and with last_section_number
constexpr std::size_t kCrc = 4;

int number8(std::span<const std::byte> bytes, std::size_t at) {
    return std::to_integer<int>(bytes[at]);
}
int number16(std::span<const std::byte> bytes, std::size_t at) {
    return number8(bytes, at) << 8 | number8(bytes, at + 1);
}
int pid_at(std::span<const std::byte> bytes, std::size_t at) {
    return number16(bytes, at) & 0x1FFF;
}
std::size_t length_at(std::span<const std::byte> bytes, std::size_t at) {
    return static_cast<std::size_t>(number16(bytes, at) & 0xFFF);
}

// ISO/IEC 13818-1 annex A: zero over a section with its CRC.
std::uint32_t crc32(std::span<const std::byte> bytes) {
    std::uint32_t crc = 0xFFFFFFFF;
    for (const std::byte byte : bytes) {
        crc ^= std::to_integer<std::uint32_t>(byte) << 24;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc & 0x80000000) != 0 ? crc << 1 ^ 0x04C11DB7 : crc << 1;
        }
    }
    return crc;
}

// 33 bits in five bytes (2.4.3.7).
std::int64_t time_at(std::span<const std::byte> bytes, std::size_t at) {
    return std::int64_t{number8(bytes, at) >> 1 & 7} << 30 |
           std::int64_t{number16(bytes, at + 1) >> 1} << 15 |
           std::int64_t{number16(bytes, at + 3) >> 1};
}

// Calls `visit(tag, payload)` for each descriptor (2.6).
template <class Visit>
void for_each_descriptor(std::span<const std::byte> bytes, const Visit& visit) {
    while (bytes.size() >= 2) {
        const auto size = static_cast<std::size_t>(number8(bytes, 1));
        if (2 + size > bytes.size()) return;
        visit(number8(bytes, 0), bytes.subspan(2, size));
        bytes = bytes.subspan(2 + size);
    }
}

// PES private data says what it is in a descriptor (ETSI EN 300 468 annex D, ATSC A/52 annex A).
std::optional<TsCodec> private_codec(std::span<const std::byte> descriptors) {
    std::optional<TsCodec> codec;
    for_each_descriptor(descriptors, [&](int tag, std::span<const std::byte> payload) {
        if (tag == 0x6A) codec = TsCodec::ac3;
        if (tag == 0x7A) codec = TsCodec::eac3;
        if (tag != 0x05 || payload.size() < 4) return;  // registration_descriptor
        const int high = number16(payload, 0);
        const int low = number16(payload, 2);
        if (high == 0x4143 && low == 0x2D33) codec = TsCodec::ac3;   // "AC-3"
        if (high == 0x4845 && low == 0x5643) codec = TsCodec::hevc;  // "HEVC"
    });
    return codec;
}

std::optional<TsCodec> codec_of(int stream_type, std::span<const std::byte> descriptors) {
    switch (stream_type) {
        case 0x01:
        case 0x02:
            return TsCodec::mpeg_video;
        case 0x03:
        case 0x04:
            return TsCodec::mpeg_audio;
        case 0x06:
            return private_codec(descriptors);
        case 0x0F:
            return TsCodec::aac_adts;
        case 0x11:
            return TsCodec::aac_latm;
        case 0x1B:
            return TsCodec::h264;
        case 0x24:
            return TsCodec::hevc;
        case 0x81:
            return TsCodec::ac3;
        case 0x87:
            return TsCodec::eac3;
        default:
            return std::nullopt;
    }
}

UnitKind kind_of(TsCodec codec) {
    switch (codec) {
        case TsCodec::h264:
        case TsCodec::hevc:
        case TsCodec::mpeg_video:
            return UnitKind::video;
        default:
            return UnitKind::audio;
    }
}

bool has_language(std::span<const std::byte> descriptors, const std::string& language) {
    bool found = false;
    for_each_descriptor(descriptors, [&](int tag, std::span<const std::byte> payload) {
        // ISO_639_language_descriptor: three letters and a type, repeated.
        for (; tag == 0x0A && payload.size() >= 4; payload = payload.subspan(4)) {
            std::string code;
            for (std::size_t i = 0; i < 3; ++i) code += static_cast<char>(number8(payload, i));
            if (g_ascii_strcasecmp(code.c_str(), language.c_str()) == 0) found = true;
        }
    });
    return found;
}

}  // namespace

struct TsReader::Candidate {
    TsTrack track;
    std::span<const std::byte> descriptors;
};

TsReader::TsReader(TsSelection select, TsEvents events)
    : select_(std::move(select)), events_(std::move(events)) {
    video_.track.kind = UnitKind::video;
    audio_.track.kind = UnitKind::audio;
}

Result<void> TsReader::push(std::span<const std::byte> bytes) {
    if (error_) return *error_;
    if (rest_.empty()) {
        const auto left = take_packets(bytes);
        rest_.assign(left.begin(), left.end());
    } else {
        rest_.insert(rest_.end(), bytes.begin(), bytes.end());
        const auto left = take_packets(rest_);
        rest_.erase(rest_.begin(), rest_.end() - static_cast<std::ptrdiff_t>(left.size()));
    }
    if (error_) return *error_;
    return {};
}

// What is left is less than a packet, or a packet that only the next byte can confirm.
std::span<const std::byte> TsReader::take_packets(std::span<const std::byte> bytes) {
    while (!error_) {
        const std::size_t needed = in_sync_ ? kPacketSize : kPacketSize + 1;
        if (bytes.size() < needed) break;
        in_sync_ = bytes[0] == kSync && (in_sync_ || bytes[kPacketSize] == kSync);
        if (in_sync_) {
            skipped_ = 0;
            take_packet(bytes.first(kPacketSize));
            bytes = bytes.subspan(kPacketSize);
        } else {
            if (++skipped_ > kMaxSkipped) fail(ErrorCode::corrupt, "it is no MPEG-TS");
            bytes = bytes.subspan(1);
        }
    }
    return bytes;
}

void TsReader::take_packet(std::span<const std::byte> bytes) {
    const bool damaged = (number8(bytes, 1) & 0x80) != 0;  // transport_error_indicator
    const bool scrambled = (number8(bytes, 3) & 0xC0) != 0;
    const int control = number8(bytes, 3) >> 4 & 3;
    const bool has_payload = (control & 1) != 0;
    if (damaged || scrambled || !has_payload) return;
    std::size_t begin = 4;
    bool jump = false;
    if ((control & 2) != 0) {
        const auto size = static_cast<std::size_t>(number8(bytes, 4));
        begin = 5 + size;
        if (begin >= kPacketSize) return;
        jump = size > 0 && (number8(bytes, 5) & 0x80) != 0;
    }
    const Packet packet{pid_at(bytes, 1), (number8(bytes, 1) & 0x40) != 0, jump,
                        number8(bytes, 3) & 0xF, bytes.subspan(begin)};
    if (packet.pid == kPatPid) return take_section(programmes_, packet);
    if (packet.pid == map_pid_) return take_section(map_, packet);
    if (packet.pid == video_.track.pid) return take_payload(video_, packet);
    if (packet.pid == audio_.track.pid) return take_payload(audio_, packet);
}

void TsReader::take_section(Section& section, const Packet& packet) {
    const int before = std::exchange(section.counter, packet.counter);
    if (before == packet.counter) return;  // sent twice
    if (before >= 0 && packet.counter != ((before + 1) & 0xF)) section.open = false;
    if (!packet.begins) return append(section, packet.payload);
    const auto pointer = static_cast<std::size_t>(number8(packet.payload, 0));
    const auto payload = packet.payload.subspan(1);
    if (pointer > payload.size()) {
        section.open = false;
        return;
    }
    if (pointer > 0) append(section, payload.first(pointer));
    section.bytes.clear();
    section.open = true;
    append(section, payload.subspan(pointer));
}

void TsReader::append(Section& section, std::span<const std::byte> bytes) {
    if (!section.open) return;
    section.bytes.insert(section.bytes.end(), bytes.begin(), bytes.end());
    constexpr std::byte kStuffing{0xFF};
    while (section.bytes.size() >= 3 && section.bytes.front() != kStuffing) {
        const std::size_t size = 3 + length_at(section.bytes, 1);
        if (size > kMaxSection) break;
        if (section.bytes.size() < size) return;
        // A copy, because what it says may reset the section.
        const std::vector<std::byte> table(
            section.bytes.begin(), section.bytes.begin() + static_cast<std::ptrdiff_t>(size));
        section.bytes.erase(section.bytes.begin(),
                            section.bytes.begin() + static_cast<std::ptrdiff_t>(size));
        take_table(table);
        if (!section.open) return;
    }
    const bool more =
        section.bytes.size() < 3 && (section.bytes.empty() || section.bytes.front() != kStuffing);
    if (!more) section.open = false;
}

void TsReader::take_table(std::span<const std::byte> table) {
    const bool current = table.size() > 5 && (number8(table, 5) & 1) != 0;
    if (!current || table.size() < kTableHeader + kCrc || crc32(table) != 0) return;
    if (number8(table, 0) == 0x00) return take_programmes(table);
    if (number8(table, 0) == 0x02) return take_programme(table);
}

// program_association_section (2.4.4.3)
void TsReader::take_programmes(std::span<const std::byte> table) {
    auto list = table.subspan(kTableHeader, table.size() - kTableHeader - kCrc);
    std::string numbers;
    for (; list.size() >= 4; list = list.subspan(4)) {
        const int number = number16(list, 0);
        if (number == 0) continue;  // the network's own
        if (select_.programme == 0 || number == select_.programme) {
            const int pid = pid_at(list, 2);
            if (number == programme_ && pid == map_pid_) return;
            programme_ = number;
            map_pid_ = pid;
            map_ = {};
            last_map_.clear();
            return;
        }
        numbers += (numbers.empty() ? "" : ", ") + std::to_string(number);
    }
    const bool whole = number8(table, 6) == 0 && number8(table, 7) == 0;
    if (select_.programme == 0 || !whole) return;
    fail(ErrorCode::not_found, "it has no programme " + std::to_string(select_.programme) +
                                   (numbers.empty() ? "" : ", it has " + numbers));
}

bool TsReader::prefers(const Candidate& candidate) const {
    const TsTrack& track = candidate.track;
    if (track.kind == UnitKind::video) {
        return select_.video_pid == 0 || track.pid == select_.video_pid;
    }
    if (select_.audio_pid != 0) return track.pid == select_.audio_pid;
    return select_.audio_language.empty() ||
           has_language(candidate.descriptors, select_.audio_language);
}

// TS_program_map_section (2.4.4.8)
void TsReader::take_programme(std::span<const std::byte> table) {
    if (number16(table, 3) != programme_ || std::ranges::equal(table, last_map_)) return;
    last_map_.assign(table.begin(), table.end());
    auto list = table.subspan(kTableHeader, table.size() - kTableHeader - kCrc);
    if (list.size() < 4 || 4 + length_at(list, 2) > list.size()) return;
    list = list.subspan(4 + length_at(list, 2));
    std::optional<TsTrack> video;
    std::optional<TsTrack> audio;
    while (list.size() >= 5) {
        const std::size_t size = length_at(list, 3);
        if (5 + size > list.size()) break;
        const auto descriptors = list.subspan(5, size);
        if (const auto codec = codec_of(number8(list, 0), descriptors)) {
            const Candidate candidate{{kind_of(*codec), *codec, pid_at(list, 1)}, descriptors};
            auto& track = candidate.track.kind == UnitKind::video ? video : audio;
            if (!track && prefers(candidate)) track = candidate.track;
        }
        list = list.subspan(5 + size);
    }
    if (!video && !audio) {
        return fail(ErrorCode::unsupported, "programme " + std::to_string(programme_) +
                                                " has neither video nor audio that is selected "
                                                "and known");
    }
    choose(video_, video);
    choose(audio_, audio);
}

void TsReader::choose(Stream& stream, const std::optional<TsTrack>& track) {
    if (track && *track == stream.track) return;
    finish(stream);
    const UnitKind kind = stream.track.kind;
    stream = {};
    stream.track.kind = kind;
    if (!track) return;
    stream.track = *track;
    events_.track(*track);
}

void TsReader::take_payload(Stream& stream, const Packet& packet) {
    const int before = std::exchange(stream.counter, packet.counter);
    if (before == packet.counter && !packet.jump) return;  // sent twice
    if (before >= 0 && packet.counter != ((before + 1) & 0xF) && !packet.jump) {
        stream.open = false;  // half a picture is worse than none
        stream.lost = true;
    }
    if (packet.begins) {
        finish(stream);
        stream.packet.clear();
        stream.open = true;
    }
    if (!stream.open) return;
    if (stream.packet.size() + packet.payload.size() > kMaxUnit) {
        stream.open = false;
        stream.lost = true;
        return;
    }
    stream.packet.insert(stream.packet.end(), packet.payload.begin(), packet.payload.end());
    if (stream.packet.size() < 6) return;
    // Zero for video whose length nobody knew when it began.
    const auto size = static_cast<std::size_t>(number16(stream.packet, 4));
    if (size > 0 && stream.packet.size() >= 6 + size) {
        stream.packet.resize(6 + size);
        finish(stream);
    }
}

// PES_packet (2.4.3.6)
void TsReader::finish(Stream& stream) {
    if (!std::exchange(stream.open, false)) return;
    const std::span<const std::byte> packet = stream.packet;
    if (packet.size() < 9 || number16(packet, 0) != 0 || number8(packet, 2) != 1) return;
    if ((number8(packet, 6) & 0xC0) != 0x80) return;
    const std::size_t begin = 9 + static_cast<std::size_t>(number8(packet, 8));
    if (begin >= packet.size()) return;
    TsUnit unit{.kind = stream.track.kind,
                .lost_before = std::exchange(stream.lost, false),
                .payload = packet.subspan(begin)};
    const int times = number8(packet, 7) >> 6;
    const bool has_pts = times >= 2 && begin >= 14;
    const bool has_dts = times == 3 && begin >= 19;
    // In this order: the decoding times are those that go up.
    if (has_pts) unit.dts = unwrap(time_at(packet, has_dts ? 14 : 9));
    if (has_pts) unit.pts = has_dts ? unwrap(time_at(packet, 9)) : unit.dts;
    if (has_pts) last_time_ = unit.dts;
    events_.unit(unit);
}

void TsReader::finish() {
    finish(video_);
    finish(audio_);
}

// Next to the last decoding time, of whatever stream: audio and video share one line.
std::int64_t TsReader::unwrap(std::int64_t time) {
    if (!last_time_) return time + kClock;  // room for what lies before
    const std::int64_t step = (time - *last_time_) & (kClock - 1);
    const std::int64_t result = *last_time_ + (step < kClock / 2 ? step : step - kClock);
    return result < 0 ? result + kClock : result;
}

void TsReader::fail(ErrorCode code, std::string message) {
    if (!error_) error_ = Error{code, std::move(message)};
}

}  // namespace weir::ingest
