// SPDX-License-Identifier: MIT
// The RTMP servers of this process: one for each address and port, there as long as somebody leases
// a publish point on it. Every connection that is refused is logged with its reason, never with a
// key. Threads: thread-safe; a lease is given back on a thread that is not the network's.
#pragma once

#include <memory>

#include <weir/ingest.hpp>
#include <weir/result.hpp>

#include "ingest/publish_point.hpp"

namespace weir::ingest {

class RtmpServer;

// The right to be published to: while it lasts publishers are let in, whether there is a source or
// not. Who gives it back sends the publisher away.
class RtmpLease {
public:
    RtmpLease(std::shared_ptr<RtmpServer> server, std::shared_ptr<PublishPoint> point)
        : server_(std::move(server)), point_(std::move(point)) {}
    RtmpLease(const RtmpLease&) = delete;
    RtmpLease& operator=(const RtmpLease&) = delete;
    ~RtmpLease();

    [[nodiscard]] PublishPoint& point() const { return *point_; }
    [[nodiscard]] int port() const;

private:
    std::shared_ptr<RtmpServer> server_;
    std::shared_ptr<PublishPoint> point_;
};

// Whoever asks with an equal configuration gets the same lease. Port 0 takes a free one.
// Errors: already_exists: the port belongs to another program, or the application and key to
// another input; invalid_argument: the address, or a certificate that cannot be used or is another
// than that of an input with the same port; unauthorized: the port may not be used.
Result<std::shared_ptr<RtmpLease>> lease_publish_point(const RtmpListen& config);

}  // namespace weir::ingest
