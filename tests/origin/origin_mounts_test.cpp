// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "net/raw_client.hpp"
#include "origin/origin_impl.hpp"

using namespace weir;
using weir::origin::Endpoint;
using weir::origin::MountTable;
using weir::origin::Service;
using weir::test::RawAnswer;
using weir::test::RawClient;

namespace {

// Answers with its name and the path it was given.
class FakeEndpoint final : public Endpoint {
public:
    explicit FakeEndpoint(std::string name) : name_(std::move(name)) {}
    void handle(const net::HttpRequest&, std::string_view path,
                net::HttpResponder responder) override {
        std::move(responder).respond(
            {200, {}, Bytes::from_string(name_ + ':' + std::string(path))});
    }

private:
    std::string name_;
};

std::shared_ptr<Endpoint> endpoint(std::string name = "news") {
    return std::make_shared<FakeEndpoint>(std::move(name));
}

ErrorCode code_of(const Result<void>& result) {
    REQUIRE_FALSE(result);
    return result.error().code;
}

}  // namespace

TEST_SUITE("origin/mounts") {
    TEST_CASE("a mount path is made of plain parts") {
        MountTable table;
        for (const char* path : {"/a", "/News-1", "/tv/hd.1/x_y", "/...", "/.a"}) {
            CAPTURE(path);
            CHECK(table.mount(path, endpoint()));
        }
        for (const char* path : {"", "/", "b", "b/c", "/b/", "//b", "/b//c", "/.", "/b/..", "/b c",
                                 "/b%20", "/b?c", "/b\\c", "/\xC3\xA9"}) {
            CAPTURE(path);
            CHECK(code_of(table.mount(path, endpoint())) == ErrorCode::invalid_argument);
        }
    }

    TEST_CASE("a path is mounted once, and not inside another") {
        MountTable table;
        CHECK(table.mount("/tv/news", endpoint()));
        CHECK(code_of(table.mount("/tv/news", endpoint())) == ErrorCode::already_exists);
        const auto inside = table.mount("/tv/news/hd", endpoint());
        CHECK(code_of(inside) == ErrorCode::invalid_argument);
        CHECK(inside.error().message.find("\"/tv/news\"") != std::string::npos);
        CHECK(code_of(table.mount("/tv", endpoint())) == ErrorCode::invalid_argument);
        CHECK(table.mount("/tv/news2", endpoint()));
        CHECK(table.mount("/tv/new", endpoint()));
    }

    TEST_CASE("a request finds the mount it lies in, with what follows") {
        MountTable table;
        const auto news = endpoint();
        const auto sport = endpoint();
        CHECK(table.mount("/news", news));
        CHECK(table.mount("/tv/sport", sport));
        const struct {
            const char* path;
            Endpoint* found;
            const char* rest;
        } paths[] = {
            {"/news/hls/index.m3u8", news.get(), "hls/index.m3u8"},
            {"/news", news.get(), ""},
            {"/news/", news.get(), ""},
            {"/tv/sport/a", sport.get(), "a"},
            {"/newsroom", nullptr, ""},
            {"/tv", nullptr, ""},
            {"/tv/", nullptr, ""},
            {"/", nullptr, ""},
            {"/a/news", nullptr, ""},
        };
        for (const auto& [path, found, rest] : paths) {
            const std::string& asked = path;
            CAPTURE(asked);
            const auto match = table.find(path);
            CHECK(match.endpoint.get() == found);
            CHECK(match.rest == rest);
        }
        CHECK(table.unmount("/news"));
        CHECK(table.find("/news/a").endpoint == nullptr);
        CHECK(code_of(table.unmount("/news")) == ErrorCode::not_found);
        CHECK(news.use_count() == 1);
    }

    TEST_CASE("the origin gives each request to what is mounted there") {
        Service service;
        REQUIRE(service.open({.port = 0}));
        RawClient client(service.port());
        CHECK(client.get("/news/a").status == 404);
        CHECK(service.mount("/news", endpoint("news")));
        CHECK(service.mount("/tv/sport", endpoint("sport")));
        CHECK(client.get("/news/hls/index.m3u8?x").body == "news:hls/index.m3u8");
        CHECK(client.get("/tv/sport").body == "sport:");
        CHECK(client.get("/%6eews/a%20b").body == "news:a b");
        CHECK(client.get("/news/../tv/sport").status == 400);
    }

    TEST_CASE("where nothing is mounted errors can be read across origins") {
        Service service;
        REQUIRE(service.open({.port = 0}));
        RawClient client(service.port());
        const RawAnswer missing = client.get("/nothing");
        CHECK(missing.status == 404);
        CHECK(missing.fields.at("access-control-allow-origin") == "*");
        CHECK(missing.fields.at("cache-control") == "max-age=1");
        client.send("OPTIONS /nothing HTTP/1.1\r\nHost: a\r\n\r\n");
        CHECK(client.receive().status == 204);
        client.send("DELETE /nothing HTTP/1.1\r\nHost: a\r\n\r\n");
        CHECK(client.receive().status == 405);
    }

    TEST_CASE("an origin that cannot begin names the field and the cause") {
        auto first = Origin::create({.port = 0});
        REQUIRE(first);
        const auto taken = Origin::create({.port = first->port()});
        REQUIRE_FALSE(taken);
        CHECK(taken.error() == Error{ErrorCode::already_exists, "origin.port: bind 127.0.0.1:" +
                                                                    std::to_string(first->port()) +
                                                                    ": Address already in use"});
        const auto elsewhere = Origin::create({.address = "192.0.2.1", .port = 0});
        REQUIRE_FALSE(elsewhere);
        CHECK(elsewhere.error().message ==
              "origin.address: bind 192.0.2.1:0: Cannot assign requested address");
        const auto no_folder = Origin::create({.port = 0, .document_root = "/no/such/folder"});
        REQUIRE_FALSE(no_folder);
        CHECK(no_folder.error() == Error{ErrorCode::not_found,
                                         "origin.document_root: /no/such/folder: No such file or "
                                         "directory"});
        CHECK_FALSE(Origin::create({.port = 65536}));
        const auto no_certificate =
            Origin::create({.port = 0, .certificate_file = "/no/c", .private_key_file = "/no/k"});
        REQUIRE_FALSE(no_certificate);
        CHECK(no_certificate.error().message ==
              "origin.certificate_file: /no/c: No such file or directory");
        CHECK(first->reload_certificate().error().code == ErrorCode::invalid_argument);
    }

    TEST_CASE("an origin frees its port when it stops, and may be stopped twice") {
        auto first = Origin::create({.port = 0});
        REQUIRE(first);
        const int port = first->port();
        RawClient client(port);
        CHECK(client.get("/").status == 404);
        first->stop();
        first->stop();
        CHECK(client.closed());
        CHECK(Origin::create({.port = port}));
    }
}
