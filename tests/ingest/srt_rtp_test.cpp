// SPDX-License-Identifier: MIT
// Transport streams from real peers on loopback: SRT both ways, RTP, UDP, multicast.
#include <doctest/doctest.h>

#include <span>
#include <string>

#include "ingest/input_rig.hpp"
#include "ingest/peers.hpp"
#include "support/clips.hpp"
#include "support/temporary_folder.hpp"

using namespace weir;
using namespace std::chrono_literals;
using test::Player;
using test::Process;
using test::Rig;

namespace {

// Pictures of the clip's hundred that come while the sender is there: the last ones wait for more
// in parser and decoder.
constexpr std::size_t kSure = 70;
constexpr auto kPhrase = "correct horse battery";

// Four seconds with B-frames and a keyframe every half second.
std::string make_clip(const test::TemporaryFolder& folder, const std::string& more = "") {
    auto file = folder.path("clip.ts");
    test::make_clip(
        file, "-f lavfi -i testsrc2=size=64x36:rate=25 -f lavfi -i sine=sample_rate=48000 " + more +
                  " -t 4 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 12 -bf 2 -c:a "
                  "aac -f mpegts");
    return file;
}

Process send(const std::string& file, const std::string& url, bool loop = false) {
    return Process({"ffmpeg", "-nostdin", "-v", "quiet", "-re", "-stream_loop", loop ? "-1" : "0",
                    "-i", file, "-c", "copy", "-f",
                    url.starts_with("rtp") ? "rtp_mpegts" : "mpegts", url});
}

std::string srt(int port, const std::string& query = "") {
    return "srt://127.0.0.1:" + std::to_string(port) + "?mode=caller&pkt_size=1316" + query;
}

// The pictures lie in even steps; `missing` may have been lost at the beginning.
void check_media(Rig& rig, std::size_t frames, std::size_t missing = 0) {
    const auto sink = rig.sink();
    CHECK(sink->frames().size() >= frames - missing);
    CHECK(sink->frames().size() <= frames);
    CHECK(test::wrong_steps(sink->frames(), 40e6, 20e3) == 0);
    REQUIRE_FALSE(sink->packets().empty());
    REQUIRE_FALSE(sink->frames().empty());
    // Both begin together in the file; what began late lost a group of pictures.
    CHECK(std::chrono::abs(sink->packets().front().pts - sink->frames().front().pts) < 700ms);
}

void check_no_secret(Rig& rig, std::initializer_list<std::string> secrets) {
    for (const auto& text : rig.lost()) {
        for (const auto& secret : secrets) CHECK(text.find(secret) == std::string::npos);
    }
}

}  // namespace

