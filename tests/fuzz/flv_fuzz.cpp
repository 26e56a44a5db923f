// SPDX-License-Identifier: MIT
// libFuzzer entry: any bytes may come from an RTMP server, in any pieces. The first byte of the
// input is the size of the pieces; the units are the same as when all comes at once.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <tuple>
#include <vector>

#include "ingest/flv.hpp"

namespace {

using Unit = std::tuple<weir::ingest::FlvUnit::Kind, weir::ingest::FlvCodec, bool, std::int64_t,
                        std::int32_t, std::vector<std::byte>>;

struct Reading {
    std::vector<Unit> units;
    bool failed = false;
};

Reading read(std::span<const std::byte> bytes, std::size_t step) {
    Reading reading;
    weir::ingest::FlvReader reader([&](const weir::ingest::FlvUnit& unit) {
        if (unit.payload.empty() || unit.dts_ms < 0 || unit.dts_ms > 0xFFFFFFFF) std::abort();
        reading.units.emplace_back(unit.kind, unit.codec, unit.keyframe, unit.dts_ms,
                                   unit.composition_ms,
                                   std::vector(unit.payload.begin(), unit.payload.end()));
    });
    while (!bytes.empty() && !reading.failed) {
        const auto size = std::min(step, bytes.size());
        reading.failed = !reader.push(bytes.first(size));
        bytes = bytes.subspan(size);
    }
    return reading;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
    const Reading whole = read(bytes, bytes.size());
    const Reading pieces = read(bytes, std::size_t{data[0]} + 1);
    if (whole.failed != pieces.failed || whole.units != pieces.units) std::abort();
    return 0;
}
