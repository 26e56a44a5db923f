// SPDX-License-Identifier: MIT
// What the origin finds at a mount point.
// Threads: thread-safe; called on network threads, must not block for long.
#pragma once

#include <string>

#include "net/http_server.hpp"

namespace weir::origin {

class Endpoint {
public:
    virtual ~Endpoint() = default;

    // `path` is what follows the mount point, without the leading '/': "hls/index.m3u8".
    virtual void handle(const net::HttpRequest& request, std::string_view path,
                        net::HttpResponder responder) = 0;
};

}  // namespace weir::origin
