// SPDX-License-Identifier: MIT
// Answers that come late, in pieces, or not at all, and what is told about them.
#include <doctest/doctest.h>
#include <sys/mman.h>

#include <atomic>
#include <future>
#include <mutex>
#include <optional>

#include "net/http_server.hpp"
#include "net/raw_client.hpp"

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::net;
using weir::test::eventually;
using weir::test::RawAnswer;
using weir::test::RawClient;

namespace {

std::unique_ptr<HttpServer> serve(HttpHandler handler, HttpServerOptions options = {}) {
    auto server = HttpServer::create(options, std::move(handler));
    REQUIRE(server);
    return std::move(*server);
}

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

// Keeps the stream of the latest request.
class Streams {
public:
    HttpHandler handler() {
        return [this](const HttpRequest&, HttpResponder responder) {
            const std::lock_guard lock(mutex_);
            latest_ = std::move(responder).begin({200, {{"X-Name", "value"}}, text("head;")});
        };
    }
    std::shared_ptr<BodyStream> take() {
        std::shared_ptr<BodyStream> stream;
        CHECK(eventually([&] {
            const std::lock_guard lock(mutex_);
            stream = std::exchange(latest_, nullptr);
            return stream != nullptr;
        }));
        return stream;
    }

private:
    std::mutex mutex_;
    std::shared_ptr<BodyStream> latest_;
};

class Accesses {
public:
    std::function<void(const HttpAccess&)> callback() {
        return [this](const HttpAccess& access) {
            const std::lock_guard lock(mutex_);
            all_.push_back(access);
        };
    }
    HttpAccess wait_for(std::size_t index) {
        CHECK(eventually([&] {
            const std::lock_guard lock(mutex_);
            return all_.size() > index;
        }));
        const std::lock_guard lock(mutex_);
        return all_.size() > index ? all_[index] : HttpAccess{};
    }

private:
    std::mutex mutex_;
    std::vector<HttpAccess> all_;
};

constexpr const char* kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

}  // namespace

