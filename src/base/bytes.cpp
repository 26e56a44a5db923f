// SPDX-License-Identifier: MIT
#include <weir/bytes.hpp>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace weir {

Bytes Bytes::from_string(std::string content) {
    const auto owner = std::make_shared<const std::string>(std::move(content));
    return share(owner, std::as_bytes(std::span(*owner)));
}

Bytes Bytes::share(std::shared_ptr<const void> owner, std::span<const std::byte> content) {
    Bytes bytes;
    bytes.owner_ = std::move(owner);
    bytes.memory_ = content;
    bytes.size_ = content.size();
    return bytes;
}

Bytes Bytes::from_file(std::shared_ptr<const int> fd, std::uint64_t offset, std::uint64_t size) {
    Bytes bytes;
    bytes.fd_ = std::move(fd);
    bytes.offset_ = offset;
    bytes.size_ = size;
    return bytes;
}

Bytes Bytes::slice(std::uint64_t offset, std::uint64_t length) const {
    const std::uint64_t begin = std::min(offset, size_);
    Bytes part = *this;
    part.size_ = std::min(length, size_ - begin);
    if (fd_) {
        part.offset_ = offset_ + begin;
    } else {
        part.memory_ = memory_.subspan(begin, part.size_);
    }
    return part;
}

Result<std::string> Bytes::read(std::uint64_t offset, std::uint64_t length) const {
    const Bytes part = slice(offset, length);
    std::string content(part.size_, '\0');
    if (!part.fd_) {
        std::transform(part.memory_.begin(), part.memory_.end(), content.begin(),
                       [](std::byte b) { return static_cast<char>(b); });
        return content;
    }
    for (std::size_t done = 0; done < content.size();) {
        const ssize_t got = pread(part.file(), content.data() + done, content.size() - done,
                                  static_cast<off_t>(part.offset_ + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return Error{ErrorCode::io, std::generic_category().message(errno)};
        if (got == 0) return Error{ErrorCode::io, "the file is shorter than it was"};
        done += static_cast<std::size_t>(got);
    }
    return content;
}

}  // namespace weir
