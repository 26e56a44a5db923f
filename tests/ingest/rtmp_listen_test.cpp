// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <gst/app/gstappsink.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/log.hpp"
#include "ingest/decodable.hpp"
#include "ingest/flv.hpp"
#include "ingest/input.hpp"
#include "ingest/recording_sink.hpp"
#include "ingest/rtmp_client.hpp"
#include "ingest/rtmp_server.hpp"
#include "ingest/source.hpp"
#include "support/clips.hpp"
#include "support/sanitizer.hpp"
#include "support/temporary_folder.hpp"
#include "support/watched.hpp"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using ingest::FlvUnit;
using ingest::RtmpLease;

namespace {

const media::RawFormat kFormat{.width = 64, .height = 36, .sample_rate = 48'000, .channels = 2};

// weir's log lines of level WARNING and above while it lives.
class LogLines {
public:
    LogLines() {
        gst_debug_set_active(TRUE);
        gst_debug_set_threshold_for_name("weir-ingest", GST_LEVEL_LOG);
        gst_debug_remove_log_function(gst_debug_log_default);
        gst_debug_add_log_function(&LogLines::on_line, this, nullptr);
    }
    LogLines(const LogLines&) = delete;
    LogLines& operator=(const LogLines&) = delete;
    ~LogLines() { gst_debug_remove_log_function_by_data(this); }

    bool wait_for(const std::string& text) {
        return watched_.wait([&] { return all_.find(text) != std::string::npos; });
    }
    bool contains(const std::string& text) {
        bool result = false;
        watched_.note([&] { result = all_.find(text) != std::string::npos; });
        return result;
    }
    void clear() {
        watched_.note([&] { all_.clear(); });
    }

private:
    static void on_line(GstDebugCategory* category, GstDebugLevel, const char*, const char*, int,
                        GObject*, GstDebugMessage* message, void* self) {
        if (std::string(gst_debug_category_get_name(category)) != "weir-ingest") return;
        auto& lines = *static_cast<LogLines*>(self);
        lines.watched_.note([&] {
            lines.all_ += gst_debug_message_get(message);
            lines.all_ += '\n';
        });
    }

    test::Watched watched_;
    std::string all_;
};

RtmpListen listen_to(const std::string& key, int port = 0) {
    RtmpListen config;
    config.address = "127.0.0.1";
    config.port = port;
    config.stream_key = key;
    return config;
}

// A lease, and the configuration with the port that was free.
std::pair<std::shared_ptr<RtmpLease>, RtmpListen> lease(RtmpListen config) {
    auto held = ingest::lease_publish_point(config).value();
    config.port = held->port();
    return {held, config};
}

constexpr std::size_t kClipFrames = 50;

// An Input with its own control thread, and what it delivers and tells.
class Listening {
public:
    explicit Listening(const Ingest& config, bool decode = true) {
        input = std::make_shared<ingest::Input>(
            config,
            [this, decode](media::Pacing) {
                auto sink = std::make_shared<RecordingSink>();
                watched.note([&] { sinks.push_back(sink); });
                return ingest::Delivery{kFormat, decode ? sink : nullptr, nullptr};
            },
            ingest::InputEvents{
                [this](const ingest::StreamInfo&) { watched.note([this] { ++connected; }); },
                [this](const std::string& field, const std::string& cause) {
                    watched.note([&] { losses.push_back(field + ": " + cause); });
                }},
            executor);
        executor->run([this] { started = input->start(); });
    }
    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;
    ~Listening() {
        executor->run([this] {
            input->stop();
            input.reset();
        });
    }
    bool wait_connected(int times) {
        return watched.wait([&] { return connected >= times; });
    }
    bool wait_lost(std::size_t times) {
        return watched.wait([&] { return losses.size() >= times; });
    }
    std::shared_ptr<RecordingSink> sink(std::size_t index) {
        std::shared_ptr<RecordingSink> result;
        watched.wait([&] { return sinks.size() > index; });
        watched.note([&] { result = sinks.at(index); });
        return result;
    }

    // Pictures keep the pool that they are from, and that has a descriptor.
    void forget(std::size_t index) {
        watched.note([&] { sinks.at(index).reset(); });
    }
    // Whether one connection brought all pictures. Under the lock of `watched`.
    [[nodiscard]] bool whole_clip() const {
        return std::any_of(sinks.begin(), sinks.end(),
                           [](const auto& sink) { return sink->count_frames() == kClipFrames; });
    }

    test::Watched watched;
    std::vector<std::shared_ptr<RecordingSink>> sinks;
    int connected = 0;
    std::vector<std::string> losses;
    std::shared_ptr<base::Executor> executor = std::make_shared<base::Executor>();
    std::shared_ptr<ingest::Input> input;
    std::optional<Result<void>> started;
};

// What a publisher sends: the bodies of its messages, as in a clip that ffmpeg makes once.
struct Message {
    std::uint8_t type;
    std::uint32_t time;
    Octets body;
};

// 2 s of pictures at 25 fps, a keyframe each 10, and sound.
const std::vector<Message>& clip() {
    static const auto messages = [] {
        const TemporaryFolder folder;
        const std::string file = folder.path() + "/clip.flv";
        make_clip(
            file,
            "-f lavfi -i testsrc2=size=64x36:rate=25 -f lavfi -i sine=sample_rate=48000 -t 2 "
            "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 10 -bf 0 -c:a aac -ac 2 -f flv");
        std::vector<Message> result;
        const auto all = read_bytes(file);
        for (std::size_t at = 13; at + 11 <= all.size();) {
            const auto byte = [&](std::size_t i) {
                return std::to_integer<std::uint32_t>(all[at + i]);
            };
            const std::size_t size = byte(1) << 16 | byte(2) << 8 | byte(3);
            const auto time = byte(7) << 24 | byte(4) << 16 | byte(5) << 8 | byte(6);
            const auto body = std::span(all).subspan(at + 11, size);
            result.push_back(
                {static_cast<std::uint8_t>(byte(0)), time, Octets(body.begin(), body.end())});
            at += 11 + size + 4;
        }
        return result;
    }();
    return messages;
}

bool send_clip(const RtmpClient& client, std::uint32_t offset = 0) {
    return std::all_of(clip().begin(), clip().end(), [&](const Message& message) {
        return client.send_media(message.type, message.time + offset, message.body);
    });
}

constexpr auto kPublished = "NetStream.Publish.Start";
constexpr auto kBadName = "NetStream.Publish.BadName";

std::string url(const RtmpListen& config, const std::string& scheme = "rtmp") {
    return scheme + "://127.0.0.1:" + std::to_string(config.port) + '/' + config.app + '/' +
           config.stream_key;
}

constexpr auto kPublishedClip =
    "-f lavfi -i testsrc2=size=64x36:rate=25 -f lavfi -i sine=sample_rate=48000 -t 2 "
    "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 10 -bf 2 -c:a aac -ac 2 ";

// ffmpeg publishes a clip as fast as it can. The exit code.
int run_ffmpeg(const std::string& arguments, const std::string& to, const std::string& log) {
    const std::string command =
        "ffmpeg -nostdin -v warning -y " + arguments + " -f flv '" + to + "' > '" + log + "' 2>&1";
    return std::system(command.c_str());
}

[[maybe_unused]] std::size_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::size_t pages = 0;
    file >> pages >> pages;
    return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

std::size_t count_in(const std::string& folder) {
    const std::filesystem::directory_iterator entries(folder);
    return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

std::string read_text(const std::string& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

// A codec that FLV names with four characters.
struct Enhanced {
    const char* name;
    const char* four_cc;
    const char* caps;
    const char* encoder;
};

constexpr Enhanced kEnhanced[] = {
    {"HEVC", "hvc1", "video/x-h265",
     "x265enc key-int-max=10 speed-preset=ultrafast tune=zerolatency ! h265parse ! "
     "video/x-h265,stream-format=hvc1,alignment=au"},
    {"AV1", "av01", "video/x-av1",
     "av1enc cpu-used=8 keyframe-max-dist=10 lag-in-frames=0 usage-profile=realtime ! av1parse ! "
     "video/x-av1,stream-format=obu-stream,alignment=tu"}};

void append_buffer(Octets& to, GstBuffer* buffer) {
    GstMapInfo map;
    REQUIRE(gst_buffer_map(buffer, &map, GST_MAP_READ));
    append(to, std::as_bytes(std::span(map.data, map.size)));
    gst_buffer_unmap(buffer, &map);
}

// The configuration and 20 pictures, as the bodies of video messages.
std::vector<Octets> encode(const Enhanced& codec) {
    const auto header = [&](int first) {
        Octets body = bytes({first});
        for (int i = 0; i < 4; ++i) body.push_back(static_cast<std::byte>(codec.four_cc[i]));
        return body;
    };
    const std::string launch =
        "videotestsrc num-buffers=20 ! "
        "video/x-raw,format=I420,width=64,height=64,framerate=25/1 ! " +
        std::string(codec.encoder) + " ! appsink name=sink sync=false";
    const auto pipeline = base::adopt_object(gst_parse_launch(launch.c_str(), nullptr));
    const auto sink = base::adopt_object(gst_bin_get_by_name(GST_BIN(pipeline.get()), "sink"));
    gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
    std::vector<Octets> bodies{header(0x90)};
    while (const auto sample =
               base::adopt_mini(gst_app_sink_pull_sample(GST_APP_SINK(sink.get())))) {
        if (bodies.size() == 1) {
            const GValue* data = gst_structure_get_value(
                gst_caps_get_structure(gst_sample_get_caps(sample.get()), 0), "codec_data");
            // av1parse gives none: the four bytes of a configuration record without OBUs.
            if (data) append_buffer(bodies[0], gst_value_get_buffer(data));
            if (!data) append(bodies[0], bytes({0x81, 0x00, 0x0C, 0x00}));
        }
        GstBuffer* buffer = gst_sample_get_buffer(sample.get());
        const bool delta = GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
        bodies.push_back(header(delta ? 0xA3 : 0x93));
        append_buffer(bodies.back(), buffer);
    }
    gst_element_set_state(pipeline.get(), GST_STATE_NULL);
    return bodies;
}

// While it lives decodebin finds no decoder for these caps, as if no plugin were installed.
class WithoutDecoders {
public:
    explicit WithoutDecoders(const char* name)
        : all_(gst_element_factory_list_get_elements(GST_ELEMENT_FACTORY_TYPE_DECODER,
                                                     GST_RANK_MARGINAL)) {
        const auto caps = base::adopt_mini(gst_caps_new_empty_simple(name));
        for (GList* item = all_; item; item = item->next) {
            auto* factory = GST_ELEMENT_FACTORY(item->data);
            if (!gst_element_factory_can_sink_any_caps(factory, caps.get())) continue;
            auto* feature = GST_PLUGIN_FEATURE(item->data);
            ranks_.emplace_back(feature, gst_plugin_feature_get_rank(feature));
            gst_plugin_feature_set_rank(feature, GST_RANK_NONE);
        }
    }
    WithoutDecoders(const WithoutDecoders&) = delete;
    WithoutDecoders& operator=(const WithoutDecoders&) = delete;
    ~WithoutDecoders() {
        for (const auto& [feature, rank] : ranks_) gst_plugin_feature_set_rank(feature, rank);
        gst_plugin_feature_list_free(all_);
    }

private:
    GList* all_;
    std::vector<std::pair<GstPluginFeature*, guint>> ranks_;
};

}  // namespace

TEST_SUITE("ingest/rtmp_listen") {
    TEST_CASE("what ffmpeg publishes comes whole, B-frames and sound included") {
        const auto [held, config] = lease(listen_to("s3cret"));
        Listening listening(config);
        REQUIRE(*listening.started);
        const TemporaryFolder folder;
        const std::string log = folder.path() + "/log";
        CHECK(run_ffmpeg(kPublishedClip, url(config), log) == 0);
        CHECK(listening.wait_connected(1));
        CHECK(listening.wait_lost(1));
        CHECK(listening.losses.front() == "port: the publisher left");
        const auto sink = listening.sink(0);
        CHECK(sink->frames().size() == kClipFrames);
        CHECK(sink->packets().size() >= 90);  // of 94
    }

    TEST_CASE("what GStreamer's rtmp2sink publishes comes too") {
        const auto [held, config] = lease(listen_to("s3cret"));
        Listening listening(config);
        const TemporaryFolder folder;
        const std::string command =
            "gst-launch-1.0 -q videotestsrc num-buffers=50 ! video/x-raw,width=64,height=36,"
            "framerate=25/1 ! x264enc key-int-max=10 tune=zerolatency ! flvmux streamable=true "
            "name=mux ! rtmp2sink location='" +
            url(config) +
            "' audiotestsrc num-buffers=90 samplesperbuffer=1024 ! "
            "audio/x-raw,rate=48000,channels=2 ! "
            "avenc_aac ! mux. > '" +
            (folder.path() + "/log") + "' 2>&1";
        CHECK(std::system(command.c_str()) == 0);
        CHECK(listening.wait_lost(1));
        CHECK(listening.sink(0)->frames().size() == kClipFrames);
        CHECK(listening.sink(0)->packets().size() >= 80);
    }

    TEST_CASE("ffmpeg's times beyond 0xFFFFFF are understood, large pictures too") {
        for (const char* offset : {"16776.7", "20000"}) {  // one second before it, and beyond
            CAPTURE(offset);
            const auto [held, config] = lease(listen_to("s3cret"));
            Listening listening(config);
            const TemporaryFolder folder;
            const std::string log = folder.path() + "/log";
            CHECK(run_ffmpeg("-f lavfi -i testsrc2=size=640x360:rate=25 -t 2 -c:v libx264 -preset "
                             "ultrafast -pix_fmt yuv420p -g 10 -b:v 8M -output_ts_offset " +
                                 std::string(offset),
                             url(config), log) == 0);
            REQUIRE(listening.wait_lost(1));
            CHECK(listening.losses.front() == "port: the publisher left");
            const auto sink = listening.sink(0);
            REQUIRE(sink->frames().size() == kClipFrames);
            for (std::size_t i = 1; i < kClipFrames; ++i) {
                const auto step = sink->frames()[i].pts - sink->frames()[i - 1].pts;
                CHECK(std::chrono::abs(step - 40ms) <= 1ms);
            }
        }
    }

    TEST_CASE("RTMPS is RTMP with a certificate") {
        const TemporaryFolder folder;
        const std::string certificate = folder.path() + "/cert.pem";
        const std::string key = folder.path() + "/key.pem";
        const std::string log = folder.path() + "/log";
        REQUIRE(
            std::system(("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 "
                         "-keyout '" +
                         key + "' -out '" + certificate + "' 2> /dev/null")
                            .c_str()) == 0);
        RtmpListen secure = listen_to("s3cret");
        secure.certificate_file = certificate;
        secure.private_key_file = key;
        const auto [held, config] = lease(secure);
        Listening listening(config);
        REQUIRE(*listening.started);
        CHECK(run_ffmpeg(kPublishedClip, url(config, "rtmps"), log) == 0);
        CHECK(listening.wait_lost(1));
        CHECK(listening.sink(0)->frames().size() == kClipFrames);

        LogLines lines;
        RtmpClient plain(config.port);
        plain.send(rtmp_hello());
        CHECK(plain.wait_closed());
        CHECK(lines.wait_for("TLS: "));

        RtmpListen without = config;
        without.stream_key = "other";
        without.certificate_file.clear();
        const auto contradiction = ingest::lease_publish_point(without);
        REQUIRE_FALSE(contradiction);
        CHECK(contradiction.error().message.find("certificate_file: another input") == 0);
    }

    TEST_CASE("a certificate that cannot be used is an error at once, with its field") {
        const TemporaryFolder folder;
        write_text(folder.path() + "/cert.pem", "no certificate");
        RtmpListen config = listen_to("s3cret");
        config.certificate_file = folder.path() + "/none.pem";
        config.private_key_file = folder.path() + "/none.pem";
        auto error = ingest::lease_publish_point(config);
        REQUIRE_FALSE(error);
        CHECK(error.error().message.find("certificate_file: " + config.certificate_file) == 0);
        config.certificate_file = folder.path() + "/cert.pem";
        CHECK_FALSE(ingest::lease_publish_point(config));
    }

    TEST_CASE("a wrong key or application is refused, told to the client and logged without it") {
        const auto [held, config] = lease(listen_to("s3cret"));
        Listening listening(config);
        LogLines lines;
        {
            RtmpClient client(config.port);
            CHECK(client.publish("live", "wr0ng-key") == kBadName);
            CHECK(client.description() == "nobody listens for this stream");
            CHECK(client.wait_closed());
        }
        CHECK(lines.wait_for("nobody listens for this stream"));
        {
            RtmpClient client(config.port);
            CHECK(client.publish("els3where", "s3cret") == "NetConnection.Connect.Rejected");
            CHECK(client.wait_closed());
        }
        CHECK(lines.wait_for("no such application"));
        const TemporaryFolder folder;
        const std::string log = folder.path() + "/log";
        RtmpListen wrong = config;
        wrong.stream_key = "wr0ng-key";
        CHECK(run_ffmpeg(kPublishedClip, url(wrong), log) != 0);
        CHECK(read_text(log).find("nobody listens for this stream") != std::string::npos);
        CHECK_FALSE(lines.contains("wr0ng"));
        CHECK_FALSE(lines.contains("s3cret"));
        CHECK_FALSE(lines.contains("els3where"));
    }

    TEST_CASE("the host says who may publish, and sees what it needs for that") {
        test::Watched watched;
        std::vector<PublishRequest> requests;
        RtmpListen any = listen_to("");
        any.authorize = std::make_shared<const Authorize>([&](const PublishRequest& request) {
            watched.note([&] { requests.push_back(request); });
            if (request.stream_key == "thrown") throw std::runtime_error("host");
            return request.query == "token=1";
        });
        const auto [held, config] = lease(any);
        Listening listening(config);
        CHECK(RtmpClient(config.port).publish("live", "a?token=2") == kBadName);
        CHECK(RtmpClient(config.port).publish("live", "thrown?token=1") == kBadName);
        CHECK(RtmpClient(config.port).publish("live", "") == kBadName);  // nobody asked
        CHECK(RtmpClient(config.port).publish("live", "b?token=1") == kPublished);
        REQUIRE(requests.size() == 3);
        CHECK(requests[2].app == "live");
        CHECK(requests[2].stream_key == "b");
        CHECK(requests[2].address.starts_with("127.0.0.1:"));
    }

    TEST_CASE("several keys and applications share one port") {
        const auto [held, first] = lease(listen_to("one"));
        RtmpListen second = first;
        second.stream_key = "two";
        RtmpListen nested = first;
        nested.app = "live/room";
        Listening a(first);
        Listening b(second);
        Listening c(nested);
        REQUIRE(*a.started);
        REQUIRE(*b.started);
        REQUIRE(*c.started);
        RtmpClient one(first.port);
        RtmpClient two(first.port);
        RtmpClient room(first.port);
        CHECK(one.publish("live", "one") == kPublished);
        CHECK(two.publish("live", "two") == kPublished);
        CHECK(room.publish("live", "room/one") == kPublished);  // split elsewhere, the same path
        CHECK(send_clip(two));
        CHECK(b.wait_connected(1));
        CHECK(a.connected == 0);
        CHECK(c.connected == 0);

        Listening same(first);
        REQUIRE_FALSE(*same.started);
        CHECK(same.started->error().message == "port: another input listens for this stream");
    }

    TEST_CASE("a port that is taken is an error at once") {
        const RtmpClient unused(1);
        const auto [held, config] = lease(listen_to("s3cret"));
        RtmpListen other = config;
        other.address = "0.0.0.0";
        Listening listening(other);
        REQUIRE_FALSE(*listening.started);
        CHECK(listening.started->error().code == ErrorCode::already_exists);
        CHECK(listening.started->error().message.find("port: bind 0.0.0.0:") == 0);
        CHECK(listening.started->error().message.find("ddress already in use") !=
              std::string::npos);
    }

    TEST_CASE("when the last input of a port stops, it is free and the publisher is told") {
        int port = 0;
        std::optional<RtmpClient> client;
        {
            auto [held, config] = lease(listen_to("s3cret"));
            port = config.port;
            Listening listening(config);
            held.reset();
            client.emplace(port);
            CHECK(client->publish("live", "s3cret") == kPublished);
        }
        CHECK(client->wait_code() == kBadName);
        CHECK(client->wait_closed());
        CHECK_FALSE(RtmpClient(port).connected());
        CHECK(ingest::lease_publish_point(listen_to("s3cret", port)));
    }

    TEST_CASE("a second publisher is refused, and the first one is not disturbed") {
        const auto [held, config] = lease(listen_to("s3cret"));
        Listening listening(config);
        RtmpClient first(config.port);
        CHECK(first.publish("live", "s3cret") == kPublished);
        RtmpClient second(config.port);
        CHECK(second.publish("live", "s3cret") == kBadName);
        CHECK(second.description() == "somebody publishes this stream already");
        CHECK(send_clip(first));
        first.close();
        CHECK(listening.wait_lost(1));
        CHECK(listening.sink(0)->frames().size() == kClipFrames);
    }

    TEST_CASE("a second publisher takes over where it may, while the old socket lives") {
        RtmpListen replace = listen_to("s3cret");
        replace.on_conflict = OnConflict::replace;
        const auto [held, config] = lease(replace);
        Listening listening(config);
        RtmpClient first(config.port);
        CHECK(first.publish("live", "s3cret") == kPublished);
        CHECK(send_clip(first));
        RtmpClient second(config.port);
        CHECK(second.publish("live", "s3cret") == kPublished);
        CHECK(send_clip(second));
        CHECK(first.wait_code() == kBadName);
        CHECK(first.wait_closed());
        CHECK(listening.wait_connected(2));
        CHECK(listening.sink(0)->frames().size() == kClipFrames);
        second.close();
        CHECK(listening.wait_lost(2));
        CHECK(listening.sink(1)->frames().size() == kClipFrames);
    }

    TEST_CASE("a publisher that is silent loses its key to the next one") {
        RtmpListen impatient = listen_to("s3cret");
        impatient.idle_timeout = 300ms;
        const auto [held, config] = lease(impatient);
        Listening listening(config);
        LogLines lines;
        RtmpClient first(config.port);
        CHECK(first.publish("live", "s3cret") == kPublished);
        CHECK(first.wait_closed());
        CHECK(lines.wait_for("no media came for 300 ms"));
        RtmpClient second(config.port);
        CHECK(second.publish("live", "s3cret") == kPublished);
    }

    TEST_CASE("a publisher that only asks whether we are there loses its key too") {
        RtmpListen impatient = listen_to("s3cret");
        impatient.idle_timeout = 300ms;
        const auto [held, config] = lease(impatient);
        LogLines lines;
        RtmpClient first(config.port);
        CHECK(first.publish("live", "s3cret") == kPublished);
        const auto limit = std::chrono::steady_clock::now() + 20s;
        bool there = true;
        while (there && std::chrono::steady_clock::now() < limit) there = first.ping();
        CHECK_FALSE(there);
        CHECK(lines.wait_for("no media came for 300 ms"));
        RtmpClient second(config.port);
        CHECK(second.publish("live", "s3cret") == kPublished);
    }

    TEST_CASE(
        "a publisher that comes back at once, again and again, loses nothing and leaks nothing") {
        const auto [held, config] = lease(listen_to("s3cret"));
        Listening listening(config);
        std::size_t descriptors = 0;
        std::size_t threads = 0;
        std::size_t resident = 0;
        for (std::size_t i = 0; i < 100; ++i) {
            CAPTURE(i);
            if (i == 20) descriptors = count_in("/proc/self/fd");
            if (i == 20) threads = count_in("/proc/self/task");
            if (i == 20) resident = resident_bytes();
            RtmpClient client(config.port);
            REQUIRE(client.publish("live", "s3cret") == kPublished);
            REQUIRE(send_clip(client));
            client.close();
            REQUIRE(listening.wait_lost(i + 1));
            CHECK(listening.sink(i)->frames().size() == kClipFrames);
            listening.forget(i);
        }
        for (const auto& loss : listening.losses) CHECK(loss == "port: the publisher left");
        // GStreamer keeps some threads of its pool for a while.
        CHECK(count_in("/proc/self/fd") <= descriptors + 8);
        CHECK(count_in("/proc/self/task") <= threads + 8);
        // 80 connections later: nothing that each leaves behind.
        if (!test::kSanitized) CHECK(resident_bytes() <= resident + 16'000'000);
    }

    TEST_CASE("one that flaps faster than a decoder starts is taken when it stays") {
        // The next one may be faster than the end of the one before.
        RtmpListen replace = listen_to("s3cret");
        replace.on_conflict = OnConflict::replace;
        const auto [held, config] = lease(replace);
        Listening listening(config);
        for (int i = 0; i < 50; ++i) {
            RtmpClient client(config.port);
            REQUIRE(client.publish("live", "s3cret") == kPublished);
            for (std::size_t n = 0; n < 6; ++n) {
                REQUIRE(client.send_media(clip()[n].type, clip()[n].time, clip()[n].body));
            }
        }
        RtmpClient client(config.port);
        REQUIRE(client.publish("live", "s3cret") == kPublished);
        REQUIRE(send_clip(client));
        client.close();
        CHECK(listening.watched.wait([&] { return listening.whole_clip(); }));
    }

    TEST_CASE("what is published before there is a source is not lost") {
        const auto [held, config] = lease(listen_to("s3cret"));
        RtmpClient client(config.port);
        CHECK(client.publish("live", "s3cret") == kPublished);
        CHECK(send_clip(client));
        client.close();
        LogLines lines;
        Listening listening(config);
        CHECK(listening.wait_lost(1));
        CHECK(listening.sink(0)->frames().size() == kClipFrames);
    }

    TEST_CASE("waiting for a publisher is no loss") {
        RtmpListen impatient = listen_to("s3cret");
        impatient.idle_timeout = 100ms;
        const auto [held, config] = lease(impatient);
        auto sink = std::make_shared<RecordingSink>();
        const auto source = ingest::make_source(
            config, {kFormat, sink, nullptr},
            {[](const ingest::StreamInfo&) {}, [] {}, [](const std::string&) {}});
        REQUIRE(source->start());
        CHECK(source->waiting());
        RtmpClient client(config.port);
        CHECK(client.publish("live", "s3cret") == kPublished);
        CHECK_FALSE(source->waiting());
        sink->close();
    }

    TEST_CASE("an input that decodes nothing takes what it could not decode") {
        const auto [held, config] = lease(listen_to("s3cret"));
        Listening listening(config, false);
        RtmpClient client(config.port);
        CHECK(client.publish("live", "s3cret") == kPublished);
        CHECK(send_clip(client));
        client.close();
        CHECK(listening.wait_connected(1));
        CHECK(listening.wait_lost(1));
    }

    TEST_CASE("media that a decoder chokes on loses the input, and the publisher stays") {
        const auto [held, config] = lease(listen_to("s3cret"));
        Listening listening(config);
        RtmpClient client(config.port);
        CHECK(client.publish("live", "s3cret") == kPublished);
        CHECK(send_clip(client));
        CHECK(listening.wait_connected(1));
        // A codec that the running decoder is not for.
        CHECK(client.send_media(8, 3000, bytes({0xAF, 0, 0xFF, 0xFF})));
        CHECK(client.send_media(8, 3000, Octets(100, std::byte{0xAF})));
        CHECK(send_clip(client, 4000));
        CHECK(send_clip(client, 8000));
        client.close();
        CHECK(listening.wait_lost(1));
    }

    TEST_CASE("HEVC and AV1 are decoded, or refused when there is no plugin for them") {
        for (const auto& codec : kEnhanced) {
            CAPTURE(codec.name);
            const auto bodies = encode(codec);
            REQUIRE(bodies.size() == 21);
            const auto publish = [&](const RtmpClient& client) {
                for (std::size_t i = 0; i < bodies.size(); ++i) {
                    const auto time = static_cast<std::uint32_t>(i == 0 ? 0 : (i - 1) * 40);
                    if (!client.send_media(9, time, bodies[i])) return;
                }
            };
            {
                const auto [held, config] = lease(listen_to("s3cret"));
                Listening listening(config);
                RtmpClient client(config.port);
                REQUIRE(client.publish("live", "s3cret") == kPublished);
                publish(client);
                client.close();
                CHECK(listening.wait_lost(1));
                CHECK(listening.losses.front() == "port: the publisher left");
                CHECK(listening.sink(0)->frames().size() == 20);
            }
            const WithoutDecoders without(codec.caps);
            const auto [held, config] = lease(listen_to("s3cret"));
            Listening listening(config);
            RtmpClient client(config.port);
            REQUIRE(client.publish("live", "s3cret") == kPublished);
            publish(client);
            CHECK(client.wait_code() == kBadName);
            CHECK(client.description() ==
                  std::string(codec.name) +
                      " cannot be decoded: a GStreamer plugin for it is missing");
            CHECK(listening.wait_lost(1));
            CHECK(listening.losses.front() == "port: " + client.description());
        }
    }

    TEST_CASE("a publisher changes its codec and back: one connection, and nothing is lost") {
        const auto bodies = encode(kEnhanced[0]);
        const auto [held, config] = lease(listen_to("s3cret"));
        Listening listening(config);
        RtmpClient client(config.port);
        REQUIRE(client.publish("live", "s3cret") == kPublished);
        REQUIRE(send_clip(client));
        for (std::size_t i = 0; i < bodies.size(); ++i) {
            const auto time = static_cast<std::uint32_t>(2000 + (i == 0 ? 0 : (i - 1) * 40));
            REQUIRE(client.send_media(9, time, bodies[i]));
        }
        REQUIRE(send_clip(client, 2800));
        client.close();
        CHECK(listening.wait_lost(1));
        CHECK(listening.losses == std::vector<std::string>{"port: the publisher left"});
        CHECK(listening.connected == 1);
        const auto& frames = listening.sink(0)->frames();
        CHECK(frames.size() == 2 * kClipFrames + 20);
        for (std::size_t i = 1; i < frames.size(); ++i) CHECK(frames[i].pts > frames[i - 1].pts);
    }

    TEST_CASE("a publisher is not read from while nobody takes, and goes on when somebody does") {
        const auto [held, config] = lease(listen_to("s3cret"));
        RtmpClient client(config.port);
        CHECK(client.publish("live", "s3cret") == kPublished);
        Octets picture(1'000'000);
        picture[0] = std::byte{0x27};
        picture[1] = std::byte{1};
        // Far more than all buffers on the way hold.
        std::atomic<int> sent{0};
        std::thread sender([&] {
            for (int i = 0; i < 60; ++i) {
                if (!client.send_media(9, 0, picture)) return;
                ++sent;
            }
        });
        RtmpClient other(config.port);  // on the same thread
        CHECK(other.publish("live", "els3") == kBadName);
        CHECK(sent < 60);
        REQUIRE(held->point().attach());
        int taken = 0;
        while (taken < 60 && held->point().take()) ++taken;
        CHECK(taken == 60);
        sender.join();
        held->point().detach();
    }

    TEST_CASE("a thousand hostile connections are refused, and cost a live publisher nothing") {
        const auto [held, config] = lease(listen_to("s3cret"));
        Listening listening(config);
        LogLines lines;
        RtmpClient live(config.port);
        REQUIRE(live.publish("live", "s3cret") == kPublished);
        REQUIRE(send_clip(live));
        REQUIRE(listening.wait_connected(1));
        const auto before = mallinfo2().uordblks;

        const Octets greeting = joined({rtmp_hello(), Octets(1536)});
        const Octets bomb =
            joined({greeting, chunk0(3, 0, 60'000, 20, 0, Octets(128, std::byte{3}))});
        Octets deep = joined({greeting, control(1, 0xFFFFFF)});
        append(deep, chunk0(3, 0, 60'000, 20, 0, Octets(60'000, std::byte{3})));
        const std::vector<Octets> attacks{
            bytes({3, 1, 2}),                                       // half a handshake
            rtmp_hello(),                                           // and nothing more
            joined({greeting, control(1, 1)}),                      // chunks of one byte
            joined({greeting, chunk0(3, 0, 0xFFFFFF, 20, 0, {})}),  // 16 MB of command
            joined({greeting, rtmp_connect("live"), chunk0(6, 0, 0xFFFFFF, 9, 1, {})}),
            deep,  // an AMF bomb
            bomb,  // one that never ends
            joined({greeting, rtmp_connect("live"), rtmp_publish("guess")}),
            bytes({'G', 'E', 'T', ' ', '/'}),
            {},  // says nothing
        };
        std::vector<std::unique_ptr<RtmpClient>> clients;
        for (std::size_t i = 0; i < 1000; ++i) {
            clients.push_back(std::make_unique<RtmpClient>(config.port));
            CHECK(clients.back()->connected());
            clients.back()->send(attacks[i % attacks.size()]);
        }
        CHECK(send_clip(live, 2000));
        CHECK(listening.sink(0)->wait(2 * kClipFrames - 2, 0));
        CHECK(mallinfo2().uordblks < before + 64'000'000);
        // Who breaks a rule is sent away at once; who is only slow, after the deadline.
        for (std::size_t i = 0; i < clients.size(); ++i) {
            const bool slow =
                i % attacks.size() < 2 || i % attacks.size() == 6 || i % attacks.size() == 9;
            if (!slow) CHECK(clients[i]->wait_closed());
        }
        for (const char* reason : {"chunk size of 1", "a message of 16777215", "AMF0: ",
                                   "nobody listens for this stream", "first byte is 71"}) {
            CAPTURE(reason);
            CHECK(lines.wait_for(reason));
        }
        CHECK(clients[0]->wait_closed());  // the deadline
        CHECK(clients[999]->wait_closed());
        CHECK_FALSE(lines.contains("guess"));
        live.close();
        CHECK(listening.wait_lost(1));
        CHECK(listening.sink(0)->frames().size() == 2 * kClipFrames);
        CHECK(listening.losses.front() == "port: the publisher left");
    }
}
