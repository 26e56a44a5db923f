// SPDX-License-Identifier: MIT
// What clients and handlers can do to the server: too slow, too many, too early, too late.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>

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

std::unique_ptr<HttpServer> serve_within(HttpHandler handler, HttpServerOptions options = {}) {
    auto server = HttpServer::create(options, std::move(handler));
    REQUIRE(server);
    return std::move(*server);
}

void say_ok(const HttpRequest&, HttpResponder responder) {
    std::move(responder).respond({200, {}, Bytes::from_string("ok")});
}

constexpr const char* kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

// Keeps requests unanswered until it is told otherwise.
class Holder {
public:
    HttpHandler handler() {
        return [this](const HttpRequest&, HttpResponder responder) {
            const std::lock_guard lock(mutex_);
            held_.push_back(std::move(responder));
        };
    }
    std::size_t count() {
        const std::lock_guard lock(mutex_);
        return held_.size();
    }
    void answer_all() {
        const std::lock_guard lock(mutex_);
        for (HttpResponder& responder : held_) {
            std::move(responder).respond({200, {}, Bytes::from_string("late")});
        }
        held_.clear();
    }
    void drop_all() {
        const std::lock_guard lock(mutex_);
        held_.clear();
    }

private:
    std::mutex mutex_;
    std::vector<HttpResponder> held_;
};

int open_descriptors() {
    int count = 0;
    for (int fd = 0; fd < 20'000; ++fd) count += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    return count;
}

}  // namespace

