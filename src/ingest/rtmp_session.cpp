// SPDX-License-Identifier: MIT
#include "ingest/rtmp_session.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace weir::ingest {

namespace {

using Bytes = std::span<const std::byte>;

constexpr std::size_t kHelloBytes = 1536;  // of C1, C2, S1, S2
constexpr std::byte kVersion{3};
constexpr std::uint32_t kWindow = 2'500'000;
constexpr std::uint32_t kLeastWindow = 4096;  // who asks for more acknowledgements gets fewer
constexpr std::uint32_t kChunkBytes = 4096;
constexpr std::uint32_t kStreamId = 1;
constexpr std::uint8_t kControlChunks = 2;  // 5.3: the chunk stream of protocol control messages
constexpr std::uint8_t kCommandChunks = 3;
constexpr std::uint8_t kStatusChunks = 5;
constexpr std::uint32_t kStreamBegin = 0;
constexpr std::uint32_t kPingRequest = 6;
constexpr std::uint32_t kPingResponse = 7;
constexpr std::size_t kMostName = 1024;

// Before anybody is known: enough for commands, and no room to fill.
constexpr RtmpChunkLimits kBefore{.chunk_streams = 32,
                                  .message_bytes = RtmpSession::kCommandBytes,
                                  .partial_bytes = 2 * RtmpSession::kCommandBytes,
                                  .least_chunk_bytes = 128};

Error corrupt_talk(std::string why) {
    return {ErrorCode::corrupt, "RTMP: " + std::move(why)};
}

std::uint32_t number_at(Bytes bytes, std::size_t at, std::size_t width) {
    std::uint32_t value = 0;
    for (const std::byte byte : bytes.subspan(at, width)) {
        value = value << 8 | std::to_integer<std::uint32_t>(byte);
    }
    return value;
}

// "name?query" in two.
std::pair<std::string, std::string> split_query(const std::string& text) {
    const auto at = text.find('?');
    if (at == std::string::npos) return {text, ""};
    return {text.substr(0, at), text.substr(at + 1)};
}

const std::string* text_at(const std::vector<Amf0Value>& values, std::size_t at) {
    return at < values.size() ? values[at].text() : nullptr;
}

}  // namespace

RtmpSession::RtmpSession(RtmpSessionEvents events)
    : events_(std::move(events)),
      reader_(kBefore, [this](const RtmpMessage& message) { return on_message(message); }) {}

std::vector<std::byte> RtmpSession::take_output() {
    return std::exchange(output_, {});
}

Result<void> RtmpSession::push(Bytes bytes) {
    received_ += static_cast<std::uint32_t>(bytes.size());
    if (state_ == State::greeting || state_ == State::greeted) {
        auto rest = shake_hands(bytes);
        if (!rest) return rest.error();
        bytes = *rest;
    }
    auto read = reader_.push(bytes);
    if (!read) {
        // A client that sees only the end of the connection would come back for ever.
        if (publishing() && read.error().code != ErrorCode::unauthorized) {
            send_status("error", "NetStream.Failed", read.error().message);
        }
        return read;
    }
    acknowledge();
    return {};
}

// ---- Handshake (5.2) --------------------------------------------------------------------------

// What is left of `bytes` behind the handshake.
Result<Bytes> RtmpSession::shake_hands(Bytes bytes) {
    if (state_ == State::greeting && !bytes.empty()) {
        if (hello_.empty()) {
            auto version = check_version(bytes.front());
            if (!version) return version.error();
        }
        const auto part = bytes.first(std::min(1 + kHelloBytes - hello_.size(), bytes.size()));
        hello_.insert(hello_.end(), part.begin(), part.end());
        bytes = bytes.subspan(part.size());
        if (hello_.size() == 1 + kHelloBytes) greet();
    }
    if (state_ == State::greeted) {
        // C2 repeats S1, or is a signature: neither says anything about the client.
        const auto part = std::min(c2_left_, bytes.size());
        c2_left_ -= part;
        bytes = bytes.subspan(part);
        if (c2_left_ == 0) state_ = State::chatting;
    }
    return bytes;
}

Result<void> RtmpSession::check_version(std::byte version) const {
    if (version == kVersion) return {};
    if (version == std::byte{0x16}) return corrupt_talk("TLS, but this port has no certificate");
    if (version == std::byte{6}) return corrupt_talk("RTMPE is not supported");
    return corrupt_talk("the first byte is " + std::to_string(std::to_integer<int>(version)) +
                        ": no RTMP client");
}

