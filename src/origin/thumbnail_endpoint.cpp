// SPDX-License-Identifier: MIT
#include "origin/thumbnail_endpoint.hpp"

#include <string>
#include <utility>

#include "net/http_semantics.hpp"

namespace weir::origin {

void ThumbnailEndpoint::set(Bytes picture) {
    const std::lock_guard lock(mutex_);
    picture_ = std::move(picture);
    ++version_;
}

std::optional<Bytes> ThumbnailEndpoint::latest() const {
    const std::lock_guard lock(mutex_);
    return picture_;
}

void ThumbnailEndpoint::handle(const net::HttpRequest& request, std::string_view path,
                               net::HttpResponder responder) {
    if (path != "thumbnail.jpg") return rest_->handle(request, path, std::move(responder));
    if (auto response = net::answer_by_method(request)) {
        return std::move(responder).respond(std::move(*response));
    }
    net::Entity entity;
    {
        const std::lock_guard lock(mutex_);
        if (picture_) entity.body = *picture_;
        entity.etag = '"' + std::to_string(version_) + '"';
    }
    if (entity.body.size() == 0) {
        return std::move(responder).respond(net::error_response(404, "there is no thumbnail"));
    }
    entity.content_type = "image/jpeg";
    entity.cache_control = "max-age=1";
    std::move(responder).respond(net::answer(request, entity));
}

}  // namespace weir::origin
