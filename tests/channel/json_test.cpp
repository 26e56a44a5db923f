// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <random>
#include <string>

#include <weir/config.hpp>

using namespace std::chrono_literals;
using namespace weir;

namespace {

const std::string kExample = R"({
  "origin": {"address": "127.0.0.1", "port": 8080},
  "channels": [{
    "name": "news",
    "inputs": [{"type": "file", "path": "clip.mp4", "loop": true}],
    "ladder": {
      "video": [{"name": "720p", "width": 1280, "height": 720, "bitrate_bps": 2500000}],
      "audio": [{"name": "aac", "bitrate_bps": 128000}]
    },
    "outputs": [{"type": "hls_ts", "playlist_type": "event", "segment_duration": 2.0,
                 "window": 60.0}],
    "store": {"type": "directory", "path": "recordings"}
  }]
})";

template <class T>
std::string problems(const Parsed<T>& parsed) {
    const auto* list = std::get_if<std::vector<Problem>>(&parsed);
    return list == nullptr ? "" : to_string(*list);
}

// The problems of a good channel whose JSON has `more` as its last fields; the last wins nothing,
// so `more` must not repeat a field.
std::string channel_problems(const std::string& more,
                             const std::string& input = R"({"type":"test_pattern"})") {
    return problems(channel_config_from_json(R"({"name":"news","inputs":[)" + input +
                                             R"(],"outputs":[{"type":"hls_ts"}])" +
                                             (more.empty() ? "" : "," + more) + "}"));
}

std::string ladder_problems(const std::string& ladder) {
    return channel_problems("\"ladder\":" + ladder);
}

std::string origin_problems(const std::string& text) {
    return problems(origin_config_from_json(text));
}

// A source of valid configurations.
class Generator {
public:
    explicit Generator(unsigned seed) : engine_(seed) {}

    Config config() {
        Config config{.origin = origin(), .channels = {}};
        for (std::int64_t i = number(1, 3); i > 0; --i) {
            config.channels.push_back(channel("channel" + std::to_string(i)));
        }
        return config;
    }

private:
    std::int64_t number(std::int64_t low, std::int64_t high) {
        return std::uniform_int_distribution<std::int64_t>(low, high)(engine_);
    }
    int integer(int low, int high) { return static_cast<int>(number(low, high)); }
    bool coin() { return number(0, 1) == 1; }
    std::chrono::milliseconds ms(std::int64_t low, std::int64_t high) {
        return std::chrono::milliseconds(number(low, high));
    }
    int size() { return 2 * integer(8, 3840); }
    std::string text() {
        static const std::string kPieces[] = {"a",  "/", "\"",   "\\", "\n",
                                              "\t", "é", "\x01", "日", " "};
        std::string text = "x";
        for (std::int64_t i = number(0, 12); i > 0; --i) text += kPieces[number(0, 9)];
        return text;
    }
    Rational rate() {
        const std::int64_t below = number(1, 8'000'000);
        return {number(below, 240 * below), below};
    }

    Ingest input() {
        switch (number(0, 2)) {
            case 0:
                return TestPattern{size(), size(), rate(), coin(), coin()};
            case 1:
                return FileInput{.path = text(), .loop = coin()};
            default:
                return RtmpPull{"rtmp://host/live/k" + std::to_string(number(0, 99)),
                                ms(100, 3'600'000)};
        }
    }

    StoreConfig store() {
        if (coin()) return DirectoryStore{text()};
        return MemoryStore{static_cast<std::uint64_t>(number(1 << 20, std::int64_t{1} << 50))};
    }

