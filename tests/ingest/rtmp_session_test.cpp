// SPDX-License-Identifier: MIT
#include "ingest/rtmp_session.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "ingest/rtmp_client.hpp"

using namespace weir;
using namespace weir::test;
using ingest::Amf0Object;
using ingest::Amf0Value;
using ingest::FlvUnit;
using ingest::RtmpMessage;
using ingest::RtmpSession;
using ingest::RtmpTarget;

namespace {

constexpr std::size_t kHandshake = 1 + 1536 + 1536;  // S0, S1, S2

const Octets kConfig = bytes({0x17, 0, 0, 0, 0, 1, 2, 3});
const Octets kKeyframe = bytes({0x17, 1, 0, 0, 5, 4, 5, 6});
const Octets kSound = bytes({0xAF, 1, 7});

Octets message(int type, std::uint32_t time, std::span<const std::byte> payload, int stream = 1) {
    Octets out;
    ingest::write_rtmp(
        out, 6, 128,
        {static_cast<std::uint8_t>(type), static_cast<std::uint32_t>(stream), time, payload});
    return out;
}

// A session, and what came of it.
class Talk {
public:
    // Nothing: as the session took it all.
    std::optional<Error> push(std::span<const std::byte> input, std::size_t step = 1'000'000) {
        while (!input.empty()) {
            const auto part = input.first(std::min(step, input.size()));
            const auto pushed = session.push(part);
            append(output, session.take_output());
            if (!pushed) return pushed.error();
            input = input.subspan(part.size());
        }
        return std::nullopt;
    }
    void greet() {
        push(rtmp_hello());
        push(Octets(1536));
    }
    void connect() {
        greet();
        push(rtmp_connect("live"));
    }
    void publish() {
        connect();
        push(rtmp_publish("key"));
    }

    // What was answered behind the handshake.
    struct Answer {
        std::uint8_t type;
        std::uint32_t stream;
        Octets payload;
    };
    [[nodiscard]] std::vector<Answer> answers() const {
        std::vector<Answer> result;
        ingest::RtmpChunkReader reader({}, [&](const RtmpMessage& m) -> Result<void> {
            result.push_back({m.type, m.stream, Octets(m.payload.begin(), m.payload.end())});
            return {};
        });
        CHECK(reader.push(std::span(output).subspan(kHandshake)));
        return result;
    }
    // The names and codes of the commands that were answered.
    [[nodiscard]] std::vector<std::string> told() const {
        std::vector<std::string> result;
        for (const auto& answer : answers()) {
            if (answer.type != ingest::kCommandAmf0) continue;
            const auto values = ingest::read_amf0(answer.payload);
            REQUIRE(values);
            std::string line = *values->front().text();
            if (const auto* code = values->back().member("code")) line += ' ' + *code->text();
            result.push_back(line);
        }
        return result;
    }

    Octets output;
    std::string app;
    std::optional<Error> refuse_connect;
    std::optional<Error> refuse_publish;
    std::vector<RtmpTarget> targets;
    std::vector<std::string> units;  // "kind time composition payload-size"
    int unpublished = 0;
    RtmpSession session{{
        [this](const std::string& name) -> Result<void> {
            app = name;
            if (refuse_connect) return *refuse_connect;
            return {};
        },
        [this](const RtmpTarget& target) -> Result<void> {
            targets.push_back(target);
            if (refuse_publish) return *refuse_publish;
            return {};
        },
        [this](const FlvUnit& unit) {
            units.push_back(std::to_string(static_cast<int>(unit.kind)) + ' ' +
                            std::to_string(unit.dts_ms) + ' ' +
                            std::to_string(unit.composition_ms) + ' ' +
                            std::to_string(unit.payload.size()));
        },
        [this] { ++unpublished; },
    }};
};

Octets whole_conversation() {
    const Octets metadata =
        ingest::write_amf0({"@setDataFrame", "onMetaData", Amf0Object{{"width", 64.0}}});
    return joined({rtmp_hello(), Octets(1536), control(1, 4096), rtmp_connect("live"),
                   rtmp_command({"releaseStream", 2.0, {}, "key"}),
                   rtmp_command({"FCPublish", 3.0, {}, "key"}),
                   rtmp_command({"createStream", 4.0, {}}), rtmp_publish("key"),
                   message(18, 0, metadata), message(9, 0, kConfig), message(9, 40, kKeyframe),
                   message(8, 50, kSound), rtmp_command({"FCUnpublish", 6.0, {}, "key"}),
                   rtmp_command({"deleteStream", 7.0, {}, 1.0})});
}

const std::vector<std::string> kTold{"_result NetConnection.Connect.Success",
                                     "_result",
                                     "_result",
                                     "_result",
                                     "onStatus NetStream.Publish.Start",
                                     "onStatus NetStream.Unpublish.Success"};

}  // namespace

