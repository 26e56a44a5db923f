// SPDX-License-Identifier: MIT
// Writes an MPEG transport stream (ISO/IEC 13818-1) of one programme, H.264 and AAC, as the access
// units come: program tables, PES packets, clock references. Whatever the units hold is carried or
// refused; nothing is believed. Continuity counters go on from one segment to the next.
// Threads: one thread at a time; no I/O, no clock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <weir/bytes.hpp>
#include <weir/result.hpp>

#include "media/parameter_sets.hpp"

namespace weir::segment {

// Times in ticks of 90 kHz; the stream carries them modulo 2^33.
using Ticks = std::int64_t;

struct TsVideoFormat {
    int nal_length_size = 0;        // 0: the units are an Annex B byte stream
    std::vector<std::byte> prefix;  // parameter sets, Annex B, for keyframes that have none
};

struct TsAudioFormat {
    std::optional<media::AdtsFormat> adts;  // of raw frames; nothing: the frames have a header
    int sample_rate = 0;                    // for frames in one PES packet: how long each lasts
};

// Bytes that grow, and are neither cleared before they are written nor copied to be given away.
class TsBuffer {
public:
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::span<const std::byte> bytes() const { return {data_.get(), size_}; }
    // Room for `size` bytes more, to be filled by the caller.
    std::byte* grow(std::size_t size);
    // The first `size` bytes; the rest stays.
    Bytes take_front(std::size_t size);

private:
    void reserve(std::size_t capacity);

    std::shared_ptr<std::byte[]> data_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
    std::size_t expected_ = 256 * 1024;  // of the next one: a little more than the last
};

class TsWriter {
public:
    // What the stream consists of from the next begin_segment() on. The reference to the clock is
    // in the video, or in the audio where there is none.
    void set_tracks(bool video, bool audio);
    void set_video_format(TsVideoFormat format) { video_format_ = std::move(format); }
    void set_audio_format(const TsAudioFormat& format);

    // The program tables: a segment, or what can become one, begins.
    void begin_segment();

    // One access unit, as the format says. An access unit delimiter comes before each, and the
    // parameter sets before a keyframe that lacks them. Requires: dts <= pts.
    // Errors: corrupt, with nothing written: the unit is empty or not what it should be.
    Result<void> write_video(std::span<const std::byte> unit, bool keyframe, Ticks pts, Ticks dts);

    // One AAC frame. Frames that follow each other closely share a PES packet, which is written
    // when it is long enough, or by flush_audio(). Errors: corrupt, as above.
    Result<void> write_audio(std::span<const std::byte> frame, Ticks pts);
    void flush_audio();

    // Bytes of finished packets.
    [[nodiscard]] std::size_t size() const { return buffer_.size(); }

    // The bytes so far, or the first `size` of them, which must be what size() once said.
    Bytes take();
    Bytes take(std::size_t size) { return buffer_.take_front(size); }

    static constexpr int kPacket = 188;

private:
    struct Pid {
        int number = 0;
        unsigned counter = 0;
    };
    struct PesHeader {
        Pid* pid = nullptr;
        std::uint8_t stream_id = 0;
        bool random_access = false;
        std::optional<Ticks> reference;
        Ticks pts = 0;
        Ticks dts = 0;
    };

    Result<void> split_lengths(std::span<const std::byte> unit, bool keyframe);
    Result<void> split_byte_stream(std::span<const std::byte> unit, bool keyframe);
    void add_piece(std::span<const std::byte> bytes);
    void add_delimiter();
    void add_prefix();
    void write_table(Pid& pid, std::span<const std::byte> section);
    void write_reference(Ticks dts);
    void write_pes(const PesHeader& header);
    std::byte* begin_packet(Pid& pid, bool start, std::size_t adaptation);
    [[nodiscard]] bool reference_due(Ticks dts) const;
    Ticks next_reference(Ticks dts);

    TsVideoFormat video_format_;
    TsAudioFormat audio_format_;
    bool has_video_ = false;
    bool has_audio_ = false;
    unsigned version_ = 0;  // of the programme map
    bool tables_written_ = false;
    Pid pat_{.number = 0};
    Pid pmt_{.number = 0x1000};
    Pid video_{.number = 0x100};
    Pid audio_{.number = 0x101};
    std::optional<Ticks> last_reference_;
    TsBuffer buffer_;
    std::vector<std::span<const std::byte>> pieces_;  // of the unit that is being written
    std::size_t pieces_size_ = 0;
    std::vector<std::byte> frames_;  // audio that waits
    Ticks frames_pts_ = 0;
    std::int64_t frames_count_ = 0;
};

}  // namespace weir::segment
