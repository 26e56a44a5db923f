// SPDX-License-Identifier: MIT
// Bytes as RTMP has them, for tests.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

namespace weir::test {

using Octets = std::vector<std::byte>;

inline Octets bytes(std::initializer_list<int> values) {
    Octets result;
    for (const int value : values) result.push_back(static_cast<std::byte>(value));
    return result;
}

inline void append(Octets& to, std::span<const std::byte> more) {
    to.insert(to.end(), more.begin(), more.end());
}

inline void append_number(Octets& to, std::uint32_t value, int width) {
    for (int i = width - 1; i >= 0; --i) to.push_back(static_cast<std::byte>(value >> (8 * i)));
}

// So many bytes that are not all the same.
inline Octets pattern(std::size_t size) {
    Octets result(size);
    for (std::size_t i = 0; i < size; ++i) result[i] = static_cast<std::byte>(i * 7 + i / 256);
    return result;
}

// A chunk of format 0. An extended time where it is needed.
inline Octets chunk0(int chunk_stream, std::uint32_t time, std::uint32_t length, int type,
                     int stream, std::span<const std::byte> payload) {
    Octets result = bytes({chunk_stream});
    append_number(result, time >= 0xFFFFFF ? 0xFFFFFF : time, 3);
    append_number(result, length, 3);
    append_number(result, static_cast<std::uint32_t>(type), 1);
    append(result, bytes({stream, 0, 0, 0}));
    if (time >= 0xFFFFFF) append_number(result, time, 4);
    append(result, payload);
    return result;
}

inline Octets chunk1(int chunk_stream, std::uint32_t step, std::uint32_t length, int type,
                     std::span<const std::byte> payload) {
    Octets result = bytes({0x40 | chunk_stream});
    append_number(result, step >= 0xFFFFFF ? 0xFFFFFF : step, 3);
    append_number(result, length, 3);
    append_number(result, static_cast<std::uint32_t>(type), 1);
    if (step >= 0xFFFFFF) append_number(result, step, 4);
    append(result, payload);
    return result;
}

inline Octets chunk2(int chunk_stream, std::uint32_t step, std::span<const std::byte> payload) {
    Octets result = bytes({0x80 | chunk_stream});
    append_number(result, step >= 0xFFFFFF ? 0xFFFFFF : step, 3);
    if (step >= 0xFFFFFF) append_number(result, step, 4);
    append(result, payload);
    return result;
}

inline Octets chunk3(int chunk_stream, std::span<const std::byte> payload,
                     std::optional<std::uint32_t> extended = {}) {
    Octets result = bytes({0xC0 | chunk_stream});
    if (extended) append_number(result, *extended, 4);
    append(result, payload);
    return result;
}

inline Octets joined(std::initializer_list<Octets> parts) {
    Octets result;
    for (const auto& part : parts) append(result, part);
    return result;
}

// A message for Set Chunk Size, Abort and the like.
inline Octets control(int type, std::uint32_t value) {
    Octets payload;
    append_number(payload, value, 4);
    return chunk0(2, 0, 4, type, 0, payload);
}

}  // namespace weir::test