TEST_SUITE("ingest/rtmp_session") {
    TEST_CASE("a publisher's conversation, however it is cut") {
        const auto input = whole_conversation();
        for (const std::size_t step : {1UL, 2UL, 3UL, 7UL, 128UL, 1537UL, 1'000'000UL}) {
            CAPTURE(step);
            Talk talk;
            const auto error = talk.push(input, step);
            CHECK_FALSE(error);
            CHECK(talk.app == "live");
            REQUIRE(talk.targets.size() == 1);
            CHECK(talk.targets[0].stream_key == "key");
            CHECK(talk.units == std::vector<std::string>{"0 0 0 3", "1 40 5 3", "3 50 0 1"});
            CHECK(talk.unpublished == 1);
            CHECK(talk.told() == kTold);
        }
        for (std::size_t at = 1; at < input.size(); ++at) {
            Talk talk;
            talk.push(std::span(input).first(at));
            talk.push(std::span(input).subspan(at));
            if (talk.told() != kTold || talk.units.size() != 3) FAIL_CHECK("split at " << at);
        }
    }

    TEST_CASE("the handshake is the simple one, also for a client that signs its C1") {
        for (const std::uint32_t version : {0U, 0x80000702U}) {
            CAPTURE(version);
            Talk talk;
            const auto hello = rtmp_hello(version);
            CHECK_FALSE(talk.push(hello));
            REQUIRE(talk.output.size() == kHandshake);
            CHECK(talk.output[0] == std::byte{3});
            // No version: a client that wants a signature must not look for one.
            CHECK(Octets(talk.output.begin() + 5, talk.output.begin() + 9) == Octets(4));
            CHECK(Octets(talk.output.begin() + 1537, talk.output.end()) ==
                  Octets(hello.begin() + 1, hello.end()));
        }
    }

    TEST_CASE("nothing is answered before C1 is whole") {
        Talk talk;
        auto hello = rtmp_hello();
        hello.pop_back();
        CHECK_FALSE(talk.push(hello));
        CHECK(talk.output.empty());
    }

    TEST_CASE("what does not begin as RTMP is named at its first byte") {
        const std::vector<std::pair<int, const char*>> rows{
            {0x16, "TLS"}, {6, "RTMPE"}, {'G', "first byte is 71"}, {0, "first byte is 0"}};
        for (const auto& [first, text] : rows) {
            const int sent = first;
            CAPTURE(sent);
            Talk talk;
            const auto error = talk.push(bytes({first}));
            REQUIRE(error);
            CHECK(error->message.find(text) != std::string::npos);
        }
    }

    TEST_CASE("publishing begins with a full header on message stream 1") {
        Talk talk;
        talk.publish();
        const auto answers = talk.answers();
        REQUIRE(answers.size() >= 2);
        const auto& status = answers.back();
        CHECK(status.stream == 1);
        const auto& begin = answers[answers.size() - 2];
        CHECK(begin.type == ingest::kUserControl);
        CHECK(begin.payload == bytes({0, 0, 0, 0, 0, 1}));
        // The header's format is in the two highest bits: 0, a full one.
        const auto at = talk.output.size() - status.payload.size() - 12;
        CHECK(talk.output[at] == std::byte{5});
        CHECK(Octets(talk.output.begin() + static_cast<std::ptrdiff_t>(at) + 8,
                     talk.output.begin() + static_cast<std::ptrdiff_t>(at) + 12) ==
              bytes({1, 0, 0, 0}));
    }

    TEST_CASE("names are told apart from their queries") {
        struct Row {
            const char* app;
            const char* name;
            const char* seen_app;
            const char* seen_key;
            const char* seen_query;
        };
        const std::vector<Row> rows{
            {"live", "key", "live", "key", ""},
            {"live/", "key", "live", "key", ""},
            {"live?token=1", "key", "live", "key", "token=1"},
            {"live", "key?token=2", "live", "key", "token=2"},
            {"live?token=1", "key?token=2", "live", "key", "token=2"},
            {"live/room", "key", "live/room", "key", ""},
            {"live", "", "live", "", ""},
        };
        for (const auto& row : rows) {
            CAPTURE(row.app);
            CAPTURE(row.name);
            Talk talk;
            talk.greet();
            talk.push(rtmp_connect(row.app));
            talk.push(rtmp_publish(row.name));
            REQUIRE(talk.targets.size() == 1);
            CHECK(talk.targets[0].app == row.seen_app);
            CHECK(talk.targets[0].stream_key == row.seen_key);
            CHECK(talk.targets[0].query == row.seen_query);
        }
    }

    TEST_CASE("a refusal is told with its reason before the end") {
        Talk app;
        app.refuse_connect = Error{ErrorCode::not_found, "no such application"};
        app.greet();
        auto error = app.push(rtmp_connect("else"));
        REQUIRE(error);
        CHECK(error->code == ErrorCode::unauthorized);
        CHECK(app.told() == std::vector<std::string>{"_error NetConnection.Connect.Rejected"});

        Talk key;
        key.refuse_publish = Error{ErrorCode::unauthorized, "not you"};
        key.connect();
        error = key.push(rtmp_publish("secret"));
        REQUIRE(error);
        CHECK(error->message == "RTMP: not you");
        CHECK(key.told().back() == "onStatus NetStream.Publish.BadName");
        const auto values = ingest::read_amf0(key.answers().back().payload);
        CHECK(*values->back().member("description")->text() == "not you");

        Talk viewer;
        viewer.connect();
        error = viewer.push(rtmp_command({"play", 5.0, {}, "secret"}, 1));
        REQUIRE(error);
        CHECK(error->message.find("secret") == std::string::npos);
        CHECK(viewer.told().back() == "onStatus NetStream.Play.StreamNotFound");
    }

    TEST_CASE("a codec that is not taken is named to the publisher") {
        const std::vector<std::pair<Octets, const char*>> video{
            {bytes({0x14, 1, 2}), "VP6"},
            {bytes({0x12, 1, 2}), "H.263"},
            {bytes({0x90, 'v', 'p', '0', '9', 1}), "vp09"},
        };
        const std::vector<std::pair<Octets, const char*>> audio{
            {bytes({0x2F, 1, 2}), "MP3"},
            {bytes({0xB6, 1, 2}), "Speex"},
            {bytes({0x90, 'O', 'p', 'u', 's', 1}), "Opus"},
        };
        for (const auto& [type, rows] : {std::pair(9, video), std::pair(8, audio)}) {
            for (const auto& [body, name] : rows) {
                const std::string codec = name;
                CAPTURE(codec);
                Talk talk;
                talk.publish();
                const auto error = talk.push(message(type, 0, body));
                REQUIRE(error);
                CHECK(error->code == ErrorCode::unsupported);
                CHECK(error->message.find(name) != std::string::npos);
                CHECK(talk.told().back() == "onStatus NetStream.Failed");
            }
        }
    }

    TEST_CASE("media without permission is nothing") {
        Talk talk;
        talk.connect();
        CHECK_FALSE(talk.push(message(9, 0, kConfig)));
        CHECK(talk.units.empty());
    }

    TEST_CASE("after it ended its stream a client may publish again") {
        Talk talk;
        talk.publish();
        CHECK_FALSE(talk.push(rtmp_command({"closeStream", 0.0, {}}, 1)));
        CHECK_FALSE(talk.push(message(9, 0, kConfig)));
        CHECK(talk.units.empty());
        CHECK_FALSE(talk.push(rtmp_publish("other")));
        CHECK(talk.targets.back().stream_key == "other");
        CHECK(talk.session.publishing());
    }

    TEST_CASE("commands in the wrong order end the connection") {
        Talk early;
        early.greet();
        CHECK(early.push(rtmp_publish("key")));
        Talk twice;
        twice.connect();
        CHECK(twice.push(rtmp_connect("live")));
        Talk again;
        again.publish();
        CHECK(again.push(rtmp_publish("key")));
        CHECK(again.targets.size() == 1);
        Talk nameless;
        nameless.connect();
        CHECK(nameless.push(rtmp_command({"publish", 5.0, {}}, 1)));
    }

    TEST_CASE("unknown commands, metadata in either notation, and AMF0 behind a zero are taken") {
        Talk talk;
        talk.publish();
        CHECK_FALSE(talk.push(rtmp_command({"_checkbw", 9.0, {}})));
        CHECK_FALSE(talk.push(message(15, 0, bytes({0, 2, 0, 1, 'x'}))));
        // GStreamer's flvmux repeats its metadata all the time.
        for (int i = 0; i < 50; ++i) {
            CHECK_FALSE(
                talk.push(message(18, 0, ingest::write_amf0({"@setDataFrame", "onMetaData"}))));
        }
        Octets amf3 = bytes({0});
        append(amf3, ingest::write_amf0({"deleteStream", 0.0, {}, 1.0}));
        CHECK_FALSE(talk.push(message(17, 0, amf3)));
        CHECK(talk.unpublished == 1);
        CHECK(talk.push(message(17, 0, bytes({3, 1}))));
    }

    TEST_CASE("a ping is answered with its time") {
        Talk talk;
        talk.connect();
        CHECK_FALSE(talk.push(message(4, 0, bytes({0, 6, 1, 2, 3, 4}), 0)));
        CHECK(talk.answers().back().payload == bytes({0, 7, 1, 2, 3, 4}));
        const auto before = talk.output.size();
        CHECK_FALSE(talk.push(message(4, 0, bytes({0, 3, 0, 0, 0, 1, 0, 0, 0, 9}), 0)));
        CHECK_FALSE(talk.push(message(4, 0, bytes({0, 6}), 0)));
        CHECK(talk.output.size() == before);
    }

    TEST_CASE("what came is acknowledged as often as the client wants, and not much more often") {
        Talk talk;
        talk.publish();
        CHECK_FALSE(talk.push(control(ingest::kWindowSize, 20'000)));
        const auto count = [&] {
            const auto answers = talk.answers();
            return std::count_if(answers.begin(), answers.end(), [](const auto& answer) {
                return answer.type == ingest::kAcknowledgement;
            });
        };
        CHECK(count() == 0);
        Octets picture = kKeyframe;
        picture.resize(10'000);
        for (int i = 0; i < 10; ++i) CHECK_FALSE(talk.push(message(9, 0, picture)));
        CHECK(count() >= 5);
        CHECK(count() <= 11);
        Talk greedy;
        greedy.publish();
        CHECK_FALSE(greedy.push(control(ingest::kWindowSize, 0)));
        const auto before = greedy.output.size();
        CHECK_FALSE(greedy.push(Octets(message(8, 0, kSound)), 1));
        CHECK(greedy.output.size() <= before + 16);
    }

    TEST_CASE("an aggregate's tags have their own times") {
        Octets aggregate;
        for (const std::uint32_t time : {1000U, 1040U}) {
            append(aggregate, bytes({9}));
            append_number(aggregate, static_cast<std::uint32_t>(kKeyframe.size()), 3);
            append_number(aggregate, time, 3);
            append(aggregate, bytes({0, 0, 0, 0}));
            append(aggregate, kKeyframe);
            append_number(aggregate, 19, 4);
        }
        Talk talk;
        talk.publish();
        CHECK_FALSE(talk.push(message(22, 500, aggregate)));
        CHECK(talk.units == std::vector<std::string>{"1 500 5 3", "1 540 5 3"});
        CHECK(talk.push(message(22, 500, std::span(aggregate).first(15))));
    }

    TEST_CASE("who may not publish yet can send no more than commands") {
        Talk talk;
        talk.connect();
        CHECK(talk.push(chunk0(6, 0, 0xFFFFFF, 9, 1, {})));
        Talk publisher;
        publisher.publish();
        CHECK_FALSE(publisher.push(chunk0(6, 0, 0xFFFFFF, 9, 1, {})));
        Talk before;
        before.greet();
        CHECK(before.push(chunk0(3, 0, RtmpSession::kCommandBytes + 1, 20, 0, {})));
    }

    TEST_CASE("hostile commands end the connection") {
        const std::vector<Octets> rows{
            Octets(60'000, std::byte{3}),         // objects without end
            bytes({10, 0xFF, 0xFF, 0xFF, 0xFF}),  // four billion values
            bytes({0, 0, 0, 0, 0, 0, 0, 0, 0}),   // a number for a name
            {},                                   // nothing
            ingest::write_amf0({"connect"}),      // nothing to connect to
            ingest::write_amf0({"connect", 1.0, Amf0Object{}}),
            ingest::write_amf0({"connect", 1.0, Amf0Object{{"app", 1.0}}}),
            ingest::write_amf0({"connect", 1.0, Amf0Object{{"app", std::string(2000, 'a')}}}),
        };
        for (std::size_t i = 0; i < rows.size(); ++i) {
            CAPTURE(i);
            Talk talk;
            talk.greet();
            CHECK(talk.push(message(20, 0, rows[i], 0)));
        }
    }

    TEST_CASE("a publisher that is sent away is told why") {
        Talk talk;
        talk.publish();
        talk.session.dismiss("somebody else");
        append(talk.output, talk.session.take_output());
        CHECK(talk.told().back() == "onStatus NetStream.Publish.BadName");
    }
}
