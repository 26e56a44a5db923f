// SPDX-License-Identifier: MIT
// A segment that is sent while it is being made, part by part.
// Threads: as WaitingRoom's waiters.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "media/timeline.hpp"
#include "net/http_message.hpp"
#include "origin/media_name.hpp"
#include "origin/waiting_room.hpp"

namespace weir::origin {

class GrowingSegment : public std::enable_shared_from_this<GrowingSegment> {
public:
    // Sends what there is and what comes, until the segment is whole. When it never will be, the
    // stream is aborted.
    static void send(std::shared_ptr<const media::Timeline> timeline,
                     std::shared_ptr<WaitingRoom> room, const MediaName& name, std::size_t track,
                     std::shared_ptr<net::BodyStream> stream);

private:
    GrowingSegment(std::shared_ptr<const media::Timeline> timeline,
                   const std::shared_ptr<WaitingRoom>& room, const MediaName& name,
                   std::size_t track, std::shared_ptr<net::BodyStream> stream);
    void send_more();

    const std::shared_ptr<const media::Timeline> timeline_;
    const std::weak_ptr<WaitingRoom> room_;
    const MediaName name_;
    const std::size_t track_;
    const std::shared_ptr<net::BodyStream> stream_;
    std::size_t sent_ = 0;  // parts
};

// The bytes of a track's parts.
net::Body joined_parts(const media::PartialSlot& partial, std::size_t track);

// Of a rendition; nothing when the programme has none of that name.
std::optional<std::size_t> track_index(const media::Timeline& timeline,
                                       const std::string& rendition);

}  // namespace weir::origin
