// SPDX-License-Identifier: MIT
// Reads MPEG transport streams (ISO/IEC 13818-1) as a strict receiver: one programme, an H.264 and
// perhaps an AAC stream. Knows nothing of the writer. Keeps the continuity counters from one file
// to the next. Threads: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace weir::test {

struct TsUnit {
    int pid = 0;
    bool random_access = false;
    std::int64_t pts = -1;  // 90 kHz, 33 bits
    std::int64_t dts = -1;  // as pts where it is not given
    std::vector<std::uint8_t> payload;
};

struct TsFile {
    std::vector<int> pids;  // of the packets, in their order
    std::vector<TsUnit> units;
    int video_pid = -1;
    int audio_pid = -1;
    int continuity_errors = 0;
    std::vector<std::int64_t> clock_references;  // 90 kHz

    [[nodiscard]] std::vector<TsUnit> of(int pid) const {
        std::vector<TsUnit> result;
        for (const auto& unit : units) {
            if (unit.pid == pid) result.push_back(unit);
        }
        return result;
    }
    [[nodiscard]] std::vector<TsUnit> video() const { return of(video_pid); }
    [[nodiscard]] std::vector<TsUnit> audio() const { return of(audio_pid); }
};

// The types of the NAL units of an Annex B access unit, in their order.
inline std::vector<int> nal_types(std::span<const std::uint8_t> unit) {
    std::vector<int> types;
    for (std::size_t i = 0; i + 3 < unit.size(); ++i) {
        if (unit[i] == 0 && unit[i + 1] == 0 && unit[i + 2] == 1)
            types.push_back(unit[i + 3] & 0x1F);
    }
    return types;
}

class TsReader {
public:
    // Throws std::runtime_error when it is no transport stream.
    TsFile read(std::span<const std::byte> bytes) {
        if (bytes.size() % kPacket != 0) fail("not a whole number of packets");
        TsFile file;
        open_.clear();
        for (std::size_t at = 0; at < bytes.size(); at += kPacket) {
            std::vector<std::uint8_t> packet(kPacket);
            std::memcpy(packet.data(), bytes.subspan(at, kPacket).data(), kPacket);
            read_packet(packet, file);
        }
        return file;
    }

private:
    using Octets = std::span<const std::uint8_t>;
    static constexpr std::size_t kPacket = 188;

    [[noreturn]] static void fail(const std::string& what) {
        throw std::runtime_error("transport stream: " + what);
    }

    void read_packet(Octets packet, TsFile& file) {
        if (packet[0] != 0x47) fail("no sync byte");
        const bool start = (packet[1] & 0x40) != 0;
        const int pid = (packet[1] & 0x1F) << 8 | packet[2];
        const bool has_payload = (packet[3] & 0x10) != 0;
        file.pids.push_back(pid);
        check_continuity(pid, packet[3] & 0x0F, has_payload, file);
        std::size_t at = 4;
        bool random_access = false;
        if ((packet[3] & 0x20) != 0) {
            const std::size_t length = packet[4];
            if (length > 0) {
                random_access = (packet[5] & 0x40) != 0;
                if ((packet[5] & 0x10) != 0)
                    file.clock_references.push_back(read_reference(packet));
            }
            at += 1 + length;
        }
        if (at > kPacket) fail("an adaptation field is too long");
        if (!has_payload) return;
        const Octets payload = packet.subspan(at);
        if (pid == 0) {
            read_pat(payload);
        } else if (pid == pmt_pid_) {
            read_pmt(payload, file);
        } else if (start) {
            begin_unit(pid, random_access, payload, file);
        } else if (const auto open = open_.find(pid); open != open_.end()) {
            auto& unit = file.units[open->second].payload;
            unit.insert(unit.end(), payload.begin(), payload.end());
        } else {
            fail("a unit without its beginning");
        }
    }

    void check_continuity(int pid, int counter, bool has_payload, TsFile& file) {
        const auto last = counters_.find(pid);
        if (last != counters_.end() && has_payload && counter != ((last->second + 1) & 15)) {
            ++file.continuity_errors;
        }
        counters_[pid] = counter;
    }

    static std::int64_t read_reference(Octets packet) {
        std::int64_t base = 0;
        for (std::size_t i = 6; i < 10; ++i) base = base << 8 | packet[i];
        return base << 1 | packet[10] >> 7;
    }

    // 2.4.4.3, behind the pointer field.
    void read_pat(Octets payload) {
        const Octets table = payload.subspan(1U + payload[0]);
        pmt_pid_ = (table[10] & 0x1F) << 8 | table[11];
    }

    // 2.4.4.8
    void read_pmt(Octets payload, TsFile& file) {
        const Octets table = payload.subspan(1U + payload[0]);
        const std::size_t end = 3U + ((table[1] & 0x0FU) << 8 | table[2]) - 4U;
        std::size_t at = 12U + ((table[10] & 0x0FU) << 8 | table[11]);
        while (at + 5 <= end) {
            const int pid = (table[at + 1] & 0x1F) << 8 | table[at + 2];
            if (table[at] == 0x1B) file.video_pid = pid;
            if (table[at] == 0x0F) file.audio_pid = pid;
            at += 5U + ((table[at + 3] & 0x0FU) << 8 | table[at + 4]);
        }
    }

    // 2.4.3.6
    void begin_unit(int pid, bool random_access, Octets payload, TsFile& file) {
        if (payload.size() < 9 || payload[0] != 0 || payload[1] != 0 || payload[2] != 1) {
            fail("no PES header");
        }
        TsUnit unit{.pid = pid, .random_access = random_access, .payload = {}};
        if ((payload[7] & 0x80) != 0) unit.pts = unit.dts = read_time(payload.subspan(9));
        if ((payload[7] & 0x40) != 0) unit.dts = read_time(payload.subspan(14));
        const Octets data = payload.subspan(9U + payload[8]);
        unit.payload.assign(data.begin(), data.end());
        open_[pid] = file.units.size();
        file.units.push_back(std::move(unit));
    }

    static std::int64_t read_time(Octets at) {
        return (std::int64_t{at[0]} & 0x0E) << 29 | std::int64_t{at[1]} << 22 |
               (std::int64_t{at[2]} & 0xFE) << 14 | std::int64_t{at[3]} << 7 | at[4] >> 1;
    }

    int pmt_pid_ = -1;
    std::map<int, int> counters_;
    std::map<int, std::size_t> open_;
};

}  // namespace weir::test