void RtmpSession::greet() {
    output_.push_back(kVersion);
    // S1: time, and four zeros that say "no version, so no digest". The rest may be anything: it
    // only has to be told from the client's own.
    output_.resize(output_.size() + 8);
    output_.insert(output_.end(), kHelloBytes - 8, std::byte{0x57});
    output_.insert(output_.end(), hello_.begin() + 1, hello_.end());  // S2
    hello_ = {};
    c2_left_ = kHelloBytes;
    state_ = State::greeted;
}

// ---- Messages ---------------------------------------------------------------------------------

Result<void> RtmpSession::on_message(const RtmpMessage& message) {
    switch (message.type) {
        case kUserControl:
            on_user_control(message.payload);
            return {};
        case kWindowSize:
            if (message.payload.size() < 4) return corrupt_talk("a control message is cut off");
            window_ = std::max(number_at(message.payload, 0, 4), kLeastWindow);
            return {};
        case kCommandAmf3:  // one byte that says "AMF0 follows", as clients that use it send it
            if (message.payload.empty() || message.payload[0] != std::byte{0}) {
                return Error{ErrorCode::unsupported, "RTMP: a command in AMF3"};
            }
            return on_command(message.payload.subspan(1));
        case kCommandAmf0:
            return on_command(message.payload);
        case kAudio:
        case kVideo:
            return on_media(message);
        case kAggregate:
            return on_aggregate(message);
        default:  // @setDataFrame and its kind: what it says is in the streams too
            return {};
    }
}

Result<void> RtmpSession::on_media(const RtmpMessage& message) {
    if (!publishing()) return {};
    const auto read = message.type == kVideo ? &read_flv_video : &read_flv_audio;
    return read(message.timestamp, message.payload, events_.media);
}

// 7.1.6: FLV tags one behind the other. Only the differences of their times mean something.
Result<void> RtmpSession::on_aggregate(const RtmpMessage& message) {
    constexpr std::size_t kHeader = 11;
    constexpr std::size_t kTrailer = 4;
    Bytes rest = message.payload;
    std::uint32_t first = 0;
    for (bool begun = false; !rest.empty(); begun = true) {
        if (rest.size() < kHeader) return corrupt_talk("an aggregate message is cut off");
        const std::size_t size = number_at(rest, 1, 3);
        if (rest.size() < kHeader + size) return corrupt_talk("an aggregate message is cut off");
        const std::uint32_t time = number_at(rest, 4, 3) | number_at(rest, 7, 1) << 24;
        if (!begun) first = time;
        const auto type = static_cast<std::uint8_t>(number_at(rest, 0, 1) & 0x1F);
        if (type == kAudio || type == kVideo) {
            auto read = on_media({type, message.stream, message.timestamp + time - first,
                                  rest.subspan(kHeader, size)});
            if (!read) return read;
        }
        rest = rest.subspan(std::min(kHeader + size + kTrailer, rest.size()));
    }
    return {};
}

void RtmpSession::on_user_control(Bytes payload) {
    if (payload.size() < 6 || number_at(payload, 0, 2) != kPingRequest) return;
    send_numbers(kUserControl, {{kPingResponse, 2}, {number_at(payload, 2, 4), 4}});
}

void RtmpSession::acknowledge() {
    // At half of it: a client that sends a whole window ahead would otherwise wait.
    if (window_ == 0 || received_ - acknowledged_ < window_ / 2) return;
    acknowledged_ = received_;
    send_numbers(kAcknowledgement, {{received_, 4}});
}

// ---- Commands (7.2) ---------------------------------------------------------------------------

Result<void> RtmpSession::on_command(Bytes payload) {
    auto values = read_amf0(payload);
    if (!values) return values.error();
    const auto* name = text_at(*values, 0);
    if (!name) return corrupt_talk("a command without a name");
    return run_command(*name, *values);
}

Result<void> RtmpSession::run_command(const std::string& name, const Arguments& arguments) {
    if (name == "connect") return on_connect(arguments);
    if (state_ != State::connected && state_ != State::publishing) {
        return corrupt_talk("a command before connect");
    }
    if (name == "publish") return on_publish(arguments);
    if (name == "createStream") {
        answer(arguments, {}, static_cast<double>(kStreamId));
    } else if (name == "releaseStream" || name == "FCPublish") {
        answer(arguments, {}, {});
    } else if (name == "FCUnpublish" || name == "deleteStream" || name == "closeStream") {
        end_publishing();
    } else if (name == "play" || name == "play2") {
        send_status("error", "NetStream.Play.StreamNotFound", "this server only takes streams in");
        return Error{ErrorCode::unauthorized, "RTMP: somebody wanted to play"};
    }
    return {};  // 7.2.1.2: what is not known is not answered
}