TEST_SUITE("net/http_server limits") {
    TEST_CASE("a header that trickles in is cut off at the total deadline") {
        const auto server = serve_within(say_ok, {.header_timeout = 300ms, .idle_timeout = 1h});
        RawClient client(server->port());
        SUBCASE("on a new connection") {}
        SUBCASE("on one that was served") {
            CHECK(client.get("/").status == 200);
        }
        client.send("GET / HTTP/1.1\r\n");
        // The end is what becomes readable; until then each byte would reset an inactivity timer.
        int sent = 0;
        while (sent < 1000 && !client.readable(20)) sent += client.send("x") ? 1 : 1000;
        CHECK(sent < 1000);
        CHECK(client.closed());
        CHECK(eventually([&] { return server->stats().connections == 0; }));
    }

    TEST_CASE(
        "a client that says nothing is closed at the header deadline, a served one when idle") {
        const auto server = serve_within(say_ok, {.header_timeout = 100ms, .idle_timeout = 150ms});
        CHECK(RawClient(server->port()).closed());
        RawClient served(server->port());
        CHECK(served.get("/").status == 200);
        CHECK(served.closed());
    }

    TEST_CASE("an answer that the client does not read is given up") {
        const Bytes body = Bytes::from_string(std::string(32'000'000, 'x'));
        const auto server = serve_within(
            [&](const HttpRequest&, HttpResponder responder) {
                std::move(responder).respond({200, {}, body});
            },
            {.header_timeout = 1h, .idle_timeout = 200ms});
        RawClient client(server->port());
        client.send(kGet);
        CHECK(eventually([&] { return server->stats().bytes_sent > 0; }));
        CHECK(eventually([&] { return server->stats().connections == 0; }));
        CHECK(client.receive().status == 0);
    }

    TEST_CASE("connections over the cap are closed at once and counted") {
        const auto server = serve_within(say_ok, {.max_connections = 2});
        std::optional<RawClient> first(server->port());
        RawClient second(server->port());
        CHECK(first->get("/").status == 200);
        CHECK(second.get("/").status == 200);
        RawClient third(server->port());
        CHECK(third.closed());
        CHECK(server->stats().refused == 1);
        CHECK(server->stats().connections == 2);
        first.reset();
        CHECK(eventually([&] { return server->stats().connections == 1; }));
        CHECK(RawClient(server->port()).get("/").status == 200);
    }

    TEST_CASE("a held request is answered from any thread") {
        Holder holder;
        const auto server = serve_within(holder.handler());
        RawClient client(server->port());
        client.send(std::string(kGet) + kGet);
        for (int i = 0; i < 2; ++i) {
            CHECK(eventually([&] { return holder.count() == 1; }));
            std::thread([&] { holder.answer_all(); }).join();
            CHECK(client.receive().body == "late");
        }
    }

    TEST_CASE("a request that nobody answers gets 500") {
        Holder holder;
        const auto server = serve_within(holder.handler());
        RawClient client(server->port());
        client.send(kGet);
        CHECK(eventually([&] { return holder.count() == 1; }));
        holder.drop_all();
        const RawAnswer answer = client.receive();
        CHECK(answer.status == 500);
        CHECK(answer.fields.at("access-control-allow-origin") == "*");
        const auto silent = serve_within([](const HttpRequest&, const HttpResponder&) {});
        CHECK(RawClient(silent->port()).get("/").status == 500);
    }

    TEST_CASE("a client that leaves while its request is held is noticed") {
        Holder holder;
        const auto server = serve_within(holder.handler());
        std::vector<RawClient> clients;
        for (int i = 0; i < 30; ++i) {
            clients.emplace_back(server->port());
            clients.back().send(i % 3 == 0 ? std::string(kGet) + kGet : kGet);
        }
        CHECK(eventually([&] { return holder.count() == 30; }));
        CHECK(server->stats().connections == 30);
        for (std::size_t i = 0; i < clients.size(); ++i) {
            i % 2 == 0 ? clients[i].leave() : clients[i].reset();
        }
        CHECK(eventually([&] { return server->stats().connections == 0; }));
        holder.answer_all();  // into the void
        CHECK(server->stats().requests == 30);
    }

    TEST_CASE("an answer may come when the server is gone") {
        Holder holder;
        auto server = serve_within(holder.handler(), {.stop_timeout = 10ms});
        RawClient client(server->port());
        client.send(kGet);
        CHECK(eventually([&] { return holder.count() == 1; }));
        SUBCASE("stopped") {
            server->stop();
        }
        SUBCASE("destroyed") {
            server.reset();
        }
        CHECK(client.closed());
        holder.answer_all();
    }

    TEST_CASE("stop lets answers under way end and closes idle connections at once") {
        Holder holder;
        const auto server = serve_within(holder.handler(), {.stop_timeout = 1h});
        RawClient waiting(server->port());
        RawClient idle(server->port());
        RawClient half(server->port());
        half.send("GET / HT");
        waiting.send(kGet);
        CHECK(eventually([&] { return holder.count() == 1 && server->stats().accepted == 3; }));
        auto stopped = std::async(std::launch::async, [&] { server->stop(); });
        CHECK(idle.closed());
        CHECK(half.closed());
        holder.answer_all();
        const RawAnswer answer = waiting.receive();
        CHECK(answer.body == "late");
        CHECK(answer.fields.at("connection") == "close");
        CHECK(waiting.closed());
        waiting.leave();
        stopped.get();
        CHECK_FALSE(RawClient(server->port()).connected());
        server->stop();  // harmless
    }

    TEST_CASE("after stop under load no handler runs") {
        std::atomic<bool> stopped = false;
        std::atomic<int> handled = 0;
        std::atomic<int> handled_late = 0;
        const Bytes body = Bytes::from_string(std::string(300'000, 'x'));
        const auto server = serve_within(
            [&](const HttpRequest&, HttpResponder responder) {
                if (stopped) ++handled_late;
                ++handled;
                std::move(responder).respond({200, {}, body});
            },
            {.stop_timeout = 50ms});
        const int port = server->port();
        std::vector<std::thread> clients;
        for (int i = 0; i < 8; ++i) {
            clients.emplace_back([port] {
                RawClient client(port);
                while (client.get("/").status == 200) {
                }
            });
        }
        CHECK(eventually([&] { return handled > 100; }));
        server->stop();
        stopped = true;
        for (std::thread& client : clients) client.join();
        CHECK(handled_late == 0);
        CHECK(server->stats().connections == 0);
    }

    TEST_CASE("a thousand hostile clients leave nothing behind") {
        auto fd = std::make_shared<int>(memfd_create("test", MFD_CLOEXEC));
        REQUIRE(ftruncate(*fd, 4'000'000) == 0);
        const int before = open_descriptors();
        const auto server = serve_within([&](const HttpRequest&, HttpResponder responder) {
            std::move(responder).respond({200, {}, Bytes::from_file(fd, 0, 4'000'000)});
        });
        const int running = open_descriptors();
        CHECK(running > before);
        for (int i = 0; i < 1000; ++i) {
            RawClient client(server->port());
            switch (i % 8) {
                case 0:
                    break;
                case 1:
                    client.send("GET / HTTP/1.1\r\nHo");
                    break;
                case 2:
                    client.send(kGet);
                    break;  // and does not read 4 MB
                case 3:
                    client.send("\xff\xfe\x00garbage\r\n\r\n");
                    break;
                case 4:
                    client.send(std::string(20'000, '\n'));
                    break;
                case 5:
                    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx");
                    break;
                case 6:
                    client.send(kGet);
                    CHECK(client.readable(RawClient::kPatienceMs));
                    break;
                default:
                    for (int j = 0; j < 100; ++j) client.send(kGet);
                    client.half_close();
            }
            if (i % 3 == 0) client.reset();
        }
        CHECK(eventually([&] { return server->stats().accepted == 1000; }));
        CHECK(eventually([&] { return server->stats().connections == 0; }));
        CHECK(open_descriptors() == running);
        CHECK(RawClient(server->port()).get("/").status == 200);
        server->stop();
    }

    TEST_CASE("without free descriptors new clients wait, and are served when there are some") {
        const auto server = serve_within(say_ok, {.threads = 1});
        RawClient served(server->port());
        CHECK(served.get("/").status == 200);
        RawClient waiting;  // has its socket, but no connection yet
        std::vector<int> hoard;
        rlimit former{};
        getrlimit(RLIMIT_NOFILE, &former);
        rlimit low = former;
        low.rlim_cur = 64;
        setrlimit(RLIMIT_NOFILE, &low);
        for (int fd = 0; (fd = dup(0)) >= 0;) hoard.push_back(fd);
        CHECK(waiting.connect_to(server->port()));
        waiting.send(kGet);
        CHECK_FALSE(waiting.readable(250));
        CHECK(served.get("/").status == 200);
        for (const int fd : hoard) close(fd);
        setrlimit(RLIMIT_NOFILE, &former);
        CHECK(waiting.receive().status == 200);
    }
}
