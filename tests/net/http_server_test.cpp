// SPDX-License-Identifier: MIT
#include "net/http_server.hpp"

#include <doctest/doctest.h>
#include <sys/mman.h>

#include <algorithm>

#include "net/raw_client.hpp"

using namespace weir;
using namespace weir::net;
using weir::test::RawAnswer;
using weir::test::RawClient;

namespace {

std::unique_ptr<HttpServer> serve(HttpHandler handler, HttpServerOptions options = {}) {
    auto server = HttpServer::create(options, std::move(handler));
    REQUIRE(server);
    return std::move(*server);
}

// Answers with what it was asked.
void echo(const HttpRequest& request, HttpResponder responder) {
    std::move(responder).respond(
        {200,
         {{"Content-Type", "text/plain"}},
         Bytes::from_string(request.method + ' ' + request.path + ' ' + request.query)});
}

std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 7 + (i >> 16));
    return text;
}

Bytes in_memfd(const std::string& content) {
    auto fd = std::shared_ptr<int>(new int(memfd_create("test", MFD_CLOEXEC)), [](int* held) {
        close(*held);
        delete held;
    });
    REQUIRE(write(*fd, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
    return Bytes::from_file(fd, 0, content.size());
}

}  // namespace

TEST_SUITE("net/http_server") {
    TEST_CASE("a request reaches the handler decoded, and its answer the client") {
        const auto server = serve(echo);
        RawClient client(server->port());
        const RawAnswer answer = client.get("/a%20b/./c?d=%20");
        CHECK(answer.status == 200);
        CHECK(answer.body == "GET /a b/c d=%20");
        CHECK(answer.fields.at("content-type") == "text/plain");
        CHECK(answer.fields.at("content-length") == "16");
        CHECK(answer.fields.at("date").ends_with(" GMT"));
        CHECK(answer.fields.count("connection") == 0);
    }

    TEST_CASE("a connection serves many requests, also when they come at once or in pieces") {
        const auto server = serve(echo);
        RawClient client(server->port());
        SUBCASE("one after another") {
            for (int i = 0; i < 5; ++i) CHECK(client.get("/a").body == "GET /a ");
        }
        SUBCASE("pipelined, with empty lines between them") {
            std::string requests;
            for (int i = 0; i < 500; ++i) {
                requests += "\r\nGET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
            }
            CHECK(client.send(requests));
            for (int i = 0; i < 500; ++i) {
                CHECK(client.receive().body == "GET /" + std::to_string(i) + ' ');
            }
        }
        SUBCASE("byte by byte") {
            for (const char c : std::string("GET /slow HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n")) {
                CHECK(client.send({&c, 1}));
            }
            CHECK(client.receive().body == "GET /slow ");
        }
        SUBCASE("and a half-closed client gets what it asked for") {
            client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
            client.half_close();
            CHECK(client.receive().body == "GET /1 ");
            CHECK(client.receive().body == "GET /2 ");
            CHECK(client.closed());
        }
        CHECK(server->stats().accepted == 1);
    }

    TEST_CASE("HEAD has the fields of GET and no body") {
        const auto server = serve(echo);
        RawClient client(server->port());
        client.send("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n");
        CHECK(client.receive(false).fields.at("content-length") == "8");
        CHECK(client.get("/b").body == "GET /b ");
    }

    TEST_CASE("answers that cannot have a body announce none") {
        const auto server = serve([](const HttpRequest& request, HttpResponder responder) {
            const int status = request.path == "/204" ? 204 : 304;
            std::move(responder).respond({status, {}, Bytes::from_string("wrong")});
        });
        RawClient client(server->port());
        for (const char* path : {"/204", "/304", "/204"}) {
            const RawAnswer answer = client.get(path);
            CHECK(std::to_string(answer.status) == std::string(path).substr(1));
            CHECK(answer.fields.count("content-length") == 0);
        }
    }

    TEST_CASE("HTTP/1.0 and Connection: close end the connection behind the answer") {
        const auto server = serve(echo);
        RawClient client(server->port());
        SUBCASE("HTTP/1.0, which needs no Host") {
            client.send("GET /a HTTP/1.0\r\n\r\n");
        }
        SUBCASE("Connection: close") {
            client.send("GET /a HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\nGET /b");
        }
        const RawAnswer answer = client.receive();
        CHECK(answer.body == "GET /a ");
        CHECK(answer.fields.at("connection") == "close");
        CHECK(client.closed());
    }

    TEST_CASE("HTTP/1.0 with keep-alive goes on") {
        const auto server = serve(echo);
        RawClient client(server->port());
        for (int i = 0; i < 2; ++i) {
            client.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
            const RawAnswer answer = client.receive();
            CHECK(answer.body == "GET /a ");
            CHECK(answer.fields.at("connection") == "keep-alive");
        }
    }

    TEST_CASE("what is unusual but right is served") {
        const auto server = serve(echo);
        const struct {
            const char* request;
            const char* body;
        } table[] = {
            {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS / "},
            {"BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n", "BREW /pot "},
            {"GET http://b:80/c?d HTTP/1.1\r\nHost: a\r\n\r\n", "GET /c d"},
            {"GET /a HTTP/1.1\r\nhOST:a\r\n\r\n", "GET /a "},
            {"GET /a HTTP/1.1\r\nHost:\r\n\r\n", "GET /a "},
            {"GET /a HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "GET /a "},
            {"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "POST /a "},
            {"GET /a HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n", "GET /a "},
        };
        for (const auto& [request, body] : table) {
            const std::string& sent = request;
            CAPTURE(sent);
            RawClient client(server->port());
            client.send(request);
            CHECK(client.receive().body == body);
        }
        CHECK(server->stats().bad_requests == 0);
    }

    TEST_CASE("what is malformed gets a clear answer and the end of the connection") {
        int handled = 0;
        const auto server = serve([&](const HttpRequest&, HttpResponder) { ++handled; });
        const std::string get = "GET / HTTP/1.1\r\n";
        const std::string host = "Host: a\r\n";
        const struct {
            std::string request;
            int status;
        } table[] = {
            {get + "\r\n", 400},
            {get + host + host + "\r\n", 400},
            {get + "Host: a b\r\n\r\n", 400},
            {get + "Host: a/b\r\n\r\n", 400},
            {get + "Host : a\r\n\r\n", 400},
            {get + host + ": b\r\n\r\n", 400},
            {get + host + "no colon\r\n\r\n", 400},
            {get + host + "X: a\x01z\r\n\r\n", 400},
            {get + host + "X: a\nY: b\r\n\r\n", 400},
            {get + host + std::string("X: \0\r\n\r\n", 8), 400},
            {get + host + "Content-Length: 5\r\n\r\nhello", 413},
            {get + host + "Content-Length: 99999999999999\r\n\r\n", 413},
            {get + host + "Content-Length: -1\r\n\r\n", 400},
            {get + host + "Content-Length: 0x5\r\n\r\n", 400},
            {get + host + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400},
            {get + host + "Content-Length: 0\r\nContent-Length: 6\r\n\r\n", 400},
            {get + host + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
            {get + host + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400},
            {get + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 413},
            {get + host + "Transfer-Encoding: identity\r\n\r\n", 400},
            {get + host + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n", 413},
            {get + host + "Expect: miracles\r\n\r\n", 417},
            {"GET / HTTP/2.0\r\n\r\n", 400},
            {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
            {"GET / HTTP/1.1 \r\n" + host + "\r\n", 400},
            {"GET  / HTTP/1.1\r\n" + host + "\r\n", 400},
            {"GET /\r\n\r\n", 400},
            {" GET / HTTP/1.1\r\n" + host + "\r\n", 400},
            {"GET / HTTP/1.1\n" + host + "\n", 400},
            {"GET /a b HTTP/1.1\r\n" + host + "\r\n", 400},
            {"G(T / HTTP/1.1\r\n" + host + "\r\n", 400},
            {"GET * HTTP/1.1\r\n" + host + "\r\n", 400},
            {"CONNECT a:80 HTTP/1.1\r\n" + host + "\r\n", 400},
            {"GET ../etc/passwd HTTP/1.1\r\n" + host + "\r\n", 400},
            {"GET /../etc/passwd HTTP/1.1\r\n" + host + "\r\n", 400},
            {"GET /%2e%2e/etc/passwd HTTP/1.1\r\n" + host + "\r\n", 400},
            {"GET /..%2fetc/passwd HTTP/1.1\r\n" + host + "\r\n", 400},
            {"GET /..\\etc HTTP/1.1\r\n" + host + "\r\n", 400},
            {"GET /%zz HTTP/1.1\r\n" + host + "\r\n", 400},
            {"GET /%00 HTTP/1.1\r\n" + host + "\r\n", 400},
            {"GET /#a HTTP/1.1\r\n" + host + "\r\n", 400},
            {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15), 400},
            {get + host + "X: " + std::string(9000, 'x') + "\r\n\r\n", 431},
            {"GET /" + std::string(9000, 'x') + " HTTP/1.1\r\n" + host + "\r\n", 431},
            {std::string(9000, 'x'), 431},
            {get + host + std::string(100'000, 'x'), 431},
        };
        for (const auto& [request, status] : table) {
            const std::string beginning = request.substr(0, 100);
            CAPTURE(beginning);
            RawClient client(server->port());
            client.send(request);
            RawAnswer answer = client.receive();
            CHECK(answer.status == status);
            if (answer.status == 0) continue;
            CHECK(answer.fields["access-control-allow-origin"] == "*");
            CHECK(answer.fields["cache-control"] == "max-age=1");
            CHECK(answer.fields["content-type"] == "text/plain; charset=utf-8");
            CHECK(answer.fields["connection"] == "close");
            CHECK(answer.body.ends_with('\n'));
            CHECK(client.closed());
            CHECK_FALSE(client.was_reset());
        }
        CHECK(handled == 0);
        CHECK(server->stats().bad_requests == std::size(table));
    }

    TEST_CASE("a header of nearly the limit is served") {
        const auto server = serve(echo);
        RawClient client(server->port());
        for (int i = 0; i < 2; ++i) {
            client.send("GET /a HTTP/1.1\r\nHost: a\r\nX: " + std::string(8100, 'x') + "\r\n\r\n");
            CHECK(client.receive().status == 200);
        }
    }

    TEST_CASE("big bodies arrive whole from memory and from a file") {
        const std::string content = pattern(8'000'000);
        Bytes body;
        SUBCASE("memory") {
            body = Bytes::from_string(content);
        }
        SUBCASE("file") {
            body = in_memfd(content);
        }
        const auto server = serve([&](const HttpRequest& request, HttpResponder responder) {
            const Bytes part = request.path == "/part" ? body.slice(1'000'001, 3'000'003) : body;
            std::move(responder).respond(
                {200, {}, request.path == "/none" ? body.slice(9'000'000) : part});
        });
        RawClient client(server->port());
        CHECK(client.get("/").body == content);
        CHECK(client.get("/part").body == content.substr(1'000'001, 3'000'003));
        CHECK(client.get("/none").fields["content-length"] == "0");
        client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
        CHECK(client.receive(false).fields["content-length"] == "8000000");
        CHECK(client.get("/").body == content);
        CHECK(server->stats().bytes_sent > 19'000'000);
    }

    TEST_CASE("a file that became shorter ends the connection, not the server") {
        const Bytes body = in_memfd(pattern(1'000'000));
        const auto server = serve([&](const HttpRequest&, HttpResponder responder) {
            std::move(responder).respond({200, {}, body});
        });
        REQUIRE(ftruncate(body.file(), 500'000) == 0);
        RawClient client(server->port());
        CHECK(client.get("/").status == 0);
    }

    TEST_CASE("a value of a field cannot begin another field") {
        const auto server = serve([](const HttpRequest&, HttpResponder responder) {
            std::move(responder).respond({200, {{"X", "a\r\nSet-Cookie: b"}}, {}});
        });
        const RawAnswer answer = RawClient(server->port()).get("/");
        CHECK(answer.fields.at("x") == "a  Set-Cookie: b");
        CHECK(answer.fields.count("set-cookie") == 0);
    }

    TEST_CASE("it listens on IPv6 too") {
        HttpServerOptions options{.address = "::1"};
        const auto server = HttpServer::create(options, echo);
        // A machine without IPv6 says so in the words of the operating system.
        if (!server) {
            CHECK(server.error().message.starts_with("bind [::1]:0: "));
            return;
        }
        options.port = (*server)->port();
        const auto second = HttpServer::create(options, echo);
        REQUIRE_FALSE(second);
        CHECK(second.error().message ==
              "bind [::1]:" + std::to_string(options.port) + ": Address already in use");
    }

    TEST_CASE("a port or an address that cannot be had is named with the cause") {
        const auto server = serve(echo);
        const auto error_of = [](const HttpServerOptions& options) {
            const auto result = HttpServer::create(options, echo);
            REQUIRE_FALSE(result);
            return result.error();
        };
        CHECK(error_of({.port = server->port()}) ==
              Error{ErrorCode::already_exists, "bind 127.0.0.1:" + std::to_string(server->port()) +
                                                   ": Address already in use"});
        CHECK(error_of({.address = "nowhere", .port = 1}) ==
              Error{ErrorCode::invalid_argument, "bind nowhere:1: not an IPv4 or IPv6 address"});
        CHECK(error_of({.address = "192.0.2.1"}) ==
              Error{ErrorCode::invalid_argument,
                    "bind 192.0.2.1:0: Cannot assign requested address"});
        CHECK(error_of({.port = 65536}).code == ErrorCode::invalid_argument);
    }
}
