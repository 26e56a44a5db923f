// SPDX-License-Identifier: MIT
#include "origin/growing_segment.hpp"

#include <chrono>
#include <utility>
#include <vector>

namespace weir::origin {

namespace {
// Between two parts; the encoders have stopped when it takes longer.
constexpr std::chrono::seconds kPartPatience{30};
}  // namespace

net::Body joined_parts(const media::PartialSlot& partial, std::size_t track) {
    std::vector<Bytes> pieces;
    for (const auto& part : partial.parts) pieces.push_back(part.tracks.at(track).bytes);
    return net::Body(std::move(pieces));
}

std::optional<std::size_t> track_index(const media::Timeline& timeline,
                                       const std::string& rendition) {
    const auto tracks = timeline.all_tracks();
    for (std::size_t i = 0; i < tracks.size(); ++i) {
        if (tracks[i].name == rendition) return i;
    }
    return std::nullopt;
}

GrowingSegment::GrowingSegment(std::shared_ptr<const media::Timeline> timeline,
                               const std::shared_ptr<WaitingRoom>& room, const MediaName& name,
                               std::size_t track, std::shared_ptr<net::BodyStream> stream)
    : timeline_(std::move(timeline)),
      room_(room),
      name_(name),
      track_(track),
      stream_(std::move(stream)) {}

void GrowingSegment::send(std::shared_ptr<const media::Timeline> timeline,
                          std::shared_ptr<WaitingRoom> room, const MediaName& name,
                          std::size_t track, std::shared_ptr<net::BodyStream> stream) {
    const std::shared_ptr<GrowingSegment> segment(
        new GrowingSegment(std::move(timeline), room, name, track, std::move(stream)));
    segment->send_more();
}

void GrowingSegment::send_more() {
    const auto partial = timeline_->partial(name_.number);
    const auto room = room_.lock();
    if (!partial || partial->slot.run != name_.run || !room) return stream_->abort();
    for (; sent_ < partial->parts.size(); ++sent_) {
        if (!stream_->write(partial->parts[sent_].tracks.at(track_).bytes)) return;
    }
    if (partial->complete()) return stream_->end();
    room->wait(
        kPartPatience,
        [number = name_.number, sent = sent_](const media::Edge& edge) {
            if (edge.ended || !edge.parts_number || *edge.parts_number != number) return true;
            return edge.parts > sent;
        },
        [self = shared_from_this()](WaitingRoom::Outcome outcome) {
            if (outcome == WaitingRoom::Outcome::timed_out) return self->stream_->abort();
            self->send_more();
        });
}

}  // namespace weir::origin
