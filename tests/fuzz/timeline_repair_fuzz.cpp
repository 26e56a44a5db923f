// SPDX-License-Identifier: MIT
// libFuzzer entry: a source may stamp its units with any numbers, and they may arrive at any time.
// The first byte chooses the wrap; then units of 1 + up to 3 * 8 bytes: what is there, and the
// numbers. Whatever they are, the line goes up and is never negative.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <span>

#include "media/timeline_repair.hpp"

namespace {

using weir::media::MediaTime;
using weir::media::TimelineRepair;
using weir::media::UnitKind;

class Bytes {
public:
    explicit Bytes(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

    [[nodiscard]] bool empty() const { return bytes_.empty(); }

    std::int64_t number(std::size_t width) {
        std::uint64_t value = 0;
        const auto size = std::min(width, bytes_.size());
        std::memcpy(&value, bytes_.data(), size);
        bytes_ = bytes_.subspan(size);
        return static_cast<std::int64_t>(value);
    }

private:
    std::span<const std::uint8_t> bytes_;
};

std::optional<weir::media::Wrap> wrap(std::int64_t choice) {
    switch (choice % 4) {
        case 1:
            return weir::media::kMpegWrap;
        case 2:
            return weir::media::kRtpWrap;
        case 3:
            return weir::media::kRtmpWrap;
        default:
            return std::nullopt;
    }
}

// Anything in 8 bytes, or a time of the usual kind in 4.
std::optional<MediaTime> stamp(Bytes& bytes, int form) {
    switch (form % 4) {
        case 1:
            return MediaTime(std::chrono::milliseconds(bytes.number(4)));
        case 2:
            return MediaTime(std::chrono::milliseconds(bytes.number(2)));
        case 3:
            return MediaTime(bytes.number(8));
        default:
            return std::nullopt;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes bytes({data, size});
    TimelineRepair repair({.wrap = wrap(bytes.number(1))});
    std::optional<MediaTime> last[2];
    MediaTime arrival{};
    std::uint64_t dropped = 0;
    while (!bytes.empty()) {
        const auto form = static_cast<int>(bytes.number(1));
        const auto kind = (form & 1) != 0 ? UnitKind::audio : UnitKind::video;
        if ((form & 2) != 0) repair.expect_jump(kind);
        const auto dts = stamp(bytes, form >> 2);
        const auto pts = stamp(bytes, form >> 4);
        if ((form & 64) != 0) arrival += std::chrono::milliseconds(bytes.number(2));
        if ((form & 128) != 0) arrival = MediaTime(bytes.number(8));
        arrival = std::min(arrival, MediaTime::max() / 2);  // this sum must not overflow
        const auto times = repair.repair({kind, dts, pts, arrival});
        if (!times) {
            ++dropped;
            continue;
        }
        auto& before = last[kind == UnitKind::video ? 0 : 1];
        if (times->dts.count() < 0 || times->pts.count() < 0) std::abort();
        if (before && times->dts < *before + TimelineRepair::kMinStep) std::abort();
        if (times->pts - times->dts > TimelineRepair::kMaxComposition) std::abort();
        before = times->dts;
    }
    if (dropped != repair.dropped()) std::abort();
    return 0;
}
