// SPDX-License-Identifier: MIT
#include "origin/origin_impl.hpp"

#include <glib.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "net/http_semantics.hpp"

namespace weir::origin {

namespace {

// "certificate_file: cause" as "origin.certificate_file: cause".
Error with_field(const Error& error) {
    return {error.code, "origin." + error.message};
}

// What players set their clocks by (DASH UTCTiming). Free for all: it says nothing of any channel.
net::HttpResponse answer_time(const net::HttpRequest& request) {
    if (auto response = net::answer_by_method(request)) return std::move(*response);
    const auto now = std::chrono::floor<std::chrono::milliseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    const std::unique_ptr<GDateTime, decltype(&g_date_time_unref)> date(
        g_date_time_new_from_unix_utc(now.count() / 1000), &g_date_time_unref);
    const std::unique_ptr<gchar, decltype(&g_free)> seconds(
        g_date_time_format(date.get(), "%Y-%m-%dT%H:%M:%S"), &g_free);
    std::string milliseconds = std::to_string(now.count() % 1000);
    milliseconds.insert(0, 3 - milliseconds.size(), '0');
    net::Entity entity;
    entity.content_type = "text/plain";
    entity.cache_control = "no-store";
    entity.body = Bytes::from_string(std::string(seconds.get()) + '.' + milliseconds + 'Z');
    return net::answer(request, entity);
}

std::function<void(const net::HttpAccess&)> access_log(const Access& access) {
    if (!access.log || !*access.log) return {};
    return [log = access.log](const net::HttpAccess& one) {
        (*log)({.time = one.time,
                .peer = one.peer,
                .method = one.method,
                .path = one.path,
                .query = without_tokens(one.query),
                .user_agent = one.user_agent,
                .status = one.status,
                .bytes_sent = one.bytes,
                .duration = one.duration,
                .abandoned = one.aborted});
    };
}

}  // namespace

Result<void> Service::open(const OriginConfig& config) {
    if (!config.document_root.empty()) {
        auto files = StaticFiles::open(config.document_root);
        if (!files) return files.error().in("origin.document_root");
        files_ = std::move(*files);
    }
    gate_.emplace(config.access);
    auto server = net::HttpServer::create(
        {.address = config.address,
         .port = config.port,
         .threads = config.threads,
         .certificate_file = config.certificate_file,
         .private_key_file = config.private_key_file,
         .max_connections = config.max_connections,
         .header_timeout = config.header_timeout,
         .idle_timeout = config.idle_timeout,
         .on_access = access_log(config.access)},
        [this](const net::HttpRequest& request, net::HttpResponder responder) {
            handle(request, std::move(responder));
        });
    if (!server) {
        const Error& error = server.error();
        if (error.code != ErrorCode::invalid_argument) return error.in("origin.port");
        return error.message.starts_with("bind ") ? error.in("origin.address") : with_field(error);
    }
    server_ = std::move(*server);
    return {};
}

Result<void> Service::reload_certificate() {
    const auto reloaded = server_->reload_certificate();
    return reloaded ? reloaded : with_field(reloaded.error());
}

void Service::handle(const net::HttpRequest& request, net::HttpResponder responder) const {
    if (request.path == "/time") return std::move(responder).respond(answer_time(request));
    if (auto refusal = gate_->refuse(request, std::chrono::system_clock::now())) {
        return std::move(responder).respond(std::move(*refusal));
    }
    const auto [endpoint, rest] = mounts_.find(request.path);
    if (endpoint) return endpoint->handle(request, rest, std::move(responder));
    if (files_) return std::move(responder).respond(files_->answer(request));
    auto response = net::answer_by_method(request);
    if (!response) response = net::error_response(404, "there is nothing here");
    std::move(responder).respond(std::move(*response));
}

}  // namespace weir::origin
