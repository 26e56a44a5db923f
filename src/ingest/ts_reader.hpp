// SPDX-License-Identifier: MIT
// Takes an MPEG transport stream (ISO/IEC 13818-1) apart: the access units of one programme's
// chosen video and audio, with times that do not wrap. A reader of our own because tsdemux (1.22)
// asserts on bytes from the network, in the host's process, and guesses times anew after a jump.
// Threads: one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <weir/ingest.hpp>
#include <weir/result.hpp>

#include "media/unit_sink.hpp"

namespace weir::ingest {

enum class TsCodec { h264, hevc, mpeg_video, aac_adts, aac_latm, mpeg_audio, ac3, eac3 };

// An elementary stream that was chosen.
struct TsTrack {
    media::UnitKind kind = media::UnitKind::video;
    TsCodec codec = TsCodec::h264;
    int pid = -1;

    friend bool operator==(const TsTrack&, const TsTrack&) = default;
};

// The payload of one PES packet.
struct TsUnit {
    media::UnitKind kind = media::UnitKind::video;
    std::optional<std::int64_t> pts;  // at 90 kHz, unwrapped, never negative
    std::optional<std::int64_t> dts;  // equal to `pts` when the packet does not say
    bool lost_before = false;         // packets are missing between this one and the last
    std::span<const std::byte> payload;
};

struct TsEvents {
    std::function<void(const TsTrack&)> track;  // what follows of its kind is this one
    std::function<void(const TsUnit&)> unit;
};

class TsReader {
public:
    TsReader(TsSelection select, TsEvents events);

    // Any piece of the stream. Errors: corrupt: it is no transport stream; not_found: it has no
    // such programme; unsupported: nothing in the programme is wanted or known.
    Result<void> push(std::span<const std::byte> bytes);
    // Nothing follows: what is not bounded by a next packet comes out.
    void finish();

private:
    // A table's section as it comes together from packets.
    struct Section {
        std::vector<std::byte> bytes;
        bool open = false;
        int counter = -1;
    };
    struct Stream {
        TsTrack track;
        std::vector<std::byte> packet;  // PES
        bool open = false;
        bool lost = false;
        int counter = -1;  // continuity_counter of the last packet
    };
    struct Packet {
        int pid;
        bool begins;  // payload_unit_start_indicator
        bool jump;    // discontinuity_indicator
        int counter;
        std::span<const std::byte> payload;
    };
    struct Candidate;

    std::span<const std::byte> take_packets(std::span<const std::byte> bytes);
    void take_packet(std::span<const std::byte> packet);
    void take_section(Section& section, const Packet& packet);
    void append(Section& section, std::span<const std::byte> bytes);
    void take_table(std::span<const std::byte> table);
    void take_programmes(std::span<const std::byte> table);
    void take_programme(std::span<const std::byte> table);
    [[nodiscard]] bool prefers(const Candidate& candidate) const;
    void choose(Stream& stream, const std::optional<TsTrack>& track);
    void take_payload(Stream& stream, const Packet& packet);
    void finish(Stream& stream);
    std::int64_t unwrap(std::int64_t time);
    void fail(ErrorCode code, std::string message);

    const TsSelection select_;
    const TsEvents events_;
    std::optional<Error> error_;
    std::vector<std::byte> rest_;  // of the last piece: less than a packet and a sync byte
    bool in_sync_ = false;
    std::size_t skipped_ = 0;  // bytes since the last packet
    int programme_ = -1;
    int map_pid_ = -1;  // of the programme's map
    Section programmes_;
    Section map_;
    std::vector<std::byte> last_map_;  // repeated many times a second
    Stream video_;
    Stream audio_;
    std::optional<std::int64_t> last_time_;
};

}  // namespace weir::ingest
