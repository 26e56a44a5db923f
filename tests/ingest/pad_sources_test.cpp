// SPDX-License-Identifier: MIT
// What elements deliver on pads: HLS, RTSP, and what the host's own elements make.
#include <doctest/doctest.h>
#include <gst/rtsp-server/rtsp-server.h>

#include <filesystem>
#include <functional>
#include <string>

#include "base/callback.hpp"
#include "ingest/input_rig.hpp"
#include "ingest/peers.hpp"
#include "ingest/tcp_server.hpp"
#include "support/clips.hpp"
#include "support/temporary_folder.hpp"

using namespace weir;
using namespace std::chrono_literals;
using test::Rig;

namespace {

constexpr auto kPictures = "-f lavfi -i testsrc2=size=64x36:rate=25 ";
constexpr auto kSound = "-f lavfi -i sine=sample_rate=48000 ";
constexpr auto kCodecs = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 25 -bf 2 -c:a aac ";

// Serves the files of a folder by HTTP; `change` may alter what is sent.
class HttpFolder {
public:
    explicit HttpFolder(std::string folder)
        : folder_(std::move(folder)), server_([this](int client) { return serve(client); }) {}

    [[nodiscard]] std::string url(const std::string& path) const {
        return "http://127.0.0.1:" + std::to_string(server_.port()) + path;
    }
    int requests() const { return requests_; }

private:
    bool serve(int client) {
        ++requests_;
        std::string request;
        char piece[2048];
        while (request.find("\r\n\r\n") == request.npos) {
            const auto size = ::recv(client, piece, sizeof piece, 0);
            if (size <= 0) return false;
            request.append(piece, static_cast<std::size_t>(size));
        }
        const auto begin = request.find(' ') + 1;
        const auto path = request.substr(begin, request.find_first_of(" ?", begin) - begin);
        const bool found = std::filesystem::is_regular_file(folder_ + path);
        std::string answer = found ? "HTTP/1.1 200 OK\r\n" : "HTTP/1.1 404 Not Found\r\n";
        std::string body = "nothing";
        if (found) {
            const auto bytes = test::read_bytes(folder_ + path);
            body.resize(bytes.size());
            std::transform(bytes.begin(), bytes.end(), body.begin(),
                           [](std::byte b) { return static_cast<char>(b); });
        }
        answer += "Content-Length: " + std::to_string(body.size()) +
                  "\r\nConnection: close\r\n\r\n" + body;
        std::size_t sent = 0;
        while (sent < answer.size()) {
            const auto size =
                ::send(client, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
            if (size <= 0) break;
            sent += static_cast<std::size_t>(size);
        }
        ::shutdown(client, SHUT_WR);
        return false;
    }

    const std::string folder_;
    std::atomic<int> requests_{0};
    test::TcpServer server_;
};

// An RTSP server with one stream at /live; `user` and `password` if it asks for them.
class RtspServer {
public:
    explicit RtspServer(const std::string& launch, const std::string& user = "",
                        const std::string& password = "")
        : context_(g_main_context_new()), loop_(g_main_loop_new(context_, FALSE)) {
        server_ = base::adopt_object(gst_rtsp_server_new());
        gst_rtsp_server_set_address(server_.get(), "127.0.0.1");
        gst_rtsp_server_set_service(server_.get(), "0");
        GstRTSPMountPoints* mounts = gst_rtsp_server_get_mount_points(server_.get());
        GstRTSPMediaFactory* factory = gst_rtsp_media_factory_new();
        gst_rtsp_media_factory_set_launch(factory, launch.c_str());
        gst_rtsp_media_factory_set_shared(factory, TRUE);
        if (!user.empty()) {
            GstRTSPAuth* auth = gst_rtsp_auth_new();
            GstRTSPToken* token = gst_rtsp_token_new(GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE,
                                                     G_TYPE_STRING, "user", nullptr);
            const base::GString basic(gst_rtsp_auth_make_basic(user.c_str(), password.c_str()));
            gst_rtsp_auth_add_basic(auth, basic.get(), token);
            gst_rtsp_token_unref(token);
            gst_rtsp_server_set_auth(server_.get(), auth);
            g_object_unref(auth);
            gst_rtsp_media_factory_add_role(
                factory, "user", GST_RTSP_PERM_MEDIA_FACTORY_ACCESS, G_TYPE_BOOLEAN, TRUE,
                GST_RTSP_PERM_MEDIA_FACTORY_CONSTRUCT, G_TYPE_BOOLEAN, TRUE, nullptr);
        }
        gst_rtsp_mount_points_add_factory(mounts, "/live", factory);
        g_object_unref(mounts);
        gst_rtsp_server_attach(server_.get(), context_);
        thread_ = std::thread([this] {
            g_main_context_push_thread_default(context_);
            g_main_loop_run(loop_);
            g_main_context_pop_thread_default(context_);
        });
    }
    RtspServer(const RtspServer&) = delete;
    RtspServer& operator=(const RtspServer&) = delete;
    ~RtspServer() {
        disconnect();
        g_main_loop_quit(loop_);
        thread_.join();
        server_.reset();
        g_main_loop_unref(loop_);
        g_main_context_unref(context_);
    }

