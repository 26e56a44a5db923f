// SPDX-License-Identifier: MIT
/// @file
/// Immutable bytes with shared ownership: a segment, an init segment, a playlist.
/// Threads: reentrant; one value may be read from several threads at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <weir/export.hpp>
#include <weir/result.hpp>

namespace weir {

/// A range of bytes that never changes while anyone holds it. It lies either in memory or in a file
/// (an open descriptor: a disk file or a memfd), so that the origin can send it without a copy.
/// Copying a Bytes copies a reference, not the content.
class WEIR_API Bytes {
public:
    /// Empty.
    Bytes() = default;

    /// Bytes in memory: takes the string's content.
    static Bytes from_string(std::string content);

    /// Bytes in memory that somebody else owns: `owner` keeps `content` alive.
    static Bytes share(std::shared_ptr<const void> owner, std::span<const std::byte> content);

    /// `size` bytes at `offset` of the open descriptor `*fd`. The owner of `fd` (its deleter)
    /// closes it when the last Bytes that uses it is gone. The range must not be written to any
    /// more.
    static Bytes from_file(std::shared_ptr<const int> fd, std::uint64_t offset, std::uint64_t size);

    [[nodiscard]] std::uint64_t size() const { return size_; }

    /// The descriptor to read from, at file_offset(); -1 when the bytes are in memory.
    [[nodiscard]] int file() const { return fd_ ? *fd_ : -1; }
    [[nodiscard]] std::uint64_t file_offset() const { return offset_; }

    /// The bytes when they are in memory; empty when they are in a file.
    [[nodiscard]] std::span<const std::byte> memory() const { return memory_; }

    /// Copies at most `length` bytes from `offset` on (fewer at the end) from memory or file.
    /// Errors: io when the file cannot be read or is shorter than it was.
    [[nodiscard]] Result<std::string> read(std::uint64_t offset = 0,
                                           std::uint64_t length = UINT64_MAX) const;

    /// The part of `length` bytes at `offset`, cut off at the end: the same memory or file, no
    /// copy.
    [[nodiscard]] Bytes slice(std::uint64_t offset, std::uint64_t length = UINT64_MAX) const;

private:
    std::shared_ptr<const void> owner_;
    std::span<const std::byte> memory_;
    std::shared_ptr<const int> fd_;
    std::uint64_t offset_ = 0;
    std::uint64_t size_ = 0;
};

}  // namespace weir