Result<void> RtmpSession::on_connect(const Arguments& arguments) {
    if (state_ != State::chatting) return corrupt_talk("connect for the second time");
    const auto* app = arguments.size() > 2 ? arguments[2].member("app") : nullptr;
    const auto* text = app ? app->text() : nullptr;
    if (!text || text->size() > kMostName) return corrupt_talk("connect without an application");
    std::tie(target_.app, target_.query) = split_query(*text);
    while (target_.app.ends_with('/')) target_.app.pop_back();

    send_numbers(kWindowSize, {{kWindow, 4}});
    send_numbers(kPeerBandwidth, {{kWindow, 4}, {2, 1}});  // 2: dynamic
    send_numbers(kSetChunkSize, {{kChunkBytes, 4}});
    const auto* transaction = arguments[1].number();
    const double id = transaction ? *transaction : 1;
    if (auto allowed = events_.connect(target_.app); !allowed) {
        const Amf0Object info{{"level", "error"},
                              {"code", "NetConnection.Connect.Rejected"},
                              {"description", allowed.error().message}};
        send(kCommandAmf0, 0, write_amf0({"_error", id, {}, info}));
        return Error{ErrorCode::unauthorized, "RTMP: " + allowed.error().message};
    }
    const Amf0Object properties{{"fmsVer", "FMS/3,0,1,123"}, {"capabilities", 31.0}};
    const Amf0Object info{{"level", "status"},
                          {"code", "NetConnection.Connect.Success"},
                          {"description", "connected"},
                          {"objectEncoding", 0.0}};
    send(kCommandAmf0, 0, write_amf0({"_result", id, properties, info}));
    state_ = State::connected;
    return {};
}

Result<void> RtmpSession::on_publish(const Arguments& arguments) {
    if (publishing()) return corrupt_talk("publish for the second time");
    const auto* name = text_at(arguments, 3);
    if (!name || name->size() > kMostName) return corrupt_talk("publish without a name");
    RtmpTarget target = target_;
    auto [key, query] = split_query(*name);
    target.stream_key = std::move(key);
    if (!query.empty()) target.query = std::move(query);
    if (auto allowed = events_.publish(target); !allowed) {
        send_status("error", "NetStream.Publish.BadName", allowed.error().message);
        return Error{ErrorCode::unauthorized, "RTMP: " + allowed.error().message};
    }
    state_ = State::publishing;
    reader_.set_limits({});
    send_numbers(kUserControl, {{kStreamBegin, 2}, {kStreamId, 4}});
    send_status("status", "NetStream.Publish.Start", "publishing");
    return {};
}

void RtmpSession::end_publishing() {
    if (!publishing()) return;
    state_ = State::connected;
    reader_.set_limits(kBefore);
    send_status("status", "NetStream.Unpublish.Success", "not publishing any more");
    events_.unpublish();
}

void RtmpSession::dismiss(const std::string& why) {
    send_status("error", "NetStream.Publish.BadName", why);
}

// ---- Answers ----------------------------------------------------------------------------------

void RtmpSession::send(std::uint8_t type, std::uint32_t stream, Bytes payload) {
    const bool command = type == kCommandAmf0;
    const auto chunks = !command ? kControlChunks : stream == 0 ? kCommandChunks : kStatusChunks;
    // Control messages fit any chunk, and all else follows Set Chunk Size.
    write_rtmp(output_, chunks, kChunkBytes, {type, stream, 0, payload});
}

void RtmpSession::send_numbers(std::uint8_t type,
                               std::initializer_list<std::pair<std::uint32_t, int>> parts) {
    std::vector<std::byte> payload;
    for (const auto& [value, width] : parts) {
        for (int i = width - 1; i >= 0; --i)
            payload.push_back(static_cast<std::byte>(value >> (8 * i)));
    }
    send(type, 0, payload);
}

void RtmpSession::answer(const Arguments& arguments, Amf0Value first, Amf0Value second) {
    const auto* transaction = arguments.size() > 1 ? arguments[1].number() : nullptr;
    if (!transaction || *transaction == 0) return;  // 7.2.1: no answer is wanted
    send(kCommandAmf0, 0,
         write_amf0({"_result", *transaction, std::move(first), std::move(second)}));
}

void RtmpSession::send_status(const char* level, const char* code, const std::string& description) {
    const Amf0Object info{{"level", level}, {"code", code}, {"description", description}};
    send(kCommandAmf0, kStreamId, write_amf0({"onStatus", 0.0, {}, info}));
}

}  // namespace weir::ingest
