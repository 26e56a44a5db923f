// SPDX-License-Identifier: MIT
/// @file
/// The HTTP server that players and caches talk to.
#pragma once

#include <memory>
#include <string>

#include <weir/config.hpp>
#include <weir/export.hpp>
#include <weir/result.hpp>

namespace weir {

class Channel;

/// An HTTP/1.1 server with channels mounted at paths. The destructor is stop().
///
/// Threads: thread-safe.
class WEIR_API Origin {
public:
    /// Binds, listens and serves.
    /// Errors: invalid_argument with every problem of validate(), or "origin.address: cause";
    /// "origin.document_root: cause" (not_found, ...); invalid_argument with
    /// "origin.certificate_file: cause" or "origin.private_key_file: cause"; already_exists,
    /// unauthorized or io with "origin.port: cause" when it cannot listen.
    static Result<Origin> create(const OriginConfig& config = {});

    Origin(Origin&&) noexcept;
    Origin& operator=(Origin&&) noexcept;
    ~Origin();

    /// Serves the channel below `path` ("/news"): its current or latest programme at `path`/...,
    /// one programme at `path`/<programme>/... A destroyed channel leaves its programmes readable
    /// until unmount(). Paths may not lie inside one another. Errors: invalid_argument,
    /// already_exists.
    Result<void> mount(const std::string& path, const Channel& channel);

    /// Errors: not_found.
    Result<void> unmount(const std::string& path);

    /// Reads certificate and key again, for connections from now on. Changed files are noticed
    /// without it within a second or two. Errors: as create(), and those in use stay so;
    /// invalid_argument when there are none.
    Result<void> reload_certificate();

    /// The port in use.
    [[nodiscard]] int port() const;

    /// Stops accepting, lets answers under way end within a second, closes. Harmless when stopped.
    void stop();

private:
    class Impl;
    explicit Origin(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace weir
