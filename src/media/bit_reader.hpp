// SPDX-License-Identifier: MIT
// Reads bits, the most significant first. Past the end it reads nothing and says so: what it gives
// after that is 0, so a parser may check once, at its end.
// Threads: one thread at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace weir::media {

class BitReader {
public:
    explicit BitReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

    [[nodiscard]] std::size_t left() const { return bytes_.size() * 8 - position_; }
    [[nodiscard]] bool failed() const { return failed_; }

    // At most 32 bits.
    std::uint32_t read(std::size_t count) {
        if (count > left()) {
            failed_ = true;
            position_ = bytes_.size() * 8;
            return 0;
        }
        std::uint32_t value = 0;
        for (; count > 0; --count, ++position_) {
            const auto byte = std::to_integer<std::uint32_t>(bytes_[position_ / 8]);
            value = value << 1 | (byte >> (7 - position_ % 8) & 1);
        }
        return value;
    }

    // ue(v) and se(v) of ISO/IEC 14496-10 9.1; values of more than 32 bits are a failure.
    std::uint32_t read_unsigned() {
        std::size_t zeros = 0;
        while (!failed_ && read(1) == 0) ++zeros;
        if (zeros > 31) failed_ = true;
        if (failed_) return 0;
        return (std::uint32_t{1} << zeros) - 1 + read(zeros);
    }
    std::int64_t read_signed() {
        const std::int64_t code = read_unsigned();
        return code % 2 == 0 ? -(code / 2) : (code + 1) / 2;
    }

private:
    std::span<const std::byte> bytes_;
    std::size_t position_ = 0;
    bool failed_ = false;
};

}  // namespace weir::media
