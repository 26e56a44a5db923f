// SPDX-License-Identifier: MIT
// What both stores need of the operating system.
// Threads: reentrant.
#pragma once

#include <cstdint>

#include <weir/bytes.hpp>
#include <weir/result.hpp>

namespace weir::store {

// The error that an errno means to a caller; the message is the cause alone.
Error posix_error(int error_number);

// Writes all of `bytes` at `offset` of the descriptor.
// Errors: unavailable when the disk is full, io; what Bytes::read says. The message is the cause.
Result<void> write_bytes(int fd, std::uint64_t offset, const Bytes& bytes);

}  // namespace weir::store
