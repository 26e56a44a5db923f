// SPDX-License-Identifier: MIT
#include "origin/live_view.hpp"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "origin/content.hpp"
#include "origin/growing_segment.hpp"

namespace weir::origin {

namespace {

// RFC 8216bis 6.2.5.2: a server must answer a blocking reload within three target durations.
constexpr int kReloadPatience = 3;

net::HttpResponse manifest_response(const net::HttpRequest& request,
                                    const Result<net::Entity>& entity) {
    if (entity) return net::answer(request, *entity);
    if (entity.error().code == ErrorCode::unavailable) return not_now(entity.error().message);
    return net::error_response(404, entity.error().message);
}

// Whether the timeline has what a blocking reload waits for, or never will.
bool has_come(const media::Edge& edge, std::int64_t msn, std::optional<std::int64_t> part) {
    if (edge.ended) return true;
    if (edge.last_number && *edge.last_number >= msn) return true;
    if (!part || edge.parts_number != msn) return false;
    return static_cast<std::int64_t>(edge.parts) > *part;
}

}  // namespace

net::HttpResponse not_found_response() {
    return net::error_response(404, "there is nothing here");
}

net::HttpResponse no_media(const MediaName& name) {
    auto response = not_found_response();
    if (name.kind != MediaName::Kind::part) return response;
    for (auto& [field, value] : response.fields) {
        if (field == "Cache-Control") value = "no-store";
    }
    return response;
}

net::HttpResponse not_now(std::string_view text) {
    net::HttpResponse response = net::error_response(503, text);
    response.fields.emplace_back("Retry-After", "1");
    return response;
}

net::HttpResponse store_error(const Error& error) {
    switch (error.code) {
        case ErrorCode::not_found:
        case ErrorCode::invalid_argument:
            return not_found_response();
        case ErrorCode::unavailable:
        case ErrorCode::timed_out:
            return not_now("the store does not answer");
        default:
            return net::error_response(500, "the store failed");
    }
}

net::Entity media_entity(const std::string& file, const MediaName& name, net::Body body) {
    net::Entity entity;
    entity.content_type = name.kind == MediaName::Kind::ts ? "video/mp2t" : "video/mp4";
    entity.cache_control = kImmutable;
    // The name stands for one sequence of bytes for ever (invariant 4): no need to read them.
    entity.etag = '"' + file.substr(0, file.rfind('.')) + '"';
    entity.body = std::move(body);
    return entity;
}

LiveView::LiveView(View view, std::string channel, std::shared_ptr<Store> store,
                   const std::shared_ptr<base::Executor>& executor)
    : view_(std::move(view)),
      channel_(std::move(channel)),
      store_(std::move(store)),
      manifests_(view_),
      room_(WaitingRoom::create(view_.timeline, executor)) {}

// A request that waits: whoever comes first, its answer or the client's departure, takes it.
struct LiveView::Held {
    Held(net::HttpRequest its_request, net::HttpResponder its_responder)
        : request(std::move(its_request)), responder(std::move(its_responder)) {}

