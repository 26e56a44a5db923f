// SPDX-License-Identifier: MIT
// The HTTP server with its mounts: what weir::Origin is made of.
// Threads: thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <weir/config.hpp>
#include <weir/origin.hpp>
#include <weir/result.hpp>

#include "net/http_server.hpp"
#include "origin/endpoint.hpp"
#include "origin/gate.hpp"
#include "origin/mount_table.hpp"
#include "origin/static_files.hpp"

namespace weir::origin {

// A server that gives each request to the endpoint mounted there, or else answers from the document
// root. Needs a configuration that validate() found right.
class Service {
public:
    // Binds and listens; serves files at once. Errors: as Origin::create, naming the field.
    Result<void> open(const OriginConfig& config);

    Result<void> mount(std::string path, std::shared_ptr<Endpoint> endpoint) {
        return mounts_.mount(std::move(path), std::move(endpoint));
    }
    Result<void> unmount(const std::string& path) { return mounts_.unmount(path); }

    // Requires: open() succeeded.
    [[nodiscard]] int port() const { return server_->port(); }
    [[nodiscard]] net::HttpServerStats stats() const { return server_->stats(); }
    Result<void> reload_certificate();
    void stop() { server_->stop(); }

private:
    void handle(const net::HttpRequest& request, net::HttpResponder responder) const;

    MountTable mounts_;
    std::optional<StaticFiles> files_;
    std::optional<Gate> gate_;
    std::unique_ptr<net::HttpServer> server_;  // last: its threads use all above
};

}  // namespace weir::origin

namespace weir {

class Origin::Impl final : public origin::Service {};

}  // namespace weir
