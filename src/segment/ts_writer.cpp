// SPDX-License-Identifier: MIT
#include "segment/ts_writer.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <gsl/gsl>

#include "media/codecs.hpp"

namespace weir::segment {

namespace {

using Octets = std::span<const std::byte>;

constexpr std::size_t kPacketSize = TsWriter::kPacket;
constexpr std::size_t kHeader = 4;
constexpr std::size_t kPayload = kPacketSize - kHeader;
constexpr Ticks kTimeMask = (Ticks{1} << 33) - 1;
constexpr Ticks kTicks = 90'000;  // a second

// How far the clock reference runs before the decoding times: what a receiver may buffer. Segments
// are read as files, so all that matters is that no unit comes too late.
constexpr Ticks kReferenceLead = kTicks / 5;
// ISO/IEC 13818-1 2.7.2 asks for a reference every 100 ms.
constexpr Ticks kReferenceInterval = kTicks * 8 / 100;

// Audio frames share a PES packet (a header of 14 bytes, and half a packet of stuffing) for so
// long, as long as each is where the one before ends. FLV's times are rounded to milliseconds.
constexpr Ticks kAudioPacket = kTicks / 8;
constexpr std::size_t kAudioPacketBytes = 8 * 1024;
constexpr Ticks kAudioTolerance = kTicks * 2 / 1000;

// Two for each NAL unit; a picture of level 6.2 has at most 600 slices (ITU-T H.264 A.3.1).
constexpr std::size_t kMostPieces = 4096;

constexpr std::uint8_t kVideoStream = 0xE0;
constexpr std::uint8_t kAudioStream = 0xC0;

constexpr int kNalDelimiter = 9;
constexpr std::array kStartCode{std::byte{0}, std::byte{0}, std::byte{0}, std::byte{1}};
// Any slice type (ISO/IEC 14496-10 7.4.2.4).
constexpr std::array kDelimiter{std::byte{0}, std::byte{0}, std::byte{0},
                                std::byte{1}, std::byte{9}, std::byte{0xF0}};

std::byte octet(std::uint64_t value) {
    return static_cast<std::byte>(value & 0xFF);
}

int nal_type(Octets nal) {
    return std::to_integer<int>(nal.front() & std::byte{0x1F});
}

bool is_slice(int type) {
    return type >= 1 && type <= media::kNalIdr;
}

// ISO/IEC 13818-1 annex A.
std::uint32_t section_crc(Octets bytes) {
    std::uint32_t crc = 0xFFFFFFFF;
    for (const std::byte byte : bytes) {
        crc ^= std::to_integer<std::uint32_t>(byte) << 24;
        for (int i = 0; i < 8; ++i) crc = crc << 1 ^ ((crc & 0x80000000U) != 0 ? 0x04C11DB7U : 0);
    }
    return crc;
}

// A section: its header, `body` and the check sum (2.4.4).
std::vector<std::byte> make_section(unsigned table, unsigned id, unsigned version, Octets body) {
    const std::size_t length = 5 + body.size() + 4;
    std::vector<std::byte> section{
        octet(table), octet(0xB0 | length >> 8),  octet(length), octet(id >> 8),
        octet(id),    octet(0xC1 | version << 1), octet(0),      octet(0)};
    section.insert(section.end(), body.begin(), body.end());
    const std::uint32_t crc = section_crc(section);
    for (int shift = 24; shift >= 0; shift -= 8) section.push_back(octet(crc >> shift));
    return section;
}

void append_pid(std::vector<std::byte>& body, int pid) {
    body.push_back(octet(0xE0U | static_cast<unsigned>(pid) >> 8));
    body.push_back(octet(static_cast<unsigned>(pid)));
}

void append_stream(std::vector<std::byte>& body, unsigned type, int pid) {
    body.push_back(octet(type));
    append_pid(body, pid);
    body.push_back(octet(0xF0));  // no descriptors
    body.push_back(octet(0));
}

std::byte* put(std::byte* at, Octets bytes) {
    std::memcpy(at, bytes.data(), bytes.size());
    return at + bytes.size();
}

// 2.4.3.6: 33 bits with markers between.
std::byte* put_time(std::byte* at, unsigned prefix, Ticks time) {
    const auto value = static_cast<std::uint64_t>(time & kTimeMask);
    *at++ = octet(prefix << 4 | (value >> 29 & 0x0E) | 1);
    *at++ = octet(value >> 22);
    *at++ = octet((value >> 14 & 0xFE) | 1);
    *at++ = octet(value >> 7);
    *at++ = octet(value << 1 | 1);
    return at;
}

// 2.4.3.4: flags, and the reference when there is one, behind the length byte.
std::byte* put_adaptation(std::byte* at, bool random_access, std::optional<Ticks> reference) {
    *at++ = octet((random_access ? 0x40U : 0U) | (reference ? 0x10U : 0U));
    if (!reference) return at;
    const auto base = static_cast<std::uint64_t>(*reference & kTimeMask);
    for (int shift = 25; shift >= 1; shift -= 8) *at++ = octet(base >> shift);
    *at++ = octet(base << 7 | 0x7E);  // no extension
    *at++ = octet(0);
    return at;
}

// Where the start code prefix 00 00 01 at or after `from` begins; the size when there is none.
std::size_t find_prefix(Octets bytes, std::size_t from) {
    for (std::size_t at = from; at + 3 <= bytes.size();) {
        const auto third = std::to_integer<unsigned>(bytes[at + 2]);
        if (third > 1) {
            at += 3;
        } else if (third == 1 && bytes[at] == std::byte{0} && bytes[at + 1] == std::byte{0}) {
            return at;
        } else {
            ++at;
        }
    }
    return bytes.size();
}

const Error& corrupt_unit() {
    static const Error error{ErrorCode::corrupt, "access unit"};
    return error;
}

}  // namespace

std::byte* TsBuffer::grow(std::size_t size) {
    if (size_ + size > capacity_) reserve(std::max(size_ + size, capacity_ + capacity_ / 2));
    std::byte* const at = data_.get() + size_;
    size_ += size;
    return at;
}

void TsBuffer::reserve(std::size_t capacity) {
    capacity_ = std::max(capacity, expected_);
    auto data = std::make_shared_for_overwrite<std::byte[]>(capacity_);
    if (size_ > 0) std::memcpy(data.get(), data_.get(), size_);
    data_ = std::move(data);
}

Bytes TsBuffer::take_front(std::size_t size) {
    Expects(size <= size_);
    const auto data = std::exchange(data_, nullptr);
    const std::size_t rest = std::exchange(size_, 0) - size;
    capacity_ = 0;
    expected_ = std::max<std::size_t>(size + size / 8, 64 * 1024);
    if (rest > 0) std::memcpy(grow(rest), data.get() + size, rest);
    return Bytes::share(data, {data.get(), size});
}

void TsWriter::set_tracks(bool video, bool audio) {
    if (tables_written_ && (video != has_video_ || audio != has_audio_)) {
        version_ = (version_ + 1) % 32;
    }
    flush_audio();
    has_video_ = video;
    has_audio_ = audio;
    last_reference_.reset();
}

void TsWriter::set_audio_format(const TsAudioFormat& format) {
    flush_audio();
    audio_format_ = format;
}

void TsWriter::begin_segment() {
    flush_audio();
    std::vector<std::byte> body{octet(0), octet(1)};  // programme 1
    append_pid(body, pmt_.number);
    write_table(pat_, make_section(0, 1, 0, body));
    body.clear();
    append_pid(body, has_video_ ? video_.number : audio_.number);
    body.push_back(octet(0xF0));
    body.push_back(octet(0));
    if (has_video_) append_stream(body, 0x1B, video_.number);
    if (has_audio_) append_stream(body, 0x0F, audio_.number);
    write_table(pmt_, make_section(2, 1, version_, body));
    tables_written_ = true;
    last_reference_.reset();
}

void TsWriter::write_table(Pid& pid, Octets section) {
    std::byte* at = begin_packet(pid, true, 0);
    std::byte* const end = at + kPayload;
    *at++ = octet(0);  // pointer_field
    at = put(at, section);
    std::fill(at, end, std::byte{0xFF});
}

// The header of a packet whose adaptation field, length byte included, has that size; what follows
// is to be filled by the caller, to the packet's end.
std::byte* TsWriter::begin_packet(Pid& pid, bool start, std::size_t adaptation) {
    std::byte* at = buffer_.grow(kPacketSize);
    const bool has_payload = adaptation < kPayload;
    const auto number = static_cast<unsigned>(pid.number);
    *at++ = octet(0x47);
    *at++ = octet((start ? 0x40U : 0U) | number >> 8);
    *at++ = octet(number);
    *at++ = octet((adaptation > 0 ? 0x20U : 0U) | (has_payload ? 0x10U : 0U) | pid.counter);
    if (has_payload) pid.counter = (pid.counter + 1) & 15;
    return at;
}

Result<void> TsWriter::write_video(Octets unit, bool keyframe, Ticks pts, Ticks dts) {
    Expects(dts <= pts);
    pieces_.clear();
    pieces_size_ = 0;
    auto split = video_format_.nal_length_size > 0 ? split_lengths(unit, keyframe)
                                                   : split_byte_stream(unit, keyframe);
    if (!split) return split;
    write_pes({.pid = &video_,
               .stream_id = kVideoStream,
               .random_access = keyframe,
               .reference = next_reference(dts),
               .pts = pts,
               .dts = dts});
    return {};
}

void TsWriter::add_piece(Octets bytes) {
    pieces_.push_back(bytes);
    pieces_size_ += bytes.size();
}

void TsWriter::add_delimiter() {
    add_piece(kDelimiter);
}

void TsWriter::add_prefix() {
    if (!video_format_.prefix.empty()) add_piece(video_format_.prefix);
}

// ISO/IEC 14496-15 5.3.4.2: each NAL unit behind its length.
Result<void> TsWriter::split_lengths(Octets unit, bool keyframe) {
    const auto length_size = static_cast<std::size_t>(video_format_.nal_length_size);
    add_delimiter();
    bool has_sets = !keyframe;
    bool has_slice = false;
    while (!unit.empty()) {
        if (unit.size() < length_size) return corrupt_unit();
        std::size_t length = 0;
        for (const std::byte b : unit.first(length_size)) {
            length = length << 8 | std::to_integer<std::size_t>(b);
        }
        unit = unit.subspan(length_size);
        if (length > unit.size()) return corrupt_unit();
        if (pieces_.size() > kMostPieces) return corrupt_unit();
        const Octets nal = unit.first(length);
        unit = unit.subspan(length);
        if (nal.empty() || nal_type(nal) == kNalDelimiter) continue;
        const int type = nal_type(nal);
        // Only ahead of the picture may they come; a supplement before them may stay there.
        if (type == media::kNalSps) has_sets = true;
        if (is_slice(type) && !has_slice) {
            has_slice = true;
            if (!has_sets) add_prefix();
        }
        add_piece(kStartCode);
        add_piece(nal);
    }
    return has_slice ? Result<void>{} : corrupt_unit();
}

// Annex B: looked through as far as the first slice only; the rest is as it is.
Result<void> TsWriter::split_byte_stream(Octets unit, bool keyframe) {
    add_delimiter();
    bool has_sets = !keyframe;
    std::size_t start = find_prefix(unit, 0);
    while (start + 3 < unit.size()) {
        const int type = nal_type(unit.subspan(start + 3));
        if (type == media::kNalSps) has_sets = true;
        if (is_slice(type)) {
            if (!has_sets) add_prefix();
            add_piece(Octets(kStartCode).first(1));
            add_piece(unit.subspan(start));
            return {};
        }
        const std::size_t next = find_prefix(unit, start + 3);
        if (type != kNalDelimiter) {
            add_piece(Octets(kStartCode).first(1));
            add_piece(unit.subspan(start, next - start));
        }
        start = next;
    }
    return corrupt_unit();
}

// The pieces in as many packets as they need; the last is stuffed in its adaptation field.
void TsWriter::write_pes(const PesHeader& header) {
    const bool has_dts = header.dts != header.pts;
    const std::size_t times = has_dts ? 10 : 5;
    const std::size_t head = 9 + times;
    const std::size_t length = pieces_size_ + head - 6;
    // Flags behind the length byte are there for a reference or a random access point only.
    const std::size_t flags = header.reference ? 7 : header.random_access ? 1 : 0;
    std::size_t left = head + pieces_size_;
    std::size_t piece = 0;
    std::size_t offset = 0;
    for (bool first = true; left > 0; first = false) {
        std::size_t adaptation = first && flags > 0 ? flags + 1 : 0;
        adaptation = std::max(adaptation, left < kPayload ? kPayload - left : 0);
        std::byte* at = begin_packet(*header.pid, first, adaptation);
        std::byte* const end = at + kPayload;
        if (adaptation > 0) {
            std::byte* const payload = at + adaptation;
            *at++ = octet(adaptation - 1);
            if (adaptation > 1) {
                at = first ? put_adaptation(at, header.random_access, header.reference)
                           : put_adaptation(at, false, std::nullopt);
                std::fill(at, payload, std::byte{0xFF});
            }
            at = payload;
        }
        left -= static_cast<std::size_t>(end - at);
        if (first) {
            constexpr std::array kPrefix{std::byte{0}, std::byte{0}, std::byte{1}};
            at = put(at, kPrefix);
            *at++ = octet(header.stream_id);
            // Video may be longer than the field can say, which is then 0.
            const std::size_t said = length <= 0xFFFF ? length : 0;
            *at++ = octet(said >> 8);
            *at++ = octet(said);
            *at++ = octet(0x84);  // the unit begins here
            *at++ = octet(has_dts ? 0xC0 : 0x80);
            *at++ = octet(times);
            at = put_time(at, has_dts ? 3 : 2, header.pts);
            if (has_dts) at = put_time(at, 1, header.dts);
        }
        while (at < end) {
            const Octets rest = pieces_[piece].subspan(offset);
            const auto size = std::min(rest.size(), static_cast<std::size_t>(end - at));
            at = put(at, rest.first(size));
            offset += size;
            if (size == rest.size()) {
                ++piece;
                offset = 0;
            }
        }
    }
}

Result<void> TsWriter::write_audio(Octets frame, Ticks pts) {
    const bool raw = audio_format_.adts.has_value();
    const std::size_t header = raw ? media::kAdtsHeader : 0;
    if (frame.empty() || frame.size() + header > media::kLongestAdtsFrame) return corrupt_unit();
    if (!raw && !media::read_adts_format(frame)) return corrupt_unit();
    if (frames_count_ > 0) {
        const Ticks span = audio_format_.sample_rate > 0
                               ? frames_count_ * 1024 * kTicks / audio_format_.sample_rate
                               : 0;
        const Ticks error = pts - (frames_pts_ + span);
        const bool full = span >= kAudioPacket || frames_.size() + frame.size() > kAudioPacketBytes;
        if (full || error > kAudioTolerance || error < -kAudioTolerance) flush_audio();
    }
    if (frames_count_++ == 0) frames_pts_ = pts;
    if (raw) {
        const auto adts = media::adts_header(*audio_format_.adts, frame.size());
        frames_.insert(frames_.end(), adts.begin(), adts.end());
    }
    frames_.insert(frames_.end(), frame.begin(), frame.end());
    return {};
}

void TsWriter::flush_audio() {
    if (frames_count_ == 0) return;
    if (has_video_ && reference_due(frames_pts_)) write_reference(frames_pts_);
    pieces_.clear();
    pieces_size_ = 0;
    add_piece(frames_);
    std::optional<Ticks> reference;
    if (!has_video_) reference = next_reference(frames_pts_);
    write_pes({.pid = &audio_,
               .stream_id = kAudioStream,
               .random_access = true,
               .reference = reference,
               .pts = frames_pts_,
               .dts = frames_pts_});
    frames_.clear();
    frames_count_ = 0;
}

// While video is rare or away the audio keeps the clock going.
bool TsWriter::reference_due(Ticks dts) const {
    return !last_reference_ || dts - kReferenceLead > *last_reference_ + kReferenceInterval;
}

// The audio that kept it going may have been ahead of the video; it never goes back.
Ticks TsWriter::next_reference(Ticks dts) {
    const Ticks reference = dts - kReferenceLead;
    last_reference_ = std::max(last_reference_.value_or(reference), reference);
    return *last_reference_;
}

// A packet without payload, which does not count (2.4.3.3).
void TsWriter::write_reference(Ticks dts) {
    Pid pid{.number = video_.number, .counter = (video_.counter + 15) & 15};
    std::byte* at = begin_packet(pid, false, kPayload);
    std::byte* const end = at + kPayload;
    *at++ = octet(kPayload - 1);
    at = put_adaptation(at, false, next_reference(dts));
    std::fill(at, end, std::byte{0xFF});
}

Bytes TsWriter::take() {
    flush_audio();
    return buffer_.take_front(buffer_.size());
}

}  // namespace weir::segment
