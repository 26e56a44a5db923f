// SPDX-License-Identifier: MIT
#include "origin/origin_impl.hpp"

#include "net/http_semantics.hpp"

namespace weir::origin {

Result<void> Service::open(const OriginConfig& config) {
    if (!config.document_root.empty()) {
        auto files = StaticFiles::open(config.document_root);
        if (!files) return files.error().in("origin.document_root");
        files_ = std::move(*files);
    }
    auto server = net::HttpServer::create(
        {.address = config.address,
         .port = config.port,
         .threads = config.threads,
         .max_connections = config.max_connections,
         .header_timeout = config.header_timeout,
         .idle_timeout = config.idle_timeout},
        [this](const net::HttpRequest& request, net::HttpResponder responder) {
            handle(request, std::move(responder));
        });
    if (!server) {
        const bool bad_address = server.error().code == ErrorCode::invalid_argument;
        return server.error().in(bad_address ? "origin.address" : "origin.port");
    }
    server_ = std::move(*server);
    return {};
}

void Service::handle(const net::HttpRequest& request, net::HttpResponder responder) const {
    const auto [endpoint, rest] = mounts_.find(request.path);
    if (endpoint) return endpoint->handle(request, rest, std::move(responder));
    if (files_) return std::move(responder).respond(files_->answer(request));
    auto response = net::answer_by_method(request);
    if (!response) response = net::error_response(404, "there is nothing here");
    std::move(responder).respond(std::move(*response));
}

}  // namespace weir::origin
