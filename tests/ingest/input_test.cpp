// SPDX-License-Identifier: MIT
#include "ingest/input.hpp"

#include <doctest/doctest.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "ingest/input_rig.hpp"
#include "ingest/tcp_server.hpp"
#include "support/clips.hpp"
#include "support/temporary_folder.hpp"

using namespace weir;
using namespace std::chrono_literals;
using ingest::Input;
using test::Rig;
using test::TcpServer;

namespace {

constexpr auto kKey = "s3cretkey";

Ingest pull(const std::string& url, std::chrono::milliseconds idle = 5000ms) {
    return RtmpPull{.url = url, .idle_timeout = idle};
}

// A port at which nobody listens any more.
std::string closed_url(const std::string& path) {
    const TcpServer server([](int) { return false; });
    return server.url(path);
}

// Whatever the server or GStreamer said, the key and its parts are not in it.
void check_secret(Rig& rig, std::initializer_list<const char*> secrets) {
    for (const auto& text : rig.lost()) {
        CHECK(text.starts_with("url: "));
        for (const char* secret : secrets) {
            CAPTURE(secret);
            CHECK(text.find(secret) == std::string::npos);
        }
    }
}

}  // namespace

TEST_SUITE("ingest/input") {
    TEST_CASE("a port that nobody listens at is tried again and again, and the key stays secret") {
        Rig rig(pull(closed_url(std::string("/live/") + kKey)));
        REQUIRE(rig.start());
        CHECK(rig.wait_lost(2));
        CHECK(rig.pacing() == media::Pacing::live);
        rig.stop();
        check_secret(rig, {kKey});
        CHECK(rig.lost().front().find("rtmp://127.0.0.1:") != std::string::npos);
        CHECK(rig.lost().front().find("/live/***") != std::string::npos);
    }

    TEST_CASE("the pause between attempts doubles up to a limit") {
        Rig rig(pull(closed_url("/live/key")));
        const auto begin = std::chrono::steady_clock::now();
        REQUIRE(rig.start());
        REQUIRE(rig.wait_lost(3));
        // 500 ms and 1000 ms lie between three attempts; a lower bound needs no quiet machine.
        CHECK(std::chrono::steady_clock::now() - begin >= 1500ms);
    }

    TEST_CASE("no part of a URL that may be secret is told") {
        Rig rig(pull("rtmp://joe:pa55word@127.0.0.1:1/live/str%65amkey?token=tok3n&x=1"));
        REQUIRE(rig.start());
        CHECK(rig.wait_lost(1));
        rig.stop();
        check_secret(rig, {"joe", "pa55word", "str%65amkey", "streamkey", "tok3n"});
    }

    TEST_CASE("a server that closes at once is an input that is lost") {
        const TcpServer server([](int) { return false; });
        Rig rig(pull(server.url(std::string("/live/") + kKey)));
        REQUIRE(rig.start());
        CHECK(rig.wait_lost(2));
        rig.stop();
        check_secret(rig, {kKey});
    }

    TEST_CASE("a server that sends garbage is an input that is lost") {
        for (const char fill : {'x', '\x03', '\xFF'}) {
            const TcpServer server([fill](int client) {
                std::string garbage(100'000, fill);
                garbage += kKey;
                ::send(client, garbage.data(), garbage.size(), MSG_NOSIGNAL);
                ::shutdown(client, SHUT_WR);
                return true;
            });
            Rig rig(pull(server.url(std::string("/live/") + kKey), 100ms));
            REQUIRE(rig.start());
            CHECK(rig.wait_lost(1));
            rig.stop();
            check_secret(rig, {kKey});
        }
    }

    TEST_CASE("a server that is silent is given up after the idle timeout") {
        const TcpServer server([](int) { return true; });
        Rig rig(pull(server.url(std::string("/live/") + kKey), 100ms));
        REQUIRE(rig.start());
        CHECK(rig.wait_lost(1));
        rig.stop();
        check_secret(rig, {kKey});
        CHECK(rig.lost().front().find("no data for") != std::string::npos);
    }

    TEST_CASE("stopping does not wait for a server that is silent") {
        std::mutex mutex;
        std::condition_variable changed;
        int clients = 0;
        const TcpServer server([&](int) {
            const std::lock_guard lock(mutex);
            ++clients;
            changed.notify_all();
            return true;
        });
        Rig rig(pull(server.url("/live/key"), 3600s));
        for (int round = 1; round <= 5; ++round) {
            REQUIRE(rig.start());
            if (round > 1) {  // the first one is stopped while it connects
                std::unique_lock lock(mutex);
                REQUIRE(changed.wait_for(lock, 20s, [&] { return clients >= round - 1; }));
            }
            const auto begin = std::chrono::steady_clock::now();
            rig.stop();
            // Far below the hour after which the server would be given up, far above a hiccup.
            CHECK(std::chrono::steady_clock::now() - begin < 5s);
        }
        CHECK(rig.lost().empty());
    }

    TEST_CASE("an unknown host is an input that is lost") {
        Rig rig(pull(std::string("rtmp://no-such-host.invalid/live/") + kKey, 100ms));
        REQUIRE(rig.start());
        CHECK(rig.wait_lost(1));
        rig.stop();
        check_secret(rig, {kKey});
    }

    TEST_CASE("a missing file is refused with its field and not tried again") {
        Rig rig(FileInput{.path = "no/such/clip.mp4"});
        const auto started = rig.start();
        REQUIRE_FALSE(started);
        CHECK(started.error().code == ErrorCode::not_found);
        CHECK(started.error().message == "path: no/such/clip.mp4: No such file or directory");
        CHECK(rig.lost().empty());
    }

    TEST_CASE("a file that is no media is lost with its field and tried again") {
        const test::TemporaryFolder folder;
        const auto file = folder.path("text.mp4");
        test::write_text(file, std::string(1000, 'x'));
        Rig rig(FileInput{.path = file});
        REQUIRE(rig.start());
        CHECK(rig.wait_lost(2));
        rig.stop();
        for (const auto& text : rig.lost()) CHECK(text.starts_with("path: " + file + ": "));
    }

    TEST_CASE("a file that lost its index is an input that is lost") {
        // decodebin may swallow the demultiplexer's error; then the watch finds it out.
        const test::TemporaryFolder folder;
        const auto file = folder.path("cut.mp4");
        test::make_clip(file,
                        "-f lavfi -i testsrc2=size=64x36:rate=25 -t 1 -c:v libx264 "
                        "-preset ultrafast -pix_fmt yuv420p");
        std::filesystem::resize_file(file, std::filesystem::file_size(file) - 200);
        Rig rig(FileInput{.path = file});
        REQUIRE(rig.start());
        CHECK(rig.wait_lost(1));
        rig.stop();
        CHECK(rig.lost().front().starts_with("path: " + file + ": "));
    }

    TEST_CASE("a file ends once; a looping one goes on in the same connection") {
        const test::TemporaryFolder folder;
        const auto file = folder.path("clip.mp4");
        test::make_clip(file,
                        "-f lavfi -i testsrc2=size=64x36:rate=25 -t 1 -c:v libx264 "
                        "-preset ultrafast -pix_fmt yuv420p");
        SUBCASE("once") {
            Rig rig(FileInput{.path = file});
            REQUIRE(rig.start());
            CHECK(rig.pacing() == media::Pacing::paced);
            CHECK(rig.wait_lost(1));
            rig.stop();
            CHECK(rig.lost().size() == 1);
            CHECK(rig.lost().front() == "path: " + file + ": end of file");
            CHECK(rig.sink()->frames().size() == 25);
            CHECK(rig.opened() == 1);
        }
        SUBCASE("for ever") {
            Rig rig(FileInput{.path = file, .loop = true}, {.room = 90});
            REQUIRE(rig.start());
            CHECK(rig.wait_connected(1));
            CHECK(rig.sink()->wait_full());
            rig.stop();
            CHECK(rig.lost().empty());
            CHECK(rig.opened() == 1);
            const auto sink = rig.sink();
            REQUIRE(sink->frames().size() == 90);
            for (std::size_t i = 0; i < 90; ++i) {
                CHECK(sink->frames()[i].pts == 40ms * static_cast<int>(i));
            }
        }
    }

    TEST_CASE("an input that was stopped can be started again, with a sink of its own") {
        Rig rig(TestPattern{.width = 64, .height = 36, .clock = false}, {.room = 10});
        REQUIRE(rig.start());
        CHECK(rig.wait_connected(1));
        rig.stop();
        REQUIRE(rig.start());
        CHECK(rig.wait_connected(2));
        CHECK(rig.opened() == 2);
        CHECK(rig.lost().empty());
    }

    TEST_CASE("an input may go while its source is at work") {
        for (int round = 0; round < 20; ++round) {
            Rig rig(TestPattern{.width = 64, .height = 36, .clock = false},
                    {.room = static_cast<std::size_t>(round % 3)});
            REQUIRE(rig.start());
            if (round % 2 == 1) CHECK(rig.sink()->wait_full());
        }
    }

    TEST_CASE("the field that says where an input comes from") {
        CHECK(ingest::source_field(TestPattern{}).empty());
        CHECK(ingest::source_field(FileInput{}) == "path");
        CHECK(ingest::source_field(RtmpPull{}) == "url");
    }
}