    net::HttpRequest request;
    net::HttpResponder responder;
    std::atomic<std::uint64_t> ticket{0};
};

void LiveView::hold(const net::HttpRequest& request, net::HttpResponder responder,
                    WaitingRoom::Ready ready,
                    std::function<void(const net::HttpRequest&, net::HttpResponder)> answer) {
    const auto held = std::make_shared<Held>(request, std::move(responder));
    const auto patience =
        std::chrono::milliseconds(std::chrono::seconds(kReloadPatience * view_.target_duration));
    // The room owns the request; the responder knows of the room only.
    held->responder.on_abandoned([room = std::weak_ptr(room_), weak = std::weak_ptr(held)] {
        const auto gone = weak.lock();
        const auto from = room.lock();
        if (gone && from) from->leave(gone->ticket);
    });
    held->ticket = room_->wait(
        patience, std::move(ready), [held, answer = std::move(answer)](WaitingRoom::Outcome come) {
            if (come == WaitingRoom::Outcome::come) {
                return answer(held->request, std::move(held->responder));
            }
            std::move(held->responder).respond(not_now("it has not come in time"));
        });
    // It may have gone before its ticket was known.
    if (held->responder.abandoned()) room_->leave(held->ticket);
}

// ---- Manifests ------------------------------------------------------------------------------

net::HttpResponse LiveView::playlist_now(const net::HttpRequest& request, Address address,
                                         const std::string& name, const ManifestQuery& query) {
    return manifest_response(request, manifests_.playlist(address, name, query));
}

// What is wrong with a blocking reload; empty: nothing.
std::string LiveView::refuse_reload(const ManifestQuery& query) const {
    const media::Edge edge = view_.timeline->edge();
    if (edge.ended || !query.msn) return {};
    const auto newest = edge.parts_number ? edge.parts_number : edge.last_number;
    if (!newest) return "_HLS_msn: nothing has been made yet";
    const std::int64_t next = edge.parts_number ? *newest : *newest + 1;
    if (*query.msn > next + 1) return "_HLS_msn: is more than two segments ahead";
    if (!query.part) return {};
    if (!view_.parts) return "_HLS_part: there are no parts";
    // The part behind a segment's last is the next segment's first one.
    const std::int64_t parts = *query.msn == edge.parts_number ? std::int64_t(edge.parts) : 0;
    const std::int64_t ahead = 1 + std::chrono::seconds(3) / view_.parts->part_target({});
    if (*query.msn >= next && *query.part > parts + ahead) {
        return "_HLS_part: is too far ahead";
    }
    return {};
}

void LiveView::answer_playlist(const net::HttpRequest& request, Address address,
                               const std::string& name, const ManifestQuery& query,
                               net::HttpResponder responder) {
    // A reload blocks where the playlist says so; others pass the directives over.
    if (!query.msn || !view_.parts || query.shifts_time() || manifests_.is_multivariant(name)) {
        return std::move(responder).respond(playlist_now(request, address, name, query));
    }
    if (const std::string why = refuse_reload(query); !why.empty()) {
        return std::move(responder).respond(net::error_response(400, why));
    }
    hold(
        request, std::move(responder),
        [msn = *query.msn, part = query.part](const media::Edge& edge) {
            return has_come(edge, msn, part);
        },
        [self = shared_from_this(), address, name, query](const net::HttpRequest& held,
                                                          net::HttpResponder its) {
            std::move(its).respond(self->playlist_now(held, address, name, query));
        });
}

void LiveView::answer_mpd(const net::HttpRequest& request, Address address,
                          const ManifestQuery& query, net::HttpResponder responder) {
    std::move(responder).respond(manifest_response(request, manifests_.mpd(address, query)));
}

// ---- Media ----------------------------------------------------------------------------------

std::shared_ptr<const media::PartialSlot> LiveView::partial_of(const MediaName& name) const {
    auto partial = view_.timeline->partial(name.number);
    return partial && partial->slot.run == name.run ? partial : nullptr;
}

// From memory, or else from the store.
std::optional<net::Entity> LiveView::find_media(const std::string& rendition,
                                                const std::string& file,
                                                const MediaName& name) const {
    if (name.kind == MediaName::Kind::init) {
        if (auto bytes = view_.timeline->init(rendition + '/' + file)) {
            return media_entity(file, name, std::move(*bytes));
        }
        return std::nullopt;
    }
    const auto partial = partial_of(name);
    if (!partial) return std::nullopt;
    const auto track = track_index(*view_.timeline, rendition);
    if (!track) return std::nullopt;
    if (name.kind == MediaName::Kind::part) {
        if (name.index >= partial->parts.size()) return std::nullopt;
        const auto& bytes = partial->parts[name.index].tracks.at(*track).bytes;
        if (bytes.size() == 0) return std::nullopt;
        return media_entity(file, name, bytes);
    }
    if (!partial->complete()) return std::nullopt;
    return media_entity(file, name, joined_parts(*partial, *track));
}

// Whether it will be there soon, as far as anybody knows.
bool LiveView::is_due(const MediaName& name) const {
    const media::Edge edge = view_.timeline->edge();
    if (edge.ended) return false;
    if (name.kind == MediaName::Kind::part) {
        if (!edge.hint || edge.hint->run != name.run) return false;
        if (edge.hint->number != name.number) return false;
        return name.index >= edge.hint->index;
    }
    if (name.kind == MediaName::Kind::init) return false;
    if (edge.parts_number == name.number) return true;
    constexpr int kAhead = 2;
    return edge.last_number && name.number > *edge.last_number &&
           name.number <= *edge.last_number + kAhead &&
           view_.timeline->run_of(name.number) == name.run;
}

void LiveView::answer_media(const net::HttpRequest& request, const std::string& rendition,
                            const std::string& file, const MediaName& name,
                            net::HttpResponder responder) {
    if (auto entity = find_media(rendition, file, name)) {
        return std::move(responder).respond(net::answer(request, *entity));
    }
    const std::string key =
        channel_ + '/' + view_.timeline->programme() + '/' + rendition + '/' + file;
    if (name.kind != MediaName::Kind::part) {
        const auto bytes = store_->get(key);
        if (bytes) {
            return std::move(responder).respond(
                net::answer(request, media_entity(file, name, *bytes)));
        }
        if (bytes.error().code != ErrorCode::not_found) {
            return std::move(responder).respond(store_error(bytes.error()));
        }
    }
    const bool known = track_index(*view_.timeline, rendition).has_value();
    if (!known || !is_due(name)) return std::move(responder).respond(no_media(name));
    if (name.kind == MediaName::Kind::cmaf && view_.parts) {
        return send_growing(request, rendition, file, name, std::move(responder));
    }
    hold(
        request, std::move(responder),
        [name](const media::Edge& edge) {
            if (edge.ended || (edge.last_number && *edge.last_number >= name.number)) return true;
            if (name.kind != MediaName::Kind::part) return false;
            const bool made = edge.parts_number == name.number && edge.parts > name.index;
            // Its run is over: the hint does not come true.
            return made || !edge.hint || edge.hint->number > name.number;
        },
        [self = shared_from_this(), rendition, file, name](const net::HttpRequest& held,
                                                           net::HttpResponder its) {
            if (auto entity = self->find_media(rendition, file, name)) {
                return std::move(its).respond(net::answer(held, *entity));
            }
            // In the store by now, or not for ever.
            const auto bytes =
                self->store_->get(self->channel_ + '/' + self->view_.timeline->programme() + '/' +
                                  rendition + '/' + file);
            if (!bytes && bytes.error().code == ErrorCode::not_found) {
                return std::move(its).respond(no_media(name));
            }
            if (!bytes) return std::move(its).respond(store_error(bytes.error()));
            std::move(its).respond(net::answer(held, media_entity(file, name, *bytes)));
        });
}

void LiveView::send_growing(const net::HttpRequest& request, const std::string& rendition,
                            const std::string& file, const MediaName& name,
                            net::HttpResponder responder) {
    // Nothing of it is there yet: an answer that has begun could not become a 404 any more.
    hold(
        request, std::move(responder),
        [name](const media::Edge& edge) {
            if (edge.ended || (edge.last_number && *edge.last_number >= name.number)) return true;
            return edge.parts_number == name.number && edge.parts > 0;
        },
        [self = shared_from_this(), rendition, file, name](const net::HttpRequest& held,
                                                           net::HttpResponder its) {
            if (auto entity = self->find_media(rendition, file, name)) {
                return std::move(its).respond(net::answer(held, *entity));
            }
            const auto partial = self->partial_of(name);
            const auto track = track_index(*self->view_.timeline, rendition);
            if (!partial || !track) return std::move(its).respond(not_found_response());
            net::HttpResponse head = net::answer(held, media_entity(file, name, {}));
            GrowingSegment::send(self->view_.timeline, self->room_, name, *track,
                                 std::move(its).begin(std::move(head)));
        });
}

}  // namespace weir::origin