    EncoderLadder ladder() {
        EncoderLadder ladder;
        for (std::int64_t i = number(1, 5); i > 0; --i) {
            ladder.video.push_back({"v" + std::to_string(i), size(), size(),
                                    number(10'000, 200'000'000),
                                    coin() ? RateControl::cbr : RateControl::capped_quality,
                                    integer(1, 51), integer(1, 64)});
        }
        if (coin()) {
            ladder.audio.push_back(
                {"sound", number(8'000, 264'000), coin() ? 44'100 : 48'000, integer(1, 2)});
        }
        ladder.gop = ms(250, 10'000);
        ladder.vbv_duration = ms(100, 30'000);
        ladder.preset = coin() ? "ultrafast" : "placebo";
        return ladder;
    }

    ChannelConfig channel(const std::string& name) {
        ChannelConfig config{.name = name, .inputs = {input()}, .ladder = ladder(), .outputs = {}};
        HlsSink sink;
        sink.playlist_type = coin() ? PlaylistType::live : PlaylistType::event;
        sink.segment_duration = config.ladder.gop * (1'000 / config.ladder.gop.count() + 1);
        sink.window = ms(3 * sink.segment_duration.count(), 86'400'000);
        config.outputs = {sink};
        config.store = store();
        if (coin()) config.frame_rate = rate();
        config.input_loss.repeat_duration = ms(0, 3'600'000);
        return config;
    }

    OriginConfig origin() {
        const bool tls = coin();
        return {coin() ? "::1" : "0.0.0.0", integer(0, 65'535), integer(1, 64),
                integer(1, 1'000'000),      ms(1, 3'600'000),   ms(1, 3'600'000),
                coin() ? "" : text(),       tls ? text() : "",  tls ? text() : ""};
    }

    std::mt19937 engine_;
};

}  // namespace

TEST_SUITE("channel/json") {
    TEST_CASE("the documented example means what it says") {
        const auto parsed = config_from_json(kExample);
        REQUIRE(problems(parsed) == "");
        EncoderLadder ladder;
        ladder.video = {{.name = "720p", .width = 1280, .height = 720, .bitrate_bps = 2'500'000}};
        ladder.audio = {{.name = "aac", .bitrate_bps = 128'000}};
        const Config expected{.origin = {.address = "127.0.0.1", .port = 8080},
                              .channels = {{.name = "news",
                                            .inputs = {FileInput{.path = "clip.mp4", .loop = true}},
                                            .ladder = ladder,
                                            .outputs = {HlsSink{PlaylistType::event, 2s, 60s}},
                                            .store = DirectoryStore{.path = "recordings"}}}};
        CHECK(std::get<Config>(parsed) == expected);
    }

    TEST_CASE("what is not given has its default") {
        const auto parsed = channel_config_from_json(
            R"({"name":"news","inputs":[{"type":"test_pattern"}],"outputs":[{"type":"hls_ts"}]})");
        REQUIRE(problems(parsed) == "");
        CHECK(std::get<ChannelConfig>(parsed) ==
              ChannelConfig{.name = "news", .inputs = {TestPattern{}}, .outputs = {HlsSink{}}});
        CHECK(std::get<OriginConfig>(origin_config_from_json("{}")) == OriginConfig{});
    }

    TEST_CASE("a ladder may be named") {
        const struct {
            const char* name;
            EncoderLadder ladder;
        } cases[] = {{"hd1080", EncoderLadder::hd1080()},
                     {"hd720", EncoderLadder::hd720()},
                     {"sd", EncoderLadder::sd()}};
        for (const auto& item : cases) {
            const auto parsed = channel_config_from_json(
                R"({"name":"n","inputs":[{"type":"rtmp_pull","url":"rtmp://h/a/s"}],)"
                R"("outputs":[{"type":"hls_ts"}],"ladder":")" +
                std::string(item.name) + "\"}");
            REQUIRE(problems(parsed) == "");
            CHECK(std::get<ChannelConfig>(parsed).ladder == item.ladder);
        }
        CHECK(ladder_problems("\"hd4k\"") ==
              "ladder: \"hd4k\" is no ladder preset; known are hd1080, hd720, sd");
    }

    TEST_CASE("a frame rate is \"auto\", a number or a fraction") {
        const struct {
            const char* json;
            std::optional<Rational> rate;
        } cases[] = {
            {"\"auto\"", std::nullopt},
            {"25", Rational{25, 1}},
            {"29.97", Rational{30000, 1001}},
            {"12.5", Rational{25, 2}},
            {"\"30000/1001\"", Rational{30000, 1001}},
            {"\"50\"", Rational{50, 1}},
            {"25.0", Rational{25, 1}},
        };
        for (const auto& item : cases) {
            CAPTURE(item.json);
            const auto parsed = channel_config_from_json(
                R"({"name":"n","inputs":[{"type":"test_pattern"}],"outputs":[{"type":"hls_ts"}],)"
                R"("frame_rate":)" +
                std::string(item.json) + "}");
            REQUIRE(problems(parsed) == "");
            CHECK(std::get<ChannelConfig>(parsed).frame_rate == item.rate);
        }
        const std::string must =
            "frame_rate: must be a positive number or fraction such as 25, 29.97 or 30000/1001, "
            "is ";
        CHECK(channel_problems(R"("frame_rate":"fast")") == must + "\"fast\"");
        CHECK(channel_problems(R"("frame_rate":-25)") == must + "the number -25");
        CHECK(channel_problems(R"("frame_rate":1e300)") == must + "the number 1e+300");
        CHECK(channel_problems(R"("frame_rate":[])") ==
              "frame_rate: must be a number or a fraction such as \"30000/1001\", is an array");
        CHECK(channel_problems(R"("frame_rate":500)") ==
              "frame_rate: must be 1 to 240 frames per second, is 500");
    }

    TEST_CASE("what to_json writes, from_json reads as the same value") {
        for (unsigned seed = 0; seed < 500; ++seed) {
            const Config config = Generator(seed).config();
            CAPTURE(seed);
            REQUIRE(to_string(validate(config)) == "");
            const auto parsed = config_from_json(to_json(config));
            REQUIRE(problems(parsed) == "");
            CHECK(std::get<Config>(parsed) == config);
            const auto channel = channel_config_from_json(to_json(config.channels[0]));
            REQUIRE(problems(channel) == "");
            CHECK(std::get<ChannelConfig>(channel) == config.channels[0]);
            CHECK(std::get<OriginConfig>(origin_config_from_json(to_json(config.origin))) ==
                  config.origin);
        }
    }

    TEST_CASE("to_json writes every field, also the defaults, and durations in seconds") {
        CHECK(to_json(OriginConfig{}) == R"({
  "address": "127.0.0.1",
  "port": 8080,
  "threads": 2,
  "max_connections": 10000,
  "header_timeout": 10.0,
  "idle_timeout": 30.0,
  "document_root": "",
  "certificate_file": "",
  "private_key_file": "",
  "access": {
    "token_key": "",
    "token_grace": 21600.0,
    "cdn_field": "",
    "cdn_secret": ""
  }
})");
    }

    TEST_CASE("a host's own store is written but cannot be read") {
        struct NoStore : Store {
            Result<void> put(std::string_view, const Bytes&) override { return {}; }
            Result<Bytes> get(std::string_view) override { return Error{}; }
            Result<ObjectInfo> describe(std::string_view) override { return Error{}; }
            Result<void> remove(std::string_view) override { return {}; }
            Result<std::vector<ObjectInfo>> list(std::string_view) override { return Error{}; }
        };
        const ChannelConfig config{.name = "n",
                                   .inputs = {TestPattern{}},
                                   .outputs = {HlsSink{}},
                                   .store = std::make_shared<NoStore>()};
        CHECK(validate(config).empty());
        const std::string json = to_json(config);
        CHECK(json.find("\"store\": {\n    \"type\": \"host\"\n  }") != std::string::npos);
        CHECK(problems(channel_config_from_json(json)) ==
              "store.type: \"host\" is no type here; known are memory, directory");
    }

    TEST_CASE("a value that JSON cannot hold is written without throwing") {
        ChannelConfig config{.name = "\xff", .inputs = {FileInput{.path = "\xc3("}}};
        config.ladder.video[0].rate_control = static_cast<RateControl>(9);
        CHECK(to_json(config).find("\"rate_control\": null") != std::string::npos);
    }
}

TEST_SUITE("channel/json mistakes") {
    TEST_CASE("a syntax error has its line and column") {
        CHECK(origin_problems("{\n  \"port\": 8080,\n  \"threads\" 2\n}") ==
              "is not valid JSON at line 3, column 13: syntax error while parsing object separator "
              "- unexpected number literal; expected ':'");
        CHECK(origin_problems("") ==
              "is not valid JSON at line 1, column 1: syntax error while parsing value - "
              "unexpected end of input; expected '[', '{', or a literal");
        CHECK(origin_problems("{\"port\": NaN}")
                  .starts_with("is not valid JSON at line 1, column 10: "));
        CHECK(origin_problems("{} x").starts_with("is not valid JSON at line 1, column 4: "));
        CHECK(origin_problems("{\"port\":1e999}") ==
              "is not valid JSON at line 1, column 13: a number is too large");
        CHECK(origin_problems("{\"address\":\"\xff\"}").find("ill-formed UTF-8") !=
              std::string::npos);
    }

    TEST_CASE("a syntax error does not show what stands there") {
        const std::string text =
            problems(channel_config_from_json("{\"inputs\":[{\"url\":\"rtmp://host/live/s3cret"));
        CHECK(text.starts_with("is not valid JSON"));
        CHECK(text.find("s3cret") == std::string::npos);
    }

    TEST_CASE("an unknown field comes with a suggestion") {
        CHECK(origin_problems(R"({"prot":1})") == "prot: is no field here; did you mean \"port\"?");
        CHECK(origin_problems(R"({"timeout_header":1})") ==
              "timeout_header: is no field here; known are address, port, threads, "
              "max_connections, header_timeout, idle_timeout, document_root, certificate_file, "
              "private_key_file, access");
        CHECK(ladder_problems(R"({"video":[{"name":"a","width":16,"height":16,"bitrate":10000,)"
                              R"("bitrate_bps":10000}]})") ==
              "ladder.video[0].bitrate: is no field here; did you mean \"bitrate_bps\"?");
        CHECK(channel_problems("", R"({"type":"test_pattern","paht":"x"})")
                  .starts_with("inputs[0].paht: is no field here; known are type, width"));
        CHECK(origin_problems("{\"\\u001b[2J\\n\":1}").starts_with("?[2J?: is no field here"));
    }

    TEST_CASE("a wrong type says what is wanted and what is there") {
        const struct {
            const char* text;
            const char* problem;
        } cases[] = {
            {R"([])", "must be an object, is an array"},
            {R"(7)", "must be an object, is the number 7"},
            {R"({"address":5})", "address: must be a string, is the number 5"},
            {R"({"address":null})", "address: must be a string, is null"},
            {R"({"port":"80"})", "port: must be a whole number, is \"80\""},
            {R"({"port":80.5})", "port: must be a whole number, is the number 80.5"},
            {R"({"port":true})", "port: must be a whole number, is true"},
            {R"({"idle_timeout":"5s"})", "idle_timeout: must be a number of seconds, is \"5s\""},
            {R"({"idle_timeout":{}})", "idle_timeout: must be a number of seconds, is an object"},
        };
        for (const auto& item : cases) CHECK(origin_problems(item.text) == item.problem);
        CHECK(channel_problems("", R"({"type":"file","path":"a","loop":1})") ==
              "inputs[0].loop: must be true or false, is the number 1");
        CHECK(ladder_problems("5") == "ladder: must be an object, is the number 5");
        CHECK(ladder_problems(R"({"video":{}})") == "ladder.video: must be an array, is an object");
    }

    TEST_CASE("a whole number may be written as 8e3") {
        const auto parsed = origin_config_from_json(R"({"port":8e3})");
        REQUIRE(problems(parsed) == "");
        CHECK(std::get<OriginConfig>(parsed).port == 8000);
    }

    TEST_CASE("numbers out of range say the range, whatever their size") {
        for (const char* number : {"-1", "65536", "4294967296", "9223372036854775808",
                                   "18446744073709551615", "-9223372036854775808"}) {
            CHECK(origin_problems("{\"port\":" + std::string(number) + "}") ==
                  "port: must be 0 to 65535, is " + std::string(number));
        }
        CHECK(origin_problems(R"({"port":1e300})") == "port: must be 0 to 65535, is 1e+300");
        CHECK(channel_problems(R"("store":{"type":"memory","max_bytes":-1})") ==
              "store.max_bytes: must be 1048576 to 1125899906842624, is -1");
        CHECK(channel_problems(R"("store":{"type":"memory","max_bytes":18446744073709551615})") ==
              "store.max_bytes: must be 1048576 to 1125899906842624, is 18446744073709551615");
    }

    TEST_CASE("a duration is a whole number of milliseconds") {
        const auto read = [](const std::string& number) {
            return origin_config_from_json("{\"idle_timeout\":" + number + "}");
        };
        CHECK(std::get<OriginConfig>(read("2.5")).idle_timeout == 2500ms);
        CHECK(std::get<OriginConfig>(read("3")).idle_timeout == 3000ms);
        CHECK(std::get<OriginConfig>(read("0.001")).idle_timeout == 1ms);
        CHECK(problems(read("0.0005")) ==
              "idle_timeout: must be a whole number of milliseconds, is 0.0005 seconds");
        CHECK(problems(read("1.0001")) ==
              "idle_timeout: must be a whole number of milliseconds, is 1.0001 seconds");
        CHECK(problems(read("1.000001")) ==
              "idle_timeout: must be a whole number of milliseconds, is 1.000001 seconds");
        CHECK(problems(read("1e300")) == "idle_timeout: must be 0.001 to 3600 seconds, is 1e+300");
        CHECK(problems(read("-1")) == "idle_timeout: must be 0.001 to 3600 seconds, is -1");
    }

    TEST_CASE("an unknown type lists the known ones") {
        CHECK(channel_problems("", R"({"type":"ndi_listen"})") ==
              "inputs[0].type: \"ndi_listen\" is no type here; known are test_pattern, file, "
              "rtmp_pull, rtmp_listen, srt_listen, srt_call, rtp_listen, hls_pull, rtsp_pull, gst");
        CHECK(channel_problems("", R"({"path":"a"})") ==
              "inputs[0].type: is missing; known are test_pattern, file, "
              "rtmp_pull, rtmp_listen, srt_listen, srt_call, rtp_listen, hls_pull, rtsp_pull, gst");
        CHECK(channel_problems("", R"({"type":5})") ==
              "inputs[0].type: must be a string, is the number 5");
        CHECK(channel_problems("", R"("clip.mp4")") ==
              "inputs[0]: must be an object, is \"clip.mp4\"");
    }

    TEST_CASE("an unknown word lists the known ones") {
        CHECK(problems(channel_config_from_json(
                  R"({"name":"n","inputs":[{"type":"test_pattern"}],)"
                  R"("outputs":[{"type":"hls_ts","playlist_type":"vod"}]})")) ==
              "outputs[0].playlist_type: must be live or event, is \"vod\"");
    }

    TEST_CASE("a field given twice is a mistake") {
        CHECK(origin_problems(R"({"port":1,"port":2})") == "port: is given twice");
        CHECK(channel_problems("", R"({"type":"test_pattern","width":16,"width":{"a":1,"a":2}})") ==
              "inputs[0].width: is given twice\n"
              "inputs[0].width.a: is given twice\n"
              "inputs[0].width: must be a whole number, is an object");
    }

    TEST_CASE("every mistake of reading and of validate() comes at once") {
        const auto parsed = config_from_json(R"({
            "origin": {"port": "80", "treads": 4},
            "channels": [{"name": "a b", "inputs": [{"type": "fil"}], "outputs": [],
                          "ladder": {"video": [{"name": "v", "width": 15, "height": "x"}]}}],
            "version": 1})");
        CHECK(problems(parsed) ==
              "origin.port: must be a whole number, is \"80\"\n"
              "origin.treads: is no field here; did you mean \"threads\"?\n"
              "channels[0].inputs[0].type: \"fil\" is no type here; known are test_pattern, file, "
              "rtmp_pull, rtmp_listen, srt_listen, srt_call, rtp_listen, hls_pull, rtsp_pull, gst\n"
              "channels[0].ladder.video[0].height: must be a whole number, is \"x\"\n"
              "version: is no field here; known are origin, channels\n"
              "channels[0].name: may have letters, digits, '-' and '_', is \"a b\"\n"
              "channels[0].ladder.video[0].width: must be 16 to 7680 and even, is 15\n"
              "channels[0].ladder.video[0].bitrate_bps: must be 10000 to 200000000, is 0\n"
              "channels[0].outputs: must have at least one, has 0");
    }

    TEST_CASE("no mistake shows a stream's name") {
        for (const char* input : {R"({"type":"rtmp_pull","url":"rtmp://h/s3cret"})",
                                  R"("rtmp://h/live/s3cret")", R"({"type":"rtmp://h/live/s3cret"})",
                                  R"({"type":"rtmp_pull","url":"h/live/s3cret"})"}) {
            const std::string text = channel_problems("", input);
            CHECK(text != "");
            CHECK(text.find("s3cret") == std::string::npos);
        }
    }
}

TEST_SUITE("channel/json limits") {
    TEST_CASE("a document that is too large is not looked at") {
        const std::string text = "{\"document_root\":\"" + std::string(1 << 20, 'x') + "\"}";
        CHECK(origin_problems(text) ==
              "must have at most 1048576 bytes, has " + std::to_string(text.size()));
    }

    TEST_CASE("a document that is nested too deep is not followed") {
        const std::string text = "{\"port\":" + std::string(500'000, '[');
        CHECK(origin_problems(text) == "is nested deeper than 32 levels");
        const std::string at_limit =
            "{\"port\":" + std::string(31, '[') + std::string(31, ']') + "}";
        CHECK(origin_problems(at_limit) == "port: must be a whole number, is an array");
        const std::string above = "{\"port\":" + std::string(32, '[') + std::string(32, ']') + "}";
        CHECK(origin_problems(above) == "is nested deeper than 32 levels");
    }

    TEST_CASE("a flood of mistakes is cut and counted") {
        std::string text = "{";
        for (int i = 0; i < 5000; ++i) text += "\"zzz" + std::to_string(i) + "\":1,";
        text += "\"port\":1}";
        const auto parsed = origin_config_from_json(text);
        const auto& list = std::get<std::vector<Problem>>(parsed);
        CHECK(list.size() == 1001);
        CHECK(list.back() == Problem{"", "and 4000 more"});
    }

    TEST_CASE("a list that is too long is not read") {
        std::string text = "{\"channels\":[{}";
        for (int i = 0; i < 1000; ++i) text += ",{}";
        CHECK(problems(config_from_json(text + "]}")) ==
              "channels: must have at most 1000 entries, has 1001");
    }
}
