// SPDX-License-Identifier: MIT
// libFuzzer entry: any bytes may come by SRT, RTP or UDP, in any pieces. The first byte of the
// input is the size of the pieces, the second one what is selected; the units are the same as when
// all comes at once.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

#include "ingest/ts_reader.hpp"

namespace {

using weir::ingest::TsReader;
using Unit = std::tuple<weir::media::UnitKind, std::optional<std::int64_t>,
                        std::optional<std::int64_t>, bool, std::vector<std::byte>>;

struct Reading {
    std::vector<Unit> units;
    std::vector<weir::ingest::TsTrack> tracks;
    bool failed = false;
};

weir::TsSelection selection(unsigned choice) {
    weir::TsSelection select;
    if ((choice & 1) != 0) select.programme = 1;
    if ((choice & 2) != 0) select.audio_pid = 0x101;
    if ((choice & 4) != 0) select.audio_language = "eng";
    return select;
}

std::uint32_t crc32(std::span<const std::byte> bytes) {
    std::uint32_t crc = 0xFFFFFFFF;
    for (const std::byte byte : bytes) {
        crc ^= std::to_integer<std::uint32_t>(byte) << 24;
        for (int i = 0; i < 8; ++i) crc = (crc >> 31) != 0 ? crc << 1 ^ 0x04C11DB7 : crc << 1;
    }
    return crc;
}

// A packet with a table whose length and CRC are right, as a mutation's hardly ever are.
void add_table(std::vector<std::byte>& stream, int pid, int id, std::span<const std::byte> body) {
    const auto byte = [](std::size_t value) { return static_cast<std::byte>(value & 0xFF); };
    const std::size_t size = body.size() + 9;
    std::vector<std::byte> table{byte(static_cast<std::size_t>(id)),
                                 byte(0xB0 | size >> 8),
                                 byte(size),
                                 byte(0),
                                 byte(1),
                                 byte(0xC1),
                                 byte(0),
                                 byte(0)};
    table.insert(table.end(), body.begin(), body.end());
    const auto crc = crc32(table);
    for (const int shift : {24, 16, 8, 0}) table.push_back(byte(crc >> shift));
    stream.insert(stream.end(), {byte(0x47), byte(static_cast<std::size_t>(0x40 | pid >> 8)),
                                 byte(static_cast<std::size_t>(pid)), byte(0x10), byte(0)});
    stream.insert(stream.end(), table.begin(), table.end());
    stream.resize((stream.size() + 187) / 188 * 188, std::byte{0xFF});
}

// The first bytes as the map of programme 1, what follows as it is.
std::vector<std::byte> with_tables(std::span<const std::byte> bytes) {
    constexpr std::byte kPat[] = {std::byte{0}, std::byte{1}, std::byte{0xE0}, std::byte{0x30}};
    std::vector<std::byte> stream;
    add_table(stream, 0, 0, kPat);
    const auto body = bytes.first(std::min<std::size_t>(bytes.size(), 160));
    add_table(stream, 0x30, 2, body);
    const auto rest = bytes.subspan(body.size());
    stream.insert(stream.end(), rest.begin(), rest.end());
    return stream;
}

Reading read(std::span<const std::byte> bytes, std::size_t step, unsigned choice) {
    Reading reading;
    TsReader reader(
        selection(choice),
        {[&](const weir::ingest::TsTrack& track) { reading.tracks.push_back(track); },
         [&](const weir::ingest::TsUnit& unit) {
             if (unit.payload.empty() || unit.pts.value_or(0) < 0 || unit.dts.value_or(0) < 0 ||
                 unit.pts.has_value() != unit.dts.has_value()) {
                 std::abort();
             }
             reading.units.emplace_back(unit.kind, unit.pts, unit.dts, unit.lost_before,
                                        std::vector(unit.payload.begin(), unit.payload.end()));
         }});
    while (!bytes.empty() && !reading.failed) {
        const auto size = std::min(step, bytes.size());
        reading.failed = !reader.push(bytes.first(size));
        bytes = bytes.subspan(size);
    }
    reader.finish();
    return reading;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 3) return 0;
    const auto given = std::as_bytes(std::span(data + 2, size - 2));
    const std::vector<std::byte> tables =
        (data[1] & 8) != 0 ? with_tables(given) : std::vector<std::byte>();
    const std::span<const std::byte> bytes = tables.empty() ? given : tables;
    const Reading whole = read(bytes, bytes.size(), data[1]);
    const Reading pieces = read(bytes, std::size_t{data[0]} + 1, data[1]);
    if (whole.failed != pieces.failed || whole.tracks != pieces.tracks ||
        whole.units != pieces.units) {
        std::abort();
    }
    return 0;
}
