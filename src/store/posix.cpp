// SPDX-License-Identifier: MIT
#include "store/posix.hpp"

#include <unistd.h>

#include <cerrno>
#include <span>
#include <system_error>

namespace weir::store {
namespace {

ErrorCode code_of(int error_number) {
    switch (error_number) {
        case ENOENT:
            return ErrorCode::not_found;
        case EACCES:
        case EPERM:
        case EROFS:
            return ErrorCode::unauthorized;
        case EISDIR:
        case ELOOP:
        case ENAMETOOLONG:
        case ENOTDIR:
            return ErrorCode::invalid_argument;
        case EDQUOT:
        case EMFILE:
        case ENFILE:
        case ENOMEM:
        case ENOSPC:
            return ErrorCode::unavailable;
        default:
            return ErrorCode::io;
    }
}

Result<void> write_all(int fd, std::uint64_t offset, std::span<const std::byte> content) {
    while (!content.empty()) {
        const ssize_t written =
            ::pwrite(fd, content.data(), content.size(), static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return posix_error(errno);
        offset += static_cast<std::uint64_t>(written);
        content = content.subspan(static_cast<std::size_t>(written));
    }
    return {};
}

}  // namespace

Error posix_error(int error_number) {
    return {code_of(error_number), std::generic_category().message(error_number)};
}

Result<void> write_bytes(int fd, std::uint64_t offset, const Bytes& bytes) {
    if (bytes.file() < 0) return write_all(fd, offset, bytes.memory());
    constexpr std::uint64_t kPiece = 1
                                     << 20;  // bounds the memory that a copy of a large file takes
    for (std::uint64_t done = 0; done < bytes.size(); done += kPiece) {
        const Result<std::string> piece = bytes.read(done, kPiece);
        if (!piece) return piece.error();
        const auto written = write_all(fd, offset + done, std::as_bytes(std::span(*piece)));
        if (!written) return written.error();
    }
    return {};
}

}  // namespace weir::store
