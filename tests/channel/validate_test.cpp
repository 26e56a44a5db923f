// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <string>

#include <weir/config.hpp>

using namespace std::chrono_literals;
using namespace weir;

namespace {

ChannelConfig good_channel() {
    return {.name = "news", .inputs = {FileInput{.path = "clip.mp4"}}, .outputs = {HlsSink{}}};
}

HlsSink& sink(ChannelConfig& config) {
    return std::get<HlsSink>(config.outputs[0]);
}

// One change to a good channel, and the one problem that it makes.
struct Case {
    std::function<void(ChannelConfig&)> change;
    Problem problem;
};

void check_all(const std::vector<Case>& cases) {
    for (const Case& item : cases) {
        ChannelConfig config = good_channel();
        item.change(config);
        CHECK(to_string(validate(config)) == item.problem.field + ": " + item.problem.text);
    }
}

std::string url_problem(const std::string& url) {
    ChannelConfig config = good_channel();
    config.inputs = {RtmpPull{.url = url}};
    return to_string(validate(config));
}

}  // namespace

TEST_SUITE("channel/validate") {
    TEST_CASE("a channel with one input and one output is good") {
        CHECK(validate(good_channel()).empty());
        CHECK(validate(OriginConfig{}).empty());
        CHECK(validate(Config{.origin = {}, .channels = {good_channel()}}).empty());
    }

    TEST_CASE("a channel's own fields are checked") {
        check_all({
            {[](auto& c) { c.name = ""; }, {"name", "must not be empty"}},
            {[](auto& c) { c.name = "a/b"; },
             {"name", "may have letters, digits, '-' and '_', is \"a/b\""}},
            {[](auto& c) { c.name = std::string(65, 'x'); },
             {"name", "must have at most 64 characters, has 65"}},
            {[](auto& c) { c.inputs.clear(); }, {"inputs", "must have at least one, has 0"}},
            {[](auto& c) { c.inputs.resize(17); }, {"inputs", "must have 1 to 16, has 17"}},
            {[](auto& c) { c.outputs.clear(); }, {"outputs", "must have at least one, has 0"}},
            {[](auto& c) { c.outputs.push_back(HlsSink{}); },
             {"outputs[1]", "is of the same type as outputs[0]"}},
            {[](auto& c) {
                 c.outputs = {HlsSink{}, CmafSink{.segment_duration = 4s}};
             },
             {"outputs[1].segment_duration", "must be that of outputs[0] (2 seconds), is 4"}},
            {[](auto& c) { c.outputs = {CmafSink{.low_latency = true, .part_duration = 700ms}}; },
             {"outputs[0].part_duration",
              "must be at most a third of segment_duration (2 seconds), is 0.7"}},
            {[](auto& c) { c.outputs = {CmafSink{.hls = false, .dash = false}}; },
             {"outputs[0].hls", "must be true when dash is false"}},
            {[](auto& c) { c.input_loss.repeat_duration = -1ms; },
             {"input_loss.repeat_duration", "must be 0 to 3600 seconds, is -0.001"}},
            {[](auto& c) { c.store = std::shared_ptr<Store>(); }, {"store", "must not be null"}},
            {[](auto& c) { c.store = DirectoryStore{}; }, {"store.path", "must not be empty"}},
            {[](auto& c) { c.store = MemoryStore{.max_bytes = 1}; },
             {"store.max_bytes", "must be 1048576 to 1125899906842624, is 1"}},
            {[](auto& c) { c.store = MemoryStore{.max_bytes = UINT64_MAX}; },
             {"store.max_bytes", "must be 1048576 to 1125899906842624, is 18446744073709551615"}},
        });
    }

    TEST_CASE("a frame rate is 1 to 240, and its terms cannot overflow") {
        for (const Rational rate :
             {Rational{0, 1}, Rational{-30, -1}, Rational{30, 0}, Rational{241, 1}, Rational{1, 2},
              Rational{INT64_MAX, INT64_MAX}, Rational{INT64_MIN, 1}}) {
            ChannelConfig config = good_channel();
            config.frame_rate = rate;
            CHECK(to_string(validate(config)) ==
                  "frame_rate: must be 1 to 240 frames per second, is " + to_string(rate));
        }
        for (const Rational rate : {Rational{1, 1}, Rational{240, 1}, Rational{24000, 1001}}) {
            ChannelConfig config = good_channel();
            config.frame_rate = rate;
            CHECK(validate(config).empty());
        }
    }

    TEST_CASE("an input's fields are checked") {
        check_all({
            {[](auto& c) { c.inputs = {FileInput{}}; }, {"inputs[0].path", "must not be empty"}},
            {[](auto& c) { c.inputs = {FileInput{.path = "a\xff"}}; },
             {"inputs[0].path", "must be UTF-8 without a zero byte, is \"a?\""}},
            {[](auto& c) { c.inputs = {FileInput{.path = std::string("a\0b", 3)}}; },
             {"inputs[0].path", "must be UTF-8 without a zero byte, is \"a?b\""}},
            {[](auto& c) { c.inputs = {RtmpListen{.app = "/live"}}; },
             {"inputs[0].app", "must not begin or end with \"/\""}},
            {[](auto& c) { c.inputs = {RtmpListen{.app = "live/"}}; },
             {"inputs[0].app", "must not begin or end with \"/\""}},
            {[](auto& c) { c.inputs = {RtmpListen{.stream_key = "key?token"}}; },
             {"inputs[0].stream_key", "must not have a \"?\": the query of a URL begins with it"}},
            {[](auto& c) { c.inputs = {RtmpListen{.stream_key = std::string("key\0", 4)}}; },
             {"inputs[0].stream_key", "must be UTF-8 without a zero byte, is ***"}},
            {[](auto& c) { c.inputs = {SrtListen{.stream_id = "key\xff"}}; },
             {"inputs[0].stream_id", "must be UTF-8 without a zero byte, is ***"}},
            {[](auto& c) { c.inputs = {TestPattern{.width = 853}}; },
             {"inputs[0].width", "must be even, is 853"}},
            {[](auto& c) { c.inputs = {TestPattern{.height = 7682}}; },
             {"inputs[0].height", "must be 16 to 7680 and even, is 7682"}},
            {[](auto& c) {
                 c.inputs = {TestPattern{.frame_rate = {500, 1}}};
             },
             {"inputs[0].frame_rate", "must be 1 to 240 frames per second, is 500"}},
            {[](auto& c) {
                 c.inputs = {RtmpPull{.url = "rtmp://host/live/key", .idle_timeout = 0ms}};
             },
             {"inputs[0].idle_timeout", "must be 0.1 to 3600 seconds, is 0"}},
        });
    }

    TEST_CASE("an RTMP URL needs scheme, host, application and stream") {
        for (const char* url : {"rtmp://host/live/key", "rtmp://host:1935/live/key",
                                "rtmp://[::1]:1935/live/instance/key", "rtmp://u:p@h/live/k?t=1"}) {
            CHECK(url_problem(url) == "");
        }
        const struct {
            const char* url;
            const char* text;
        } cases[] = {
            {"", "is empty"},
            {"key", "is ***: is no URL"},
            {"http://host/live/key", "is http://host/live/***: the scheme is not rtmp"},
            {"rtmp:///live/key", "is rtmp:///live/***: the host is missing"},
            {"rtmp://host", "is rtmp://host: application and stream are missing"},
            {"rtmp://host/live", "is rtmp://host/***: the stream is missing"},
            {"rtmp://host/live/", "is rtmp://host/***: the stream is missing"},
            {"rtmp://host//key", "is rtmp://host//***: a part of the path is empty"},
            {"rtmp://host:99999/live/key", "is rtmp://host:99999/live/***: is no URL"},
            {"rtmp://host/live/my key",
             "is rtmp://host/live/***: has a blank or a character that must be written as %XX"},
        };
        for (const auto& item : cases) {
            CHECK(url_problem(item.url) ==
                  std::string("inputs[0].url: must be rtmp://host[:port]/application/stream, ") +
                      item.text);
        }
    }

    TEST_CASE("no problem of a URL shows the stream or the password") {
        for (const char* url :
             {"rtmps://host/live/s3cret", "rtmp://me:s3cret@host/live/s3cret x", "s3cret",
              "rtmp://host/s3cret", "rtmp:///live/s3cret", "rtmp://host:1x/live/s3cret?k=s3cret",
              "rtmp://h/live/s3cret\n", "rtmp:host/live/s3cret", "//host/live/s3cret"}) {
            CAPTURE(url);
            const std::string text = url_problem(url);
            CHECK(text != "");
            CHECK(text.find("s3cret") == std::string::npos);
        }
    }

    TEST_CASE("the renditions of a ladder are checked") {
        check_all({
            {[](auto& c) { c.ladder.video.clear(); },
             {"ladder.video", "must have at least one, has 0"}},
            {[](auto& c) { c.ladder.video[1].width = 853; },
             {"ladder.video[1].width", "must be even, is 853"}},
            {[](auto& c) { c.ladder.video[1].height = 0; },
             {"ladder.video[1].height", "must be 16 to 7680 and even, is 0"}},
            {[](auto& c) { c.ladder.video[0].bitrate_bps = 0; },
             {"ladder.video[0].bitrate_bps", "must be 10000 to 200000000, is 0"}},
            {[](auto& c) { c.ladder.video[0].crf = 52; },
             {"ladder.video[0].crf", "must be 1 to 51, is 52"}},
            {[](auto& c) { c.ladder.video[0].threads = 0; },
             {"ladder.video[0].threads", "must be 1 to 64, is 0"}},
            {[](auto& c) { c.ladder.video[0].rate_control = static_cast<RateControl>(9); },
             {"ladder.video[0].rate_control",
              "must be capped_quality or cbr, is no value of its type"}},
            {[](auto& c) { c.ladder.audio[0].sample_rate = 22'050; },
             {"ladder.audio[0].sample_rate", "must be 44100 or 48000, is 22050"}},
            {[](auto& c) { c.ladder.audio[0].channels = 6; },
             {"ladder.audio[0].channels", "must be 1 to 2, is 6"}},
            {[](auto& c) { c.ladder.audio[0].bitrate_bps = 1; },
             {"ladder.audio[0].bitrate_bps", "must be 8000 to 512000, is 1"}},
            {[](auto& c) { c.ladder.audio[0] = {.bitrate_bps = 300'000, .channels = 1}; },
             {"ladder.audio[0].bitrate_bps",
              "AAC cannot have more than 288000 with this sample_rate and channels, is 300000"}},
            {[](auto& c) { c.ladder.preset = "fastest"; },
             {"ladder.preset",
              "must be ultrafast, superfast, veryfast, faster, fast, medium, slow, slower, "
              "veryslow or placebo, is fastest"}},
            {[](auto& c) { c.ladder.vbv_duration = 0ms; },
             {"ladder.vbv_duration", "must be 0.1 to 30 seconds, is 0"}},
        });
    }

    TEST_CASE("a rendition's name is unique in the ladder and not one of weir's own files") {
        check_all({
            {[](auto& c) { c.ladder.video[1].name = "720p"; },
             {"ladder.video[1].name", "\"720p\" is the name of ladder.video[0].name already"}},
            {[](auto& c) { c.ladder.audio[0].name = "720p"; },
             {"ladder.audio[0].name", "\"720p\" is the name of ladder.video[0].name already"}},
            {[](auto& c) { c.ladder.video[0].name = "index"; },
             {"ladder.video[0].name", "must not be \"index\": weir's own files have that name"}},
            {[](auto& c) { c.ladder.video[0].name = "7 20p"; },
             {"ladder.video[0].name", "may have letters, digits, '-' and '_', is \"7 20p\""}},
        });
    }

    TEST_CASE("an output fits its ladder") {
        check_all({
            {[](auto& c) { c.ladder.gop = 1500ms; },
             {"outputs[0].segment_duration",
              "must be a multiple of ladder.gop (1.5 seconds), is 2"}},
            {[](auto& c) { c.ladder.gop = 200ms; },
             {"ladder.gop", "must be 0.25 to 30 seconds, is 0.2"}},
            {[](auto& c) { sink(c).segment_duration = 0ms; },
             {"outputs[0].segment_duration", "must be 1 to 30 seconds, is 0"}},
            {[](auto& c) { sink(c).segment_duration = 30s; },
             {"outputs[0].window", "must be at least 3 segments of 30 seconds, is 60"}},
            {[](auto& c) { sink(c).window = 5999ms; },
             {"outputs[0].window", "must be at least 3 segments of 2 seconds, is 5.999"}},
            {[](auto& c) { sink(c).playlist_type = static_cast<PlaylistType>(7); },
             {"outputs[0].playlist_type", "must be live or event, is no value of its type"}},
            {[](auto& c) { c.ladder.audio.push_back({.name = "second"}); },
             {"ladder.audio", "hls_ts carries one audio rendition, has 2"}},
            {[](auto& c) { c.ladder.passthrough = {.max_segment_duration = 3999ms}; },
             {"ladder.passthrough.max_segment_duration",
              "must be at least twice outputs[0].segment_duration (2 seconds), is 3.999"}},
            {[](auto& c) {
                 c.ladder.passthrough.emplace();
                 sink(c).segment_duration = 6s;
             },
             {"ladder.passthrough.max_segment_duration",
              "must be at least twice outputs[0].segment_duration (6 seconds), is 10"}},
        });
        auto config = good_channel();
        config.ladder.passthrough = {.max_segment_duration = 4000ms};
        CHECK(validate(config).empty());
    }

    TEST_CASE("the limits themselves are allowed") {
        const std::vector<std::function<void(ChannelConfig&)>> changes = {
            [](auto& c) { sink(c).window = 6s; },
            [](auto& c) {
                sink(c) = {PlaylistType::event, 30s, 60s};
            },
            [](auto& c) { c.ladder.gop = 250ms; },
            [](auto& c) { c.ladder.audio.clear(); },
            [](auto& c) {
                c.ladder.video[0] = {.name = "x",
                                     .width = 16,
                                     .height = 7680,
                                     .bitrate_bps = 10'000,
                                     .crf = 51,
                                     .threads = 64};
            },
            [](auto& c) { c.input_loss.repeat_duration = 0ms; },
        };
        for (const auto& change : changes) {
            ChannelConfig config = good_channel();
            change(config);
            CHECK(to_string(validate(config)) == "");
        }
    }

    TEST_CASE("an origin's fields are checked") {
        const struct {
            OriginConfig config;
            const char* problem;
        } cases[] = {
            {{.address = "example.com"},
             "address: must be an IP address or \"localhost\", is \"example.com\""},
            {{.address = ""}, "address: must be an IP address or \"localhost\", is \"\""},
            {{.port = 65'536}, "port: must be 0 to 65535, is 65536"},
            {{.port = -1}, "port: must be 0 to 65535, is -1"},
            {{.threads = 0}, "threads: must be 1 to 64, is 0"},
            {{.certificate_file = "c"}, "private_key_file: must be given with certificate_file"},
            {{.private_key_file = "k"}, "certificate_file: must be given with private_key_file"},
            {{.max_connections = 0}, "max_connections: must be 1 to 1000000, is 0"},
            {{.header_timeout = 0ms}, "header_timeout: must be 0.001 to 3600 seconds, is 0"},
            {{.idle_timeout = -5s}, "idle_timeout: must be 0.001 to 3600 seconds, is -5"},
            {{.document_root = "\xc3"},
             "document_root: must be UTF-8 without a zero byte, is \"?\""},
        };
        for (const auto& item : cases) CHECK(to_string(validate(item.config)) == item.problem);
        for (const char* address : {"0.0.0.0", "::", "::1", "127.0.0.1", "localhost"}) {
            CHECK(validate(OriginConfig{.address = address}).empty());
        }
    }

    TEST_CASE("all mistakes come at once, in the order of the fields, with the path from the top") {
        Config config{.origin = {.port = -1}, .channels = {good_channel(), good_channel()}};
        config.channels[0].name = "";
        config.channels[0].ladder.video[2].width = 1;
        config.channels[0].ladder.video[1].name = "720p";
        config.channels[1].inputs = {};
        CHECK(to_string(validate(config)) ==
              "origin.port: must be 0 to 65535, is -1\n"
              "channels[0].name: must not be empty\n"
              "channels[0].ladder.video[1].name: "
              "\"720p\" is the name of ladder.video[0].name already\n"
              "channels[0].ladder.video[2].width: must be 16 to 7680 and even, is 1\n"
              "channels[1].inputs: must have at least one, has 0");
    }

    TEST_CASE("channels have different names, and there is one at least") {
        CHECK(to_string(validate(Config{})) == "channels: must have at least one, has 0");
        CHECK(to_string(
                  validate(Config{.origin = {}, .channels = {good_channel(), good_channel()}})) ==
              "channels[1].name: \"news\" is the name of channels[0].name already");
    }

    TEST_CASE("no numbers, however far out, break the checks") {
        constexpr auto kFar = std::numeric_limits<std::int64_t>::max();
        for (const std::int64_t far : {kFar, -kFar, std::numeric_limits<std::int64_t>::min()}) {
            const std::chrono::milliseconds long_time(far);
            ChannelConfig config = good_channel();
            config.input_loss.repeat_duration = long_time;
            config.ladder.gop = long_time;
            config.ladder.vbv_duration = long_time;
            config.ladder.video[0].bitrate_bps = far;
            config.ladder.audio[0] = {
                .bitrate_bps = far, .sample_rate = INT32_MIN, .channels = INT32_MAX};
            sink(config).segment_duration = long_time;
            sink(config).window = long_time;
            config.ladder.passthrough = {.max_segment_duration = long_time};
            CHECK(validate(config).size() >= 8);
        }
    }
}