    void disconnect() {
        g_list_free_full(
            gst_rtsp_server_client_filter(
                server_.get(),
                +[](GstRTSPServer*, GstRTSPClient*, gpointer) { return GST_RTSP_FILTER_REMOVE; },
                nullptr),
            g_object_unref);
    }
    [[nodiscard]] std::string url(const std::string& user = "") const {
        return "rtsp://" + user +
               "127.0.0.1:" + std::to_string(gst_rtsp_server_get_bound_port(server_.get())) +
               "/live";
    }

private:
    GMainContext* context_;
    GMainLoop* loop_;
    base::ObjectPtr<GstRTSPServer> server_;
    std::thread thread_;
};

constexpr auto kCamera =
    "( videotestsrc is-live=true ! video/x-raw,width=64,height=36,framerate=25/1 ! x264enc "
    "speed-preset=ultrafast tune=zerolatency key-int-max=12 ! rtph264pay name=pay0 pt=96 "
    "audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=2 ! avenc_aac ! aacparse ! "
    "rtpmp4gpay name=pay1 pt=97 )";

void check_even(Rig& rig, std::size_t frames, double tolerance_ns) {
    const auto sink = rig.sink();
    CHECK(sink->frames().size() >= frames);
    CHECK(test::wrong_steps(sink->frames(), 40e6, tolerance_ns) == 0);
}

}  // namespace

TEST_SUITE("ingest/hls_pull") {
    TEST_CASE("a finished playlist comes whole, in TS and in fragmented MP4, and is over then") {
        const test::TemporaryFolder folder;
        for (const std::string& type : {std::string("mpegts"), std::string("fmp4")}) {
            CAPTURE(type);
            test::make_clip(folder.path(type + ".m3u8"),
                            std::string(kPictures) + kSound + "-t 6 " + kCodecs +
                                "-f hls -hls_time 1 -hls_playlist_type vod -hls_segment_type " +
                                type + " -hls_fmp4_init_filename " + type +
                                "_init.mp4 -hls_segment_filename '" + folder.path(type) +
                                "_%d.seg'");
            const HttpFolder server(folder.path());
            Rig rig(HlsPull{.url = server.url("/" + type + ".m3u8?token=s3cret")});
            REQUIRE(rig.start());
            CHECK(rig.pacing() == media::Pacing::paced);
            CHECK(rig.wait_lost(1));
            rig.stop();
            CHECK(rig.opened() == 1);
            CHECK(rig.lost().front().ends_with("the stream ended"));
            CHECK(rig.lost().front().find("s3cret") == std::string::npos);
            CHECK(rig.sink()->frames().size() == 150);
            check_even(rig, 150, 20e3);
            CHECK(rig.sink()->packets().size() > 270);
        }
    }

    TEST_CASE("a full sink holds it up, which is no silence") {
        const test::TemporaryFolder folder;
        test::make_clip(folder.path("vod.m3u8"), std::string(kPictures) + "-t 20 " + kCodecs +
                                                     "-f hls -hls_time 1 -hls_playlist_type vod");
        const HttpFolder server(folder.path());
        Rig rig(HlsPull{.url = server.url("/vod.m3u8"), .idle_timeout = 100ms}, {.room = 30});
        REQUIRE(rig.start());
        CHECK(rig.wait_connected(1));
        CHECK(rig.sink()->wait_full());
        rig.stop();
        CHECK(rig.lost().empty());
        CHECK(rig.sink()->frames().size() == 30);
    }

    TEST_CASE("a live playlist goes on while it grows") {
        const test::TemporaryFolder folder;
        const HttpFolder server(folder.path());
        const test::Process encoder({"ffmpeg",
                                     "-nostdin",
                                     "-v",
                                     "quiet",
                                     "-re",
                                     "-f",
                                     "lavfi",
                                     "-i",
                                     "testsrc2=size=64x36:rate=25",
                                     "-f",
                                     "lavfi",
                                     "-i",
                                     "sine=sample_rate=48000",
                                     "-c:v",
                                     "libx264",
                                     "-preset",
                                     "ultrafast",
                                     "-pix_fmt",
                                     "yuv420p",
                                     "-g",
                                     "25",
                                     "-c:a",
                                     "aac",
                                     "-f",
                                     "hls",
                                     "-hls_time",
                                     "1",
                                     "-hls_list_size",
                                     "6",
                                     "-hls_flags",
                                     "temp_file",
                                     folder.path("live.m3u8")});
        Rig rig(HlsPull{.url = server.url("/live.m3u8")});
        REQUIRE(rig.start());
        CHECK(rig.wait_connected(1));
        CHECK(rig.sink(rig.opened() - 1)->wait(150, 100));
        rig.stop();
        check_even(rig, 150, 20e3);
    }

    TEST_CASE("what is not there is lost and tried again, without its token") {
        const test::TemporaryFolder folder;
        const HttpFolder server(folder.path());
        Rig rig(HlsPull{.url = server.url("/none.m3u8?token=s3cret")});
        REQUIRE(rig.start());
        CHECK(rig.wait_lost(2));
        rig.stop();
        for (const auto& text : rig.lost()) {
            CHECK(text.starts_with("url: "));
            CHECK(text.find("s3cret") == std::string::npos);
        }
    }
}

TEST_SUITE("ingest/rtsp_pull") {
    TEST_CASE("a camera's stream comes by TCP and by UDP, and again after it was cut") {
        for (const auto transport : {RtspTransport::tcp, RtspTransport::udp}) {
            CAPTURE(transport == RtspTransport::tcp);
            RtspServer server(kCamera);
            Rig rig(RtspPull{.url = server.url(), .transport = transport, .idle_timeout = 3000ms});
            REQUIRE(rig.start());
            CHECK(rig.wait_connected(1));
            CHECK(rig.sink()->wait(50, 50));
            server.disconnect();
            CHECK(rig.wait_lost(1));
            CHECK(rig.wait_connected(2));
            CHECK(rig.sink(rig.opened() - 1)->wait(25, 20));
            rig.stop();
            const auto sink = rig.sink(0);
            // The first sender reports (RFC 3550 6.4) may move the streams against each other once.
            CHECK(test::wrong_steps(sink->frames(), 40e6, 20e6) <= 1);
            CHECK(std::chrono::abs(sink->packets().front().pts - sink->frames().front().pts) <
                  500ms);
        }
    }

    TEST_CASE("user and password open it, and are never told") {
        const RtspServer server(kCamera, "joe", "pa55word");
        Rig right(RtspPull{.url = server.url("joe:pa55word@")});
        REQUIRE(right.start());
        CHECK(right.wait_connected(1));
        Rig wrong(RtspPull{.url = server.url("joe:wr0ngword@")});
        REQUIRE(wrong.start());
        CHECK(wrong.wait_lost(1));
        wrong.stop();
        for (const auto& text : wrong.lost()) {
            CHECK(text.starts_with("url: "));
            CHECK(text.find("wr0ngword") == std::string::npos);
            CHECK(text.find("joe") == std::string::npos);
        }
    }

    TEST_CASE("a server that is not there is lost and tried again") {
        Rig rig(RtspPull{.url = "rtsp://127.0.0.1:1/live"});
        REQUIRE(rig.start());
        CHECK(rig.wait_lost(2));
    }
}

TEST_SUITE("ingest/gst_input") {
    TEST_CASE("raw media that goes on is not taken for silence") {
        Rig rig(GstInput{.launch = "videotestsrc is-live=true ! "
                                   "capsfilter caps=video/x-raw,width=64,height=36,framerate=25/1",
                         .live = true,
                         .idle_timeout = 1s});
        REQUIRE(rig.start());
        CHECK(rig.sink()->wait(75, 0));
        CHECK(rig.lost().empty());
        rig.stop();
    }

    TEST_CASE("raw media of a launch line comes, several pads of it") {
        Rig rig(GstInput{
            .launch = "videotestsrc num-buffers=50 ! "
                      "capsfilter caps=video/x-raw,width=320,height=180,framerate=25/1 "
                      "audiotestsrc num-buffers=100 ! capsfilter caps=audio/x-raw,rate=44100",
            .live = false});
        const auto started = rig.start();
        REQUIRE_MESSAGE(started, (started ? "" : started.error().message));
        CHECK(rig.pacing() == media::Pacing::paced);
        CHECK(rig.wait_lost(1));
        rig.stop();
        CHECK(rig.lost().front() == "launch: the stream ended");
        CHECK(rig.opened() == 1);
        CHECK(rig.sink()->frames().size() == 50);
        check_even(rig, 50, 2);
        CHECK(rig.sink()->packets().size() >= 90);
    }

    TEST_CASE("encoded media, containers and elements whose pads come later") {
        const test::TemporaryFolder folder;
        const auto file = folder.path("clip.mp4");
        test::make_clip(file, std::string(kPictures) + kSound + "-t 2 " + kCodecs);
        for (const std::string& launch :
             {"filesrc location=" + file, "filesrc location=" + file + " ! qtdemux",
              "filesrc location=" + file + " ! decodebin",
              "filesrc location=" + file +
                  " ! qtdemux name=d d.video_0 ! queue ! h264parse d.audio_0 ! queue ! aacparse"}) {
            CAPTURE(launch);
            Rig rig(GstInput{.launch = launch, .live = false});
            REQUIRE(rig.start());
            CHECK(rig.wait_lost(1));
            rig.stop();
            CHECK(rig.lost().front() == "launch: the stream ended");
            CHECK(rig.sink()->frames().size() == 50);
            check_even(rig, 50, 20e3);
            CHECK(rig.sink()->packets().size() > 80);
        }
    }

    TEST_CASE("the host's own element is made for each connection") {
        const test::TemporaryFolder folder;
        const auto file = folder.path("clip.mp4");
        test::make_clip(file, std::string(kPictures) + kSound + "-t 1 " + kCodecs);
        int made = 0;
        const auto bare = [&made]() -> GstElement* {
            ++made;
            GstElement* source = gst_element_factory_make("videotestsrc", nullptr);
            g_object_set(source, "num-buffers", 25, nullptr);
            return source;
        };
        SUBCASE("with a static pad") {
            Rig rig(GstInput{.make = std::make_shared<const std::function<GstElement*()>>(bare),
                             .live = true});
            REQUIRE(rig.start());
            CHECK(rig.wait_opened(2));
            rig.stop();
            CHECK(rig.sink(0)->frames().size() == 25);
            CHECK(made >= 2);
        }
        SUBCASE("that it does not make") {
            Rig rig(GstInput{.make = std::make_shared<const std::function<GstElement*()>>(
                                 []() -> GstElement* { return nullptr; })});
            const auto started = rig.start();
            REQUIRE_FALSE(started);
            CHECK(started.error().message == "launch: the host made no element");
        }
        SUBCASE("with pads that come later") {
            const auto decodebin = [&file]() -> GstElement* {
                GstElement* element = gst_element_factory_make("uridecodebin", nullptr);
                g_object_set(element, "uri", ("file://" + file).c_str(), nullptr);
                return element;
            };
            Rig rig(
                GstInput{.make = std::make_shared<const std::function<GstElement*()>>(decodebin),
                         .live = false});
            REQUIRE(rig.start());
            CHECK(rig.wait_lost(1));
            rig.stop();
            CHECK(rig.sink()->frames().size() == 25);
        }
    }

    TEST_CASE("what is wrong with a launch line is told at once") {
        struct Row {
            const char* launch;
            ErrorCode code;
            const char* text;
        };
        for (const Row& row :
             {Row{"videotestsrc ! nosuchelement", ErrorCode::unsupported, "\"nosuchelement\""},
              Row{"videotestsrc ! !", ErrorCode::invalid_argument, "syntax error"},
              Row{"videotestsrc nosuch=1", ErrorCode::invalid_argument, "nosuch"},
              Row{"videotestsrc ! audioconvert", ErrorCode::invalid_argument, "link"},
              Row{"videotestsrc ! fakesink", ErrorCode::invalid_argument, "unlinked"}}) {
            CAPTURE(row.launch);
            Rig rig(GstInput{.launch = row.launch});
            const auto started = rig.start();
            REQUIRE_FALSE(started);
            CHECK(started.error().code == row.code);
            CHECK(started.error().message.starts_with("launch: "));
            CHECK(started.error().message.find(row.text) != std::string::npos);
        }
    }

    TEST_CASE("URLs in what its elements say are redacted") {
        Rig rig(
            GstInput{.launch = "souphttpsrc location=http://127.0.0.1:1/live/s3cretkey?t=tok3n"});
        REQUIRE(rig.start());
        CHECK(rig.wait_lost(1));
        rig.stop();
        CHECK(rig.lost().front().find("s3cretkey") == std::string::npos);
        CHECK(rig.lost().front().find("tok3n") == std::string::npos);
    }

    TEST_CASE("raw media cannot be passed through, encoded media can") {
        Rig raw(GstInput{.launch = "videotestsrc"}, {.raw = false, .units = true});
        const auto started = raw.start();
        CHECK(raw.wait_lost(1));
        raw.stop();
        CHECK(raw.lost().front() ==
              "launch: its media is not encoded, and passthrough needs it so");

        Rig encoded(GstInput{.launch = "videotestsrc num-buffers=50 ! x264enc key-int-max=10",
                             .live = false},
                    {.raw = false, .units = true});
        REQUIRE(encoded.start());
        CHECK(encoded.wait_lost(1));
        encoded.stop();
        CHECK(encoded.lost().front() == "launch: the stream ended");
        CHECK(encoded.units()->video().size() == 50);
        CHECK(encoded.units()->video().front().dts >= 0ns);
    }
}
