// SPDX-License-Identifier: MIT
// libFuzzer entry: any bytes may come from an RTMP client, in any pieces. The first byte says the
// size of the pieces and whether the input has a say in the handshake: its version, and where it is
// cut in two. The 3 kB of the handshake itself mean nothing, and would only slow the search. The
// media is the same as when all comes at once, and what is answered stays in proportion to what
// came.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <tuple>
#include <vector>

#include "ingest/rtmp_session.hpp"

namespace {

using Bytes = std::span<const std::byte>;
using Unit = std::tuple<weir::ingest::FlvUnit::Kind, weir::ingest::FlvCodec, bool, std::int64_t,
                        std::int32_t, std::vector<std::byte>>;

struct Talk {
    std::vector<Unit> units;
    std::vector<std::string> targets;
    std::size_t answered = 0;
    bool failed = false;
};

constexpr std::size_t kHandshakeBytes = 1 + 2 * 1536;

struct Handshake {
    std::byte version{3};
    std::size_t cut = 0;
};

bool greet(weir::ingest::RtmpSession& session, Handshake handshake) {
    std::array<std::byte, kHandshakeBytes> bytes{};
    bytes[0] = handshake.version;
    const Bytes all(bytes);
    return session.push(all.first(handshake.cut)) && session.push(all.subspan(handshake.cut));
}

Talk talk(Bytes bytes, std::size_t step, Handshake handshake) {
    Talk result;
    bool publishing = false;
    weir::ingest::RtmpSession session(
        {[](const std::string&) { return weir::Result<void>(); },
         [&](const weir::ingest::RtmpTarget& target) -> weir::Result<void> {
             if (publishing) std::abort();
             result.targets.push_back(target.app + ' ' + target.stream_key + ' ' + target.query);
             if (target.stream_key == "no") {
                 return weir::Error{weir::ErrorCode::unauthorized, "no"};
             }
             publishing = true;
             return {};
         },
         [&](const weir::ingest::FlvUnit& unit) {
             if (!publishing || unit.payload.empty()) std::abort();
             result.units.emplace_back(unit.kind, unit.codec, unit.keyframe, unit.dts_ms,
                                       unit.composition_ms,
                                       std::vector(unit.payload.begin(), unit.payload.end()));
         },
         [&] {
             if (!publishing) std::abort();
             publishing = false;
         }});
    result.failed = !greet(session, handshake);
    if (result.failed != (handshake.version != std::byte{3})) std::abort();
    (void)session.take_output();
    while (!bytes.empty() && !result.failed) {
        const auto size = std::min(step, bytes.size());
        result.failed = !session.push(bytes.first(size));
        result.answered += session.take_output().size();
        if (session.publishing() != publishing) std::abort();
        bytes = bytes.subspan(size);
    }
    return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    Bytes bytes = std::as_bytes(std::span(data + 1, size - 1));
    Handshake handshake;
    if ((data[0] & 1) == 0 && bytes.size() >= 3) {
        handshake = {bytes[0], (data[2] * 256U + data[3]) % (kHandshakeBytes + 1)};
        bytes = bytes.subspan(3);
    }
    const Talk whole = talk(bytes, bytes.size(), {.version = handshake.version});
    const Talk pieces = talk(bytes, std::size_t{data[0]} / 2 + 1, handshake);
    if (whole.failed != pieces.failed || whole.units != pieces.units ||
        whole.targets != pieces.targets) {
        std::abort();
    }
    // The largest answer is a status of some hundred bytes for a command of twenty.
    if (whole.answered > 8192 + 32 * bytes.size()) std::abort();
    return 0;
}
