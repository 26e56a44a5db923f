// SPDX-License-Identifier: MIT
// The bytes of an answer: a list of Bytes, in memory and in files, that are sent one after another.
// So texts that differ in a few places only share the rest.
//
// Threads: a value; several threads may read one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <weir/bytes.hpp>
#include <weir/result.hpp>

namespace weir::net {

class Body {
public:
    Body() = default;
    // NOLINTNEXTLINE(google-explicit-constructor): what is in one piece is a Body as it is.
    Body(Bytes piece);
    explicit Body(std::vector<Bytes> pieces);

    // Copies the list when another Body shares it.
    void append(Bytes piece);
    void append(const Body& more);

    [[nodiscard]] std::uint64_t size() const { return size_; }
    // None of them is empty.
    [[nodiscard]] std::span<const Bytes> pieces() const;

    // The part of `length` bytes at `offset`, cut off at the end; no byte is copied.
    [[nodiscard]] Body slice(std::uint64_t offset, std::uint64_t length = UINT64_MAX) const;
    // Copies as slice() cuts. Errors: io, as Bytes::read.
    [[nodiscard]] Result<std::string> read(std::uint64_t offset = 0,
                                           std::uint64_t length = UINT64_MAX) const;

private:
    // Most bodies are in one piece, which needs no list; many_ is shared by copies, so that a
    // text in hundreds of pieces costs each viewer one reference.
    Bytes one_;
    std::shared_ptr<std::vector<Bytes>> many_;
    std::uint64_t size_ = 0;
};

}  // namespace weir::net