TEST_SUITE("net/http_server bodies") {
    TEST_CASE("a body of many pieces in memory and in files arrives whole, and so does its range") {
        Body body;
        std::string whole;
        for (int i = 0; i < 700; ++i) {
            const std::string part = "part " + std::to_string(i) + ';';
            whole += part;
            body.append(i % 50 == 7 ? in_file(part) : text(part));
        }
        const auto server = serve([&](const HttpRequest& request, HttpResponder responder) {
            std::move(responder).respond(
                {200, {}, request.path == "/part" ? body.slice(50, 4000) : body});
        });
        RawClient client(server->port());
        CHECK(client.get("/").body == whole);
        CHECK(client.get("/part").body == whole.substr(50, 4000));
    }

    TEST_CASE("a growing body is sent in chunks as it comes, and the connection goes on") {
        Streams streams;
        const auto server = serve(streams.handler());
        RawClient client(server->port());
        client.send(kGet);
        const auto stream = streams.take();
        CHECK(client.receive_until("head;\r\n").ends_with("\r\n5\r\nhead;\r\n"));
        CHECK(stream->write(text("one")));
        CHECK(client.receive_until("one\r\n") == "3\r\none\r\n");
        CHECK(stream->write(Bytes()));  // must not look like the end
        CHECK(stream->write(in_file("file")));
        CHECK(client.receive_until("file\r\n") == "4\r\nfile\r\n");
        stream->end();
        CHECK(client.receive_until("0\r\n\r\n") == "0\r\n\r\n");
        CHECK_FALSE(stream->write(text("late")));

        client.send(kGet);
        const auto second = streams.take();
        second->write(text("x"));
        second->end();
        const std::string answer = client.receive_until("0\r\n\r\n");
        CHECK(answer.find("\r\nTransfer-Encoding: chunked\r\n") != std::string::npos);
        CHECK(answer.find("\r\nX-Name: value\r\n") != std::string::npos);
        CHECK(answer.find("Content-Length") == std::string::npos);
        CHECK(server->stats().accepted == 1);
    }

    TEST_CASE("a stream that is written and ended inside the handler is whole") {
        const auto server = serve([](const HttpRequest&, HttpResponder responder) {
            const auto stream = std::move(responder).begin({200, {}, {}});
            stream->write(text("ab"));
            stream->write(text("cd"));
            stream->end();
        });
        RawClient client(server->port());
        for (int i = 0; i < 3; ++i) {
            client.send(kGet);
            CHECK(client.receive_until("0\r\n\r\n").ends_with("\r\n\r\n4\r\nabcd\r\n0\r\n\r\n"));
        }
    }

    TEST_CASE("HTTP/1.0 gets a growing body without chunks, until the connection ends") {
        Streams streams;
        const auto server = serve(streams.handler());
        RawClient client(server->port());
        client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        const auto stream = streams.take();
        stream->write(text("one"));
        SUBCASE("ended") {
            stream->end();
            const std::string answer = client.receive_all();
            CHECK(answer.ends_with("\r\n\r\nhead;one"));
            CHECK(answer.find("\r\nConnection: close\r\n") != std::string::npos);
            CHECK(answer.find("Transfer-Encoding") == std::string::npos);
            CHECK_FALSE(client.was_reset());
        }
        SUBCASE("broken off, which must not look like the end") {
            client.receive_until("one");
            stream->abort();
            client.receive_all();
            CHECK(client.was_reset());
        }
    }

    TEST_CASE("HEAD gets the head of a growing body, and nobody wants the rest") {
        Streams streams;
        const auto server = serve(streams.handler());
        RawClient client(server->port());
        client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
        CHECK(client.receive(false).fields.at("transfer-encoding") == "chunked");
        const auto stream = streams.take();
        CHECK(eventually([&] { return !stream->write(text("x")); }));
        client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
        CHECK(client.receive(false).status == 200);
    }

    TEST_CASE("a stream that breaks off, or is dropped, ends the connection without a last chunk") {
        Streams streams;
        const auto server = serve(streams.handler());
        RawClient client(server->port());
        client.send(kGet);
        auto stream = streams.take();
        client.receive_until("head;\r\n");
        SUBCASE("abort") {
            stream->abort();
            CHECK_FALSE(stream->write(text("x")));
        }
        SUBCASE("dropped") {
            stream.reset();
        }
        CHECK(client.receive_all().find("0\r\n") == std::string::npos);
        CHECK(eventually([&] { return server->stats().connections == 0; }));
    }

    TEST_CASE("a client that does not read is cut off at the bound, and memory is let go") {
        Streams streams;
        const auto server = serve(streams.handler(), {.max_stream_behind = 100'000});
        RawClient client(server->port());
        client.send(kGet);
        const auto stream = streams.take();
        const auto content = std::make_shared<const std::string>(std::string(50'000, 'x'));
        const Bytes bytes = Bytes::share(content, std::as_bytes(std::span(*content)));
        std::size_t written = 0;
        while (written < 10'000 && stream->write(bytes)) ++written;
        CHECK(written >= 2);
        CHECK(written < 10'000);
        CHECK(eventually([&] { return server->stats().connections == 0; }));
        CHECK(eventually([&] { return content.use_count() == 2; }));
    }

    TEST_CASE("a stream's client that leaves is noticed though nothing is written") {
        std::atomic<int> gone = 0;
        std::promise<std::shared_ptr<BodyStream>> begun;
        const auto server = serve([&](const HttpRequest&, HttpResponder responder) {
            responder.on_abandoned([&] { ++gone; });
            const auto stream = std::move(responder).begin({200, {}, {}});
            stream->write(text("x"));
            begun.set_value(stream);
        });
        RawClient client(server->port());
        client.send(kGet);
        client.receive_until("x\r\n");
        SUBCASE("regularly") {
            client.leave();
        }
        SUBCASE("with a reset") {
            client.reset();
        }
        CHECK(eventually([&] { return gone == 1; }));
        CHECK_FALSE(begun.get_future().get()->write(text("x")));
    }
}

TEST_SUITE("net/http_server held requests") {
    TEST_CASE("who holds a request is told when its client leaves, also afterwards") {
        std::mutex mutex;
        std::optional<HttpResponder> held;
        std::atomic<int> gone = 0;
        const auto server = serve([&](const HttpRequest&, HttpResponder responder) {
            const std::lock_guard lock(mutex);
            responder.on_abandoned([&gone] { gone += 1; });
            held = std::move(responder);
        });
        const auto is_held = [&] {
            const std::lock_guard lock(mutex);
            return held.has_value();
        };
        RawClient client(server->port());
        client.send(kGet);
        CHECK(eventually(is_held));
        CHECK_FALSE(held->abandoned());
        SUBCASE("it leaves while it is watched") {
            client.leave();
            CHECK(eventually([&] { return gone == 1; }));
            CHECK(held->abandoned());
        }
        SUBCASE("it had left before") {
            held->on_abandoned({});
            client.leave();
            CHECK(eventually([&] { return held->abandoned(); }));
            const std::lock_guard lock(mutex);  // as a holder does; the callback comes elsewhere
            held->on_abandoned([&] {
                const std::lock_guard inner(mutex);
                gone += 10;
            });
        }
        SUBCASE("the server stops") {
            server->stop();
            CHECK(gone == 1);
            held->on_abandoned([&gone] { gone += 10; });
            CHECK(gone == 11);
        }
        CHECK(eventually([&] { return gone > 0; }));
    }

    TEST_CASE("an answer that arrives in time is no abandonment") {
        auto owned = std::make_shared<int>(0);
        std::atomic<int> gone = 0;
        const auto server = serve([&](const HttpRequest&, HttpResponder responder) {
            responder.on_abandoned([&gone, owned] { ++gone; });
            std::move(responder).respond({200, {}, text("ok")});
        });
        {
            RawClient client(server->port());
            CHECK(client.get("/").body == "ok");
            CHECK(eventually([&] { return owned.use_count() == 1; }));
        }
        CHECK(eventually([&] { return server->stats().connections == 0; }));
        CHECK(gone == 0);
    }

    TEST_CASE("the handler is told the client's address") {
        const auto server = serve(
            [](const HttpRequest& request, HttpResponder responder) {
                std::move(responder).respond({200, {}, text(request.peer)});
            },
            {.address = "::"});
        CHECK(RawClient(server->port()).get("/").body == "127.0.0.1");
    }
}

TEST_SUITE("net/http_server access") {
    TEST_CASE("each request that is over is told once") {
        Accesses accesses;
        Streams streams;
        const auto server = serve(
            [&](const HttpRequest& request, HttpResponder responder) {
                if (request.path == "/stream")
                    return streams.handler()(request, std::move(responder));
                std::move(responder).respond({404, {}, text("no")});
            },
            {.on_access = accesses.callback()});
        const auto before = std::chrono::system_clock::now();
        RawClient client(server->port());
        client.send("GET /a%20b?token=x HTTP/1.1\r\nHost: a\r\nUser-Agent: test/1\r\n\r\n");
        const RawAnswer answer = client.receive();
        const HttpAccess first = accesses.wait_for(0);
        CHECK(first.peer == "127.0.0.1");
        CHECK(first.method == "GET");
        CHECK(first.path == "/a b");
        CHECK(first.query == "token=x");
        CHECK(first.user_agent == "test/1");
        CHECK(first.status == 404);
        CHECK(first.bytes > answer.body.size());
        CHECK_FALSE(first.aborted);
        CHECK(first.time >= before);

        client.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
        const auto stream = streams.take();
        client.receive_until("head;\r\n");
        client.leave();
        const HttpAccess second = accesses.wait_for(1);
        CHECK(second.path == "/stream");
        CHECK(second.status == 200);
        CHECK(second.aborted);

        RawClient bad(server->port());
        bad.send("nonsense\r\n\r\n");
        CHECK(bad.receive().status == 400);
        const HttpAccess third = accesses.wait_for(2);
        CHECK(third.status == 400);
        CHECK(third.method.empty());
    }

    TEST_CASE("a client that leaves without an answer has no status") {
        Accesses accesses;
        std::mutex mutex;
        std::optional<HttpResponder> held;
        const auto server = serve(
            [&](const HttpRequest&, HttpResponder responder) {
                const std::lock_guard lock(mutex);
                held = std::move(responder);
            },
            {.on_access = accesses.callback()});
        RawClient client(server->port());
        client.send(kGet);
        CHECK(eventually([&] { return server->stats().requests == 1; }));
        client.leave();
        const HttpAccess access = accesses.wait_for(0);
        CHECK(access.status == 0);
        CHECK(access.aborted);
        CHECK(access.bytes == 0);
    }
}
