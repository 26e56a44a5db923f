// SPDX-License-Identifier: MIT
// One packaged form of the current programme at its live edge: its manifests, and requests for what
// is not there yet but will be.
// Threads: thread-safe.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <weir/store.hpp>

#include "base/executor.hpp"
#include "net/http_message.hpp"
#include "origin/manifests.hpp"
#include "origin/media_name.hpp"
#include "origin/view.hpp"
#include "origin/waiting_room.hpp"

namespace weir::origin {

class LiveView : public std::enable_shared_from_this<LiveView> {
public:
    LiveView(View view, std::string channel, std::shared_ptr<Store> store,
             const std::shared_ptr<base::Executor>& executor);

    [[nodiscard]] const View& view() const { return view_; }
    [[nodiscard]] Manifests& manifests() { return manifests_; }
    [[nodiscard]] std::size_t waiting() const { return room_->size(); }

    // A playlist of this view; a blocking reload (RFC 8216bis 6.2.5.2) is held.
    // Requires: manifests().has_playlist(name).
    void answer_playlist(const net::HttpRequest& request, Address address, const std::string& name,
                         const ManifestQuery& query, net::HttpResponder responder);
    void answer_mpd(const net::HttpRequest& request, Address address, const ManifestQuery& query,
                    net::HttpResponder responder);

    // A segment, part or init segment of this view's programme. What is due within two segment
    // durations is held; what is being made is sent as it grows, with low latency.
    void answer_media(const net::HttpRequest& request, const std::string& rendition,
                      const std::string& file, const MediaName& name, net::HttpResponder responder);

private:
    struct Held;  // a request with its responder

    // Holds the request until `ready`; then, or when it takes too long, `answer` is called, unless
    // the client has gone.
    void hold(const net::HttpRequest& request, net::HttpResponder responder,
              WaitingRoom::Ready ready,
              std::function<void(const net::HttpRequest&, net::HttpResponder)> answer);
    [[nodiscard]] net::HttpResponse playlist_now(const net::HttpRequest& request, Address address,
                                                 const std::string& name,
                                                 const ManifestQuery& query);
    [[nodiscard]] std::string refuse_reload(const ManifestQuery& query) const;
    [[nodiscard]] std::optional<net::Entity> find_media(const std::string& rendition,
                                                        const std::string& file,
                                                        const MediaName& name) const;
    [[nodiscard]] std::shared_ptr<const media::PartialSlot> partial_of(const MediaName& name) const;
    [[nodiscard]] bool is_due(const MediaName& name) const;
    void send_growing(const net::HttpRequest& request, const std::string& rendition,
                      const std::string& file, const MediaName& name, net::HttpResponder responder);

    const View view_;
    const std::string channel_;
    const std::shared_ptr<Store> store_;
    Manifests manifests_;
    const std::shared_ptr<WaitingRoom> room_;
};

// Of what never changes.
net::Entity media_entity(const std::string& file, const MediaName& name, net::Body body);

// Without the store's message: paths of this machine are nobody's business.
net::HttpResponse store_error(const Error& error);
net::HttpResponse not_found_response();
// A part that is not there may be there in a moment: no cache keeps that.
net::HttpResponse no_media(const MediaName& name);
net::HttpResponse not_now(std::string_view text);

}  // namespace weir::origin
