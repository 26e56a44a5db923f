// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <string>

#include <nlohmann/json.hpp>

#include <weir/event.hpp>

using namespace std::chrono_literals;
using namespace weir;

namespace {

// 2026-01-02T03:04:05.678Z and a bit.
constexpr std::chrono::sys_time<std::chrono::nanoseconds> kTime{1'767'323'045'678'999'999ns};

std::string json_of(EventDetail detail) {
    return to_json(Event{.channel = "news", .time = kTime, .detail = std::move(detail)});
}

const std::string kHead = R"("channel":"news","time":"2026-01-02T03:04:05.678Z",)";

}  // namespace

TEST_SUITE("channel/event_json") {
    TEST_CASE("every event is one line with its name first") {
        CHECK(json_of(StateChanged{ChannelState::recovering, "input lost"}) ==
              R"({"event":"state_changed",)" + kHead +
                  R"("state":"recovering","reason":"input lost"})");
        CHECK(json_of(InputConnected{0, "video 854x480"}) ==
              R"({"event":"input_connected",)" + kHead +
                  R"("input":0,"description":"video 854x480"})");
        CHECK(json_of(InputLost{0, "inputs[0].path", "clip.mp4: No such file"}) ==
              R"({"event":"input_lost",)" + kHead +
                  R"("input":0,"field":"inputs[0].path","cause":"clip.mp4: No such file"})");
        CHECK(json_of(ProgrammeStarted{"20260102T030405Z"}) ==
              R"({"event":"programme_started",)" + kHead + R"("programme":"20260102T030405Z"})");
        CHECK(json_of(SegmentPublished{"p", 883'661'522, kTime, 2s}) ==
              R"({"event":"segment_published",)" + kHead +
                  R"("programme":"p","number":883661522,"start":"2026-01-02T03:04:05.678Z",)"
                  R"("duration":2.0})");
        CHECK(json_of(ProgrammeFinished{"p", 12'345'678'499ns}) ==
              R"({"event":"programme_finished",)" + kHead +
                  R"("programme":"p","duration":12.345678})");
        CHECK(json_of(Alert{"clock_step", false, "the clock is right again"}) ==
              R"({"event":"alert",)" + kHead +
                  R"("code":"clock_step","set":false,"text":"the clock is right again"})");
    }

    TEST_CASE("no text of an event breaks its line or its JSON") {
        const std::string text = "a\nb\"c\\d\x01\xff";
        const std::string json = json_of(InputLost{1, "inputs[1].path", text});
        CHECK(json.find('\n') == std::string::npos);
        const auto parsed = nlohmann::json::parse(json, nullptr, false);
        REQUIRE_FALSE(parsed.is_discarded());
        CHECK(parsed["cause"] == "a\nb\"c\\d\x01\xef\xbf\xbd");
    }

    TEST_CASE("times before 1970 are rounded down too") {
        const Event event{.channel = "", .time = decltype(kTime){-1ns}, .detail = StateChanged{}};
        CHECK(to_json(event).find("1969-12-31T23:59:59.999Z") != std::string::npos);
    }

    TEST_CASE("every state has its name") {
        CHECK(to_string(ChannelState::idle) == "idle");
        CHECK(to_string(ChannelState::starting) == "starting");
        CHECK(to_string(ChannelState::running) == "running");
        CHECK(to_string(ChannelState::recovering) == "recovering");
        CHECK(to_string(ChannelState::stopping) == "stopping");
        CHECK(to_string(ChannelState::failed) == "failed");
        CHECK(to_string(static_cast<ChannelState>(99)) == "unknown");
    }
}
