// SPDX-License-Identifier: MIT
// thumbnail.jpg of one channel, in front of everything else that it serves.
// Threads: thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include <weir/bytes.hpp>

#include "origin/endpoint.hpp"

namespace weir::origin {

class ThumbnailEndpoint final : public Endpoint {
public:
    explicit ThumbnailEndpoint(std::shared_ptr<Endpoint> rest) : rest_(std::move(rest)) {}

    void set(Bytes picture);
    [[nodiscard]] std::optional<Bytes> latest() const;

    void handle(const net::HttpRequest& request, std::string_view path,
                net::HttpResponder responder) override;

private:
    const std::shared_ptr<Endpoint> rest_;
    mutable std::mutex mutex_;  // guards all below
    std::optional<Bytes> picture_;
    std::uint64_t version_ = 0;
};

}  // namespace weir::origin
