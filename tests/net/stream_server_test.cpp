// SPDX-License-Identifier: MIT
#include "net/stream_server.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net/raw_client.hpp"

using namespace weir;
using namespace std::chrono_literals;
using net::StreamConnection;
using net::StreamServer;
using net::StreamServerOptions;

namespace {

// What the sessions of a server saw.
struct Seen {
    std::mutex mutex;
    std::condition_variable changed;
    std::string bytes;
    std::vector<std::string> reasons;
    std::vector<std::string> refused;

    void note(const std::function<void()>& change) {
        const std::lock_guard lock(mutex);
        change();
        changed.notify_all();
    }
    bool wait(const std::function<bool()>& condition) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, 20s, condition);
    }
    bool wait_reason(const std::string& reason) {
        return wait(
            [&] { return std::find(reasons.begin(), reasons.end(), reason) != reasons.end(); });
    }
};

using Act = std::function<void(StreamConnection&, std::string_view)>;

class Session final : public net::StreamSession {
public:
    Session(Seen& seen, StreamConnection& connection, Act act)
        : seen_(seen), connection_(connection), act_(std::move(act)) {}
    void on_bytes(std::span<const std::byte> bytes) override {
        std::string text;
        for (const std::byte byte : bytes) text += static_cast<char>(byte);
        seen_.note([&] { seen_.bytes += text; });
        if (act_) act_(connection_, text);
    }
    void on_closed(const std::string& reason) override {
        seen_.note([&] { seen_.reasons.push_back(reason); });
    }

private:
    Seen& seen_;
    StreamConnection& connection_;
    const Act act_;
};

std::unique_ptr<StreamServer> serve(Seen& seen, const StreamServerOptions& options, Act act = {}) {
    return StreamServer::create(
               options,
               [&seen, act](const std::shared_ptr<StreamConnection>& connection) {
                   return std::make_unique<Session>(seen, *connection, act);
               },
               [&seen](const std::string& peer) {
                   seen.note([&] { seen.refused.push_back(peer); });
               })
        .value();
}

std::vector<std::byte> octets(std::string_view text) {
    std::vector<std::byte> result;
    for (const char c : text) result.push_back(static_cast<std::byte>(c));
    return result;
}

}  // namespace

TEST_SUITE("net/stream_server") {
    TEST_CASE("bytes come and go, and all that was said before the end arrives") {
        Seen seen;
        const auto server = serve(seen, {}, [](StreamConnection& connection, std::string_view) {
            connection.send(octets(std::string(100'000, 'x')));
            connection.send(octets("bye"));
            connection.finish("enough");
        });
        test::RawClient client(server->port());
        client.send("hello");
        const auto answer = client.receive_all();
        CHECK(answer.size() == 100'003);
        CHECK(answer.ends_with("bye"));
        client.leave();
        CHECK(seen.wait_reason("enough"));
        CHECK(seen.wait([&] { return seen.bytes == "hello"; }));
        CHECK(server->connections() == 0);
    }

    TEST_CASE("a client that says nothing, or goes on for too long, is closed") {
        Seen seen;
        const auto server = serve(seen, {.setup_timeout = 200ms});
        test::RawClient silent(server->port());
        CHECK(silent.receive_all().empty());
        CHECK(seen.wait_reason("it took too long to say what it wants"));
        test::RawClient slow(server->port());
        while (slow.send("x")) std::this_thread::yield();  // until it is closed
        CHECK(seen.wait([&] { return seen.reasons.size() == 2; }));
    }

    TEST_CASE("after setup only silence ends it") {
        Seen seen;
        const auto server = serve(seen, {.setup_timeout = 300ms},
                                  [](StreamConnection& connection, std::string_view) {
                                      connection.expect_progress_every(100ms, "nothing came");
                                  });
        test::RawClient client(server->port());
        client.send("x");
        CHECK(client.receive_all().empty());
        CHECK(seen.wait_reason("nothing came for 100 ms"));
    }

    TEST_CASE("who is over the limit is closed at once") {
        Seen seen;
        const auto server = serve(seen, {.max_connections = 1});
        test::RawClient first(server->port());
        first.send("1");
        CHECK(seen.wait([&] { return seen.bytes == "1"; }));
        test::RawClient second(server->port());
        CHECK(second.receive_all().empty());
        CHECK(seen.wait([&] { return seen.refused.size() == 1; }));
        first.send("2");
        CHECK(seen.wait([&] { return seen.bytes == "12"; }));
        first.leave();
        CHECK(seen.wait_reason("the client left"));
    }

    TEST_CASE("a client that does not read is closed when too much waits for it") {
        Seen seen;
        const auto server = serve(seen, {.max_queue_bytes = 100'000},
                                  [](StreamConnection& connection, std::string_view) {
                                      for (int i = 0; i < 100; ++i) {
                                          connection.send(octets(std::string(100'000, 'x')));
                                      }
                                  });
        test::RawClient client(server->port());
        client.send("x");
        CHECK(seen.wait_reason("the client does not read what it is told"));
    }

    TEST_CASE("while it is paused nothing is read, and the silence does not count") {
        Seen seen;
        std::atomic<bool> begun = false;
        std::weak_ptr<StreamConnection> paused;  // the first one; before its first bytes
        const auto server =
            StreamServer::create(
                {},
                [&](const std::shared_ptr<StreamConnection>& connection) {
                    if (!begun.exchange(true)) paused = connection;
                    return std::make_unique<Session>(
                        seen, *connection, [](StreamConnection& self, std::string_view text) {
                            self.expect_progress_every(50ms, "nothing came");
                            if (text == "pause") self.pause();
                        });
                },
                [](const std::string&) {})
                .value();
        test::RawClient client(server->port());
        client.send("pause");
        REQUIRE(seen.wait([&] { return seen.bytes == "pause"; }));
        client.send("more");
        // Another connection's whole life, longer than the idle timeout of the first.
        {
            test::RawClient other(server->port());
            other.send("o");
            CHECK(other.receive_all().empty());
        }
        CHECK(seen.wait([&] { return seen.bytes == "pauseo"; }));
        const auto connection = paused.lock();
        REQUIRE(connection);
        connection->post([&] { connection->resume(); });
        CHECK(seen.wait([&] { return seen.bytes == "pauseomore"; }));
    }

    TEST_CASE("when the server goes all connections are told") {
        Seen seen;
        auto server = serve(seen, {});
        test::RawClient client(server->port());
        client.send("x");
        CHECK(seen.wait([&] { return seen.bytes == "x"; }));
        server.reset();
        CHECK(seen.reasons == std::vector<std::string>{"the server stops"});
        CHECK(client.receive_all().empty());
    }
}
