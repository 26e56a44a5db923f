// SPDX-License-Identifier: MIT
// An event as one line of JSON.
#include <ctime>

#include <nlohmann/json.hpp>

#include <weir/event.hpp>

namespace weir {
namespace {

using Json = nlohmann::ordered_json;  // "event" comes first
using std::chrono::nanoseconds;
using UtcTime = std::chrono::sys_time<nanoseconds>;

// RFC 3339 in UTC with milliseconds, rounded down.
std::string utc_text(UtcTime time) {
    const auto ms = std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch();
    const auto whole = std::chrono::floor<std::chrono::seconds>(ms);
    const std::time_t seconds = whole.count();
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char text[64];
    const std::size_t length = std::strftime(text, sizeof text, "%FT%T", &parts);
    const std::string fraction = std::to_string(1000 + (ms - whole).count()).substr(1);
    return std::string(text, length) + "." + fraction + "Z";
}

// Seconds, to the microsecond.
double seconds(nanoseconds duration) {
    const auto rounded = std::chrono::round<std::chrono::microseconds>(duration);
    return static_cast<double>(rounded.count()) / 1e6;
}

struct Name {
    const char* operator()(const StateChanged&) const { return "state_changed"; }
    const char* operator()(const InputConnected&) const { return "input_connected"; }
    const char* operator()(const InputLost&) const { return "input_lost"; }
    const char* operator()(const InputSwitched&) const { return "input_switched"; }
    const char* operator()(const Paused&) const { return "paused"; }
    const char* operator()(const ProgrammeStarted&) const { return "programme_started"; }
    const char* operator()(const SegmentPublished&) const { return "segment_published"; }
    const char* operator()(const ProgrammeFinished&) const { return "programme_finished"; }
    const char* operator()(const Alert&) const { return "alert"; }
};

void write(Json& json, const StateChanged& event) {
    json["state"] = to_string(event.state);
    json["reason"] = event.reason;
}

void write(Json& json, const InputConnected& event) {
    json["input"] = event.input;
    json["description"] = event.description;
}

void write(Json& json, const InputLost& event) {
    json["input"] = event.input;
    json["field"] = event.field;
    json["cause"] = event.cause;
}

void write(Json& json, const InputSwitched& event) {
    json["from"] = event.from;
    json["to"] = event.to;
    json["at"] = utc_text(event.time);
    json["reason"] = event.reason;
}

void write(Json& json, const Paused& event) {
    json["paused"] = event.paused;
}

void write(Json& json, const ProgrammeStarted& event) {
    json["programme"] = event.programme;
}

void write(Json& json, const SegmentPublished& event) {
    json["programme"] = event.programme;
    json["number"] = event.number;
    json["start"] = utc_text(event.start);
    json["duration"] = seconds(event.duration);
}

void write(Json& json, const ProgrammeFinished& event) {
    json["programme"] = event.programme;
    json["duration"] = seconds(event.duration);
}

void write(Json& json, const Alert& event) {
    json["code"] = event.code;
    json["set"] = event.set;
    json["text"] = event.text;
}

}  // namespace

std::string_view to_string(ChannelState state) {
    switch (state) {
        case ChannelState::idle:
            return "idle";
        case ChannelState::starting:
            return "starting";
        case ChannelState::running:
            return "running";
        case ChannelState::recovering:
            return "recovering";
        case ChannelState::stopping:
            return "stopping";
        case ChannelState::failed:
            return "failed";
    }
    return "unknown";
}

std::string to_json(const Event& event) {
    Json json;
    json["event"] = std::visit(Name(), event.detail);
    json["channel"] = event.channel;
    json["time"] = utc_text(event.time);
    std::visit([&](const auto& detail) { write(json, detail); }, event.detail);
    // A cause may hold a file's name, which need not be UTF-8: that must not throw.
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace weir
