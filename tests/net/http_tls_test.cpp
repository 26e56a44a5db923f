// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <sys/mman.h>

#include <fstream>
#include <future>

#include "net/http_server.hpp"
#include "net/raw_client.hpp"
#include "net/tls_client.hpp"
#include "support/temporary_folder.hpp"

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::net;
using weir::test::eventually;
using weir::test::make_certificate;
using weir::test::RawClient;
using weir::test::TlsClient;

namespace {

constexpr const char* kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

Bytes text(std::string content) {
    return Bytes::from_string(std::move(content));
}

Bytes in_file(const std::string& content) {
    auto fd = std::shared_ptr<int>(new int(memfd_create("test", MFD_CLOEXEC)), [](int* held) {
        close(*held);
        delete held;
    });
    REQUIRE(write(*fd, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
    return Bytes::from_file(fd, 0, content.size());
}

std::string pattern(std::size_t size) {
    std::string content(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
        content[i] = static_cast<char>('a' + (i + i / 1000) % 26);
    return content;
}

struct Rig {
    test::TemporaryFolder folder;
    std::string certificate = folder.path() + "/cert.pem";
    std::string key = folder.path() + "/key.pem";
    std::unique_ptr<HttpServer> server;

    explicit Rig(HttpHandler handler = nullptr, HttpServerOptions options = {}) {
        make_certificate(certificate, key, "first");
        options.certificate_file = certificate;
        options.private_key_file = key;
        if (!handler) {
            handler = [](const HttpRequest& request, HttpResponder responder) {
                std::move(responder).respond({200, {}, text("hello " + request.path + "!")});
            };
        }
        auto created = HttpServer::create(options, std::move(handler));
        REQUIRE(created);
        server = std::move(*created);
    }
    [[nodiscard]] int port() const { return server->port(); }
};

}  // namespace

TEST_SUITE("net/http_server TLS") {
    TEST_CASE("requests and answers go through TLS, one after another and pipelined") {
        const Rig rig;
        TlsClient client(rig.port(), "\x02h2\x08http/1.1");
        REQUIRE(client.connected());
        CHECK(client.protocol() == "http/1.1");
        for (int i = 0; i < 3; ++i) {
            client.send(kGet);
            CHECK(client.receive_until("hello /!").starts_with("HTTP/1.1 200 OK\r\n"));
        }
        std::string many;
        for (int i = 0; i < 1000; ++i) {
            many += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
        }
        for (std::size_t at = 0; at < many.size(); at += 16'000)
            client.send(many.substr(at, 16'000));
        const std::string all = client.receive_until("hello /999!");
        CHECK(all.find("hello /500!") != std::string::npos);
        CHECK(rig.server->stats().requests == 1003);
    }

    TEST_CASE("large bodies in memory and in files arrive whole, also with a slow reader") {
        const std::string content = pattern(20'000'000);  // more than sockets hold
        Body body;
        for (std::size_t at = 0; at < content.size(); at += 2'000'000) {
            const std::string part = content.substr(at, 2'000'000);
            body.append(at % 4'000'000 == 0 ? text(part) : in_file(part));
        }
        body.append(text("the end"));
        const Rig rig([&](const HttpRequest&, HttpResponder responder) {
            std::move(responder).respond({200, {}, body});
        });
        TlsClient client(rig.port());
        REQUIRE(client.connected());
        client.send(kGet);
        const std::string answer = client.receive_until("the end");
        CHECK((answer.substr(answer.find("\r\n\r\n") + 4) == content + "the end"));
    }

    TEST_CASE("a stream grows through TLS, and only its end is a regular one") {
        std::promise<std::shared_ptr<BodyStream>> begun;
        const Rig rig([&](const HttpRequest&, HttpResponder responder) {
            begun.set_value(std::move(responder).begin({200, {}, text("a")}));
        });
        TlsClient client(rig.port());
        client.send("GET / HTTP/1.0\r\n\r\n");
        CHECK(client.receive_until("\r\n\r\na").ends_with("\r\n\r\na"));
        const auto stream = begun.get_future().get();
        stream->write(text("b"));
        CHECK(client.receive_until("b") == "b");
        bool ended = false;
        SUBCASE("end") {
            stream->end();
            ended = true;
        }
        SUBCASE("abort") {
            stream->abort();
        }
        client.receive_until("nothing");
        CHECK(client.regular_end() == ended);
    }

    TEST_CASE("changed files are used for new connections, by asking and by themselves") {
        Rig rig;
        CHECK(TlsClient(rig.port()).name() == "first");
        TlsClient old(rig.port());
        make_certificate(rig.certificate, rig.key, "second");
        SUBCASE("by asking") {
            CHECK(rig.server->reload_certificate());
            CHECK(TlsClient(rig.port()).name() == "second");
        }
        SUBCASE("by themselves") {
            CHECK(eventually([&] { return TlsClient(rig.port()).name() == "second"; }));
        }
        old.send(kGet);
        CHECK(old.receive_until("!").ends_with("hello /!"));

        // What is wrong does not replace what works.
        std::ofstream(rig.key) << "no key";
        const auto reloaded = rig.server->reload_certificate();
        REQUIRE_FALSE(reloaded);
        CHECK(reloaded.error().code == ErrorCode::invalid_argument);
        CHECK(reloaded.error().message.starts_with("private_key_file: " + rig.key + ": "));
        CHECK(TlsClient(rig.port()).name() == "second");
    }

    TEST_CASE("what cannot be TLS is refused, and the next client served") {
        const Rig rig(nullptr, {.header_timeout = 300ms});
        {
            RawClient plain(rig.port());
            plain.send(kGet);
            CHECK(plain.receive_all().find("HTTP/") == std::string::npos);
        }
        CHECK_FALSE(TlsClient(rig.port(), "\x02h2").connected());
        CHECK_FALSE(TlsClient(rig.port(), {}, TLS1_1_VERSION).connected());
        CHECK(TlsClient(rig.port(), {}, TLS1_2_VERSION).connected());
        CHECK(RawClient(rig.port()).closed());  // a handshake that never begins
        CHECK(TlsClient(rig.port()).connected());
    }

    TEST_CASE("a certificate that cannot be used is an error with its field") {
        const test::TemporaryFolder folder;
        const std::string certificate = folder.path() + "/cert.pem";
        const std::string key = folder.path() + "/key.pem";
        const std::string other = folder.path() + "/other.pem";
        const auto error = [&](const std::string& certificate_file,
                               const std::string& private_key_file) {
            const auto server = HttpServer::create(
                {.certificate_file = certificate_file, .private_key_file = private_key_file},
                [](const HttpRequest&, const HttpResponder&) {});
            return server ? std::string() : server.error().message;
        };
        make_certificate(certificate, key, "first");
        CHECK(error(other, key) == "certificate_file: " + other + ": No such file or directory");
        make_certificate(folder.path() + "/third.pem", other, "other");
        CHECK(error(certificate, other).starts_with("private_key_file: " + other + ": "));
        CHECK(error(certificate, key).empty());
        const auto plain = HttpServer::create({}, [](const HttpRequest&, const HttpResponder&) {});
        CHECK((*plain)->reload_certificate().error().code == ErrorCode::invalid_argument);
    }
}