TEST_SUITE("ingest/srt") {
    TEST_CASE("a caller's stream comes whole; it goes, and another one is taken") {
        const test::TemporaryFolder folder;
        const auto file = make_clip(folder);
        const int port = test::free_udp_port();
        Rig rig(SrtListen{.address = "127.0.0.1", .port = port});
        REQUIRE(rig.start());
        CHECK(rig.pacing() == media::Pacing::live);
        for (std::size_t round = 1; round <= 2; ++round) {
            auto caller = send(file, srt(port));
            CHECK(rig.wait_connected(static_cast<int>(round)));
            CHECK(rig.sink()->wait(kSure, 10));
            CHECK(caller.wait() == 0);
            REQUIRE(rig.wait_lost(round));
            CHECK(rig.wait_opened(round + 1));
        }
        rig.stop();
        CHECK(rig.lost()[0] == "port: the sender left");
        CHECK(rig.connected() == 2);
        for (const std::size_t connection : {0U, 1U}) {
            const auto sink = rig.sink(connection);
            REQUIRE(sink->frames().size() >= kSure);
            // What waits for its time in libsrt when the caller closes is lost, and the B-frames
            // among it are a hole before the last picture.
            const auto all = std::span(sink->frames());
            CHECK(test::wrong_steps(all.first(all.size() - 3), 40e6, 20e3) == 0);
            CHECK(std::chrono::abs(sink->packets().front().pts - sink->frames().front().pts) <
                  100ms);
        }
    }

    TEST_CASE("access units come as they are, and nothing is decoded for who wants only them") {
        const test::TemporaryFolder folder;
        const auto file = make_clip(folder);
        const int port = test::free_udp_port();
        // A latency that outlasts a busy machine: what is late is dropped.
        Rig rig(SrtListen{.address = "127.0.0.1", .port = port, .latency = 1s},
                {.raw = false, .units = true});
        REQUIRE(rig.start());
        auto caller = send(file, srt(port), true);
        CHECK(rig.wait_connected(1));
        CHECK(rig.info().video == "x-h264");
        const auto units = rig.units();
        REQUIRE(units->wait(97, 100));
        rig.stop();
        CHECK(rig.sink()->frames().empty());
        REQUIRE_FALSE(units->video_caps().empty());
        CHECK(units->video_caps().front().find("byte-stream") != std::string::npos);
        CHECK(units->video_caps().front().find("alignment=(string)au") != std::string::npos);
        CHECK(units->video_caps().front().find("width=(int)64") != std::string::npos);
        CHECK(units->audio_caps().front().find("framed=(boolean)true") != std::string::npos);
        for (std::size_t i = 0; i < 97; ++i) {
            CHECK(units->video()[i].keyframe == (i % 12 == 0));
            CHECK(units->video()[i].pts >= units->video()[i].dts);
            if (i == 0) continue;
            const auto step = units->video()[i].dts - units->video()[i - 1].dts;
            CHECK(std::chrono::abs(step - 40ms) < 20us);
        }
        for (std::size_t i = 1; i < 100; ++i) {
            const auto step = units->audio()[i].pts - units->audio()[i - 1].pts;
            CHECK(std::chrono::abs(step - 21'333us) < 30us);
        }
    }

    TEST_CASE("the stream id and the passphrase must be right") {
        const test::TemporaryFolder folder;
        const auto file = make_clip(folder);
        const int port = test::free_udp_port();
        const std::string id = "studio7key";
        Rig rig(SrtListen{
            .address = "127.0.0.1", .port = port, .stream_id = id, .passphrase = kPhrase});
        REQUIRE(rig.start());
        const std::string phrase = std::string("&passphrase=") + kPhrase;
        CHECK(send(file, srt(port, "&streamid=other" + phrase)).wait() != 0);
        CHECK(send(file, srt(port, phrase)).wait() != 0);
        CHECK(send(file, srt(port, "&streamid=" + id)).wait() != 0);
        CHECK(send(file, srt(port, "&streamid=" + id + "&passphrase=wrong horse battery")).wait() !=
              0);
        CHECK(rig.connected() == 0);
        auto caller = send(file, srt(port, "&streamid=" + id + phrase));
        CHECK(rig.wait_connected(1));
        CHECK(rig.sink(rig.opened() - 1)->wait(60, 10));
        rig.stop();
        check_media(rig, 100, 100 - 60);
        check_no_secret(rig, {id, kPhrase});
    }

    TEST_CASE("a second caller is refused while one is there") {
        const test::TemporaryFolder folder;
        const auto file = make_clip(folder);
        const int port = test::free_udp_port();
        Rig rig(SrtListen{.address = "127.0.0.1", .port = port});
        REQUIRE(rig.start());
        auto first = send(file, srt(port), true);
        REQUIRE(rig.wait_connected(1));
        CHECK(send(file, srt(port)).wait() != 0);
        CHECK(rig.sink()->wait(90, 10));
        CHECK(rig.lost().empty());
    }

    TEST_CASE("waiting for a caller is no loss, a caller that is silent is one") {
        const int port = test::free_udp_port();
        Rig rig(SrtListen{.address = "127.0.0.1", .port = port, .idle_timeout = 100ms});
        REQUIRE(rig.start());
        // Far longer than the timeout and the watch's period, as the two later losses show.
        Player silent(
            "fakesrc num-buffers=1 sizetype=fixed sizemax=188 filltype=zero ! srtsink "
            "uri=srt://127.0.0.1:" +
            std::to_string(port) + "?mode=caller sync=false");
        CHECK(rig.wait_lost(1));
        rig.stop();
        CHECK(rig.lost().front().starts_with("port: "));
    }

    TEST_CASE("a port that is taken is told, and tried again") {
        const int port = test::free_udp_port();
        const Player other("udpsrc reuse=false address=127.0.0.1 port=" + std::to_string(port) +
                           " ! fakesink");
        Rig rig(SrtListen{.address = "127.0.0.1", .port = port});
        REQUIRE(rig.start());
        CHECK(rig.wait_lost(2));
        rig.stop();
        CHECK(rig.lost().front().starts_with("port: "));
    }

    TEST_CASE("stopping does not wait for a caller, nor for one that is silent") {
        const int port = test::free_udp_port();
        Rig rig(SrtListen{.address = "127.0.0.1", .port = port, .idle_timeout = 3600s});
        for (int round = 0; round < 4; ++round) {
            REQUIRE(rig.start());
            const auto begin = std::chrono::steady_clock::now();
            rig.stop();
            CHECK(std::chrono::steady_clock::now() - begin < 5s);
        }
    }

    TEST_CASE("we call a listener, and call again when it comes back") {
        const test::TemporaryFolder folder;
        const auto file = make_clip(folder);
        const int port = test::free_udp_port();
        Rig rig(SrtCall{
            .host = "localhost", .port = port, .stream_id = "studio7key", .passphrase = kPhrase});
        REQUIRE(rig.start());
        CHECK(rig.wait_lost(1));  // nobody listens yet
        const std::string listener = "srt://127.0.0.1:" + std::to_string(port) +
                                     "?mode=listener&pkt_size=1316&passphrase=" + kPhrase;
        for (int round = 1; round <= 2; ++round) {
            auto server = send(file, listener, true);
            REQUIRE(rig.wait_connected(round));
            const auto before = rig.lost().size();
            CHECK(rig.sink()->wait(60, 10));
            server.kill();
            CHECK(rig.wait_lost(before + 1));
        }
        rig.stop();
        for (const auto& text : rig.lost()) CHECK(text.starts_with("host: "));
        check_no_secret(rig, {"studio7key", kPhrase});
    }

    TEST_CASE("a listener that refuses our passphrase, and a host nobody knows, are lost") {
        const test::TemporaryFolder folder;
        const auto file = make_clip(folder);
        const int port = test::free_udp_port();
        auto server =
            send(file,
                 "srt://127.0.0.1:" + std::to_string(port) + "?mode=listener&passphrase=" + kPhrase,
                 true);
        Rig wrong(SrtCall{.host = "127.0.0.1", .port = port, .passphrase = "wrong passphrase"});
        REQUIRE(wrong.start());
        CHECK(wrong.wait_lost(2));
        CHECK(wrong.connected() == 0);
        wrong.stop();
        check_no_secret(wrong, {"wrong passphrase"});

        Rig unknown(SrtCall{.host = "no-such-host.invalid", .port = 9});
        REQUIRE(unknown.start());
        CHECK(unknown.wait_lost(1));
        unknown.stop();
        CHECK(unknown.lost().front().find("no-such-host.invalid") != std::string::npos);
    }
}

TEST_SUITE("ingest/rtp") {
    TEST_CASE("a stream comes whole by RTP and by UDP, and again when the sender comes back") {
        const test::TemporaryFolder folder;
        const auto file = make_clip(folder);
        for (const auto transport : {TsTransport::rtp, TsTransport::udp}) {
            const bool rtp = transport == TsTransport::rtp;
            CAPTURE(rtp);
            const int port = test::free_udp_port();
            Rig rig(RtpListen{.address = "127.0.0.1",
                              .port = port,
                              .transport = transport,
                              .idle_timeout = 3000ms});
            REQUIRE(rig.start());
            const std::string url = (rtp ? "rtp" : "udp") + std::string("://127.0.0.1:") +
                                    std::to_string(port) + "?pkt_size=1316";
            const int rounds = rtp ? 2 : 1;  // the same code either way
            for (int round = 1; round <= rounds; ++round) {
                auto sender = send(file, url);
                CHECK(rig.wait_connected(round));
                CHECK(rig.sink()->wait(kSure, 10));
                CHECK(sender.wait() == 0);
                CHECK(rig.wait_lost(static_cast<std::size_t>(round)));
            }
            CHECK(rig.wait_opened(rounds + 1));
            rig.stop();
            CHECK(rig.lost().front().starts_with("port: no media for "));
            for (std::size_t connection = 0; connection < static_cast<std::size_t>(rounds);
                 ++connection) {
                const auto sink = rig.sink(connection);
                CHECK(sink->frames().size() >= kSure);
                CHECK(test::wrong_steps(sink->frames(), 40e6, 20e3) == 0);
            }
        }
    }

    TEST_CASE("a multicast group is joined on the interface that is named") {
        const test::TemporaryFolder folder;
        const auto file = make_clip(folder);
        const int port = test::free_udp_port();
        Rig rig(RtpListen{.address = "239.255.77.1",
                          .port = port,
                          .interface = "lo",
                          .transport = TsTransport::udp});
        REQUIRE(rig.start());
        auto sender = send(file,
                           "udp://239.255.77.1:" + std::to_string(port) +
                               "?pkt_size=1316&localaddr=127.0.0.1&ttl=0",
                           true);
        CHECK(rig.wait_connected(1));
        CHECK(rig.sink()->wait(50, 10));
    }

    TEST_CASE("waiting for a sender is no loss, and noise is") {
        const int port = test::free_udp_port();
        Rig rig(RtpListen{.address = "127.0.0.1",
                          .port = port,
                          .transport = TsTransport::udp,
                          .idle_timeout = 100ms});
        REQUIRE(rig.start());
        const Player noise(
            "fakesrc sizetype=fixed sizemax=1316 filltype=zero num-buffers=400 ! "
            "udpsink sync=false host=127.0.0.1 port=" +
            std::to_string(port));
        CHECK(rig.wait_lost(1));
        rig.stop();
        CHECK(rig.lost().front().starts_with("port: "));
    }

    TEST_CASE("a port that is taken is told") {
        const int port = test::free_udp_port();
        const Player other("udpsrc reuse=false address=127.0.0.1 port=" + std::to_string(port) +
                           " ! fakesink");
        Rig rig(RtpListen{.address = "127.0.0.1", .port = port});
        REQUIRE(rig.start());
        CHECK(rig.wait_lost(1));
        rig.stop();
        CHECK(rig.lost().front().starts_with("port: "));
    }

    TEST_CASE("the programme of the selection is decoded, over the wrap of its times") {
        const test::TemporaryFolder folder;
        const auto file = folder.path("two.ts");
        test::make_clip(file,
                        "-f lavfi -i color=black:size=64x36:rate=25 -f lavfi -i "
                        "color=white:size=64x36:rate=25 -f lavfi -i sine=sample_rate=48000 -t 4 "
                        "-map 0:v -map 1:v -map 2:a -program program_num=1:st=0 -program "
                        "program_num=2:st=1:st=2 -c:v libx264 -preset ultrafast -pix_fmt yuv420p "
                        "-g 12 -bf 2 -c:a aac -output_ts_offset 95441.5 -f mpegts");
        const int port = test::free_udp_port();
        Rig rig(RtpListen{.address = "127.0.0.1",
                          .port = port,
                          .transport = TsTransport::udp,
                          .select = {.programme = 2}});
        REQUIRE(rig.start());
        const Player player(
            "filesrc location=" + file +
            " blocksize=1316 ! udpsink sync=false host=127.0.0.1 port=" + std::to_string(port));
        CHECK(rig.wait_connected(1));
        CHECK(rig.sink()->wait(kSure, 10));
        rig.stop();
        check_media(rig, 100, 100 - kSure);
        for (const auto& frame : rig.sink()->frames()) {
            CHECK(test::brightness(frame.buffer.get(), 64, 36) > 200);
        }
    }
}
