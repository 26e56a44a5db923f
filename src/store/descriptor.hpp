// SPDX-License-Identifier: MIT
// Owns a file descriptor.
// Threads: as an int; one owner.
#pragma once

#include <unistd.h>

#include <memory>
#include <utility>

namespace weir::store {

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }

    [[nodiscard]] int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }

    // As Bytes::from_file() wants it: closed with its last user.
    static std::shared_ptr<const int> share(Descriptor descriptor) {
        const auto shared = std::make_shared<Descriptor>(std::move(descriptor));
        return {shared, &shared->fd_};
    }

private:
    int fd_;
};

}  // namespace weir::store
