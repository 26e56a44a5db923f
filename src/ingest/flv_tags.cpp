// SPDX-License-Identifier: MIT
// The bodies of video and audio tags: the first byte says codec and frame type, or, with its
// highest bit, that a FourCC follows (Enhanced RTMP).
#include <algorithm>
#include <array>
#include <optional>

#include "ingest/flv.hpp"

namespace weir::ingest {

namespace {

constexpr std::uint32_t kExtendedVideo = 0x80;
constexpr std::uint32_t kExtendedAudio = 9;  // where a sound format stands else
constexpr std::uint32_t kKeyframe = 1;
constexpr std::uint32_t kCommandFrame = 5;  // for the player: seeking begins, seeking ends
constexpr std::size_t kFourCcHeader = 5;
constexpr std::size_t kCompositionBytes = 3;

// Enhanced RTMP v1, VideoPacketType.
enum Packet : std::uint32_t {
    kSequenceStart = 0,
    kCodedFrames = 1,
    kSequenceEnd = 2,
    kCodedFramesX = 3,  // with a composition time of zero that is left out
    kMetadata = 4       // colour and HDR; the streams say it too
};

using Bytes = std::span<const std::byte>;

std::uint32_t byte_at(Bytes bytes, std::size_t at) {
    return std::to_integer<std::uint32_t>(bytes[at]);
}

std::int32_t s24(Bytes bytes, std::size_t at) {
    const auto value = static_cast<std::int32_t>(
        byte_at(bytes, at) << 16 | byte_at(bytes, at + 1) << 8 | byte_at(bytes, at + 2));
    return value >= 0x800000 ? value - 0x1000000 : value;
}

Error cut_off(const char* what, Bytes body) {
    return {ErrorCode::corrupt,
            std::string("FLV: ") + what + " tag of " + std::to_string(body.size()) + " bytes"};
}

Error unsupported(std::string why) {
    return {ErrorCode::unsupported, "FLV: " + std::move(why)};
}

std::string number_or(std::uint32_t number, std::string_view name) {
    return name.empty() ? std::to_string(number) : std::string(name);
}

// Video File Format Specification 10.1, E.4.3.1 and E.4.2.1.
std::string_view video_name(std::uint32_t codec) {
    constexpr std::array<std::string_view, 8> kNames{
        "",     "", "Sorenson H.263", "Screen video", "VP6", "VP6 with alpha", "Screen video 2",
        "H.264"};
    return codec < kNames.size() ? kNames.at(codec) : "";
}

std::string_view audio_name(std::uint32_t format) {
    constexpr std::array<std::string_view, 16> kNames{"PCM",
                                                      "ADPCM",
                                                      "MP3",
                                                      "PCM",
                                                      "Nellymoser",
                                                      "Nellymoser",
                                                      "Nellymoser",
                                                      "G.711 A-law",
                                                      "G.711 mu-law",
                                                      "",
                                                      "AAC",
                                                      "Speex",
                                                      "",
                                                      "",
                                                      "MP3",
                                                      ""};
    return format < kNames.size() ? kNames.at(format) : "";
}

// Four characters for a message; what is not printable is '?'.
std::string four_cc(Bytes body) {
    std::string text;
    for (std::size_t i = 1; i < kFourCcHeader; ++i) {
        const auto c = static_cast<char>(byte_at(body, i));
        text += c > 0x20 && c < 0x7F ? c : '?';
    }
    return text;
}

std::optional<FlvCodec> video_codec(std::string_view name) {
    if (name == "avc1") return FlvCodec::h264;
    if (name == "hvc1") return FlvCodec::hevc;
    if (name == "av01") return FlvCodec::av1;
    return std::nullopt;
}

Result<void> give(const FlvHandler& handler, const FlvUnit& unit) {
    if (!unit.payload.empty()) handler(unit);
    return {};
}

Result<void> read_extended_video(std::int64_t dts_ms, Bytes body, const FlvHandler& handler) {
    const auto packet = byte_at(body, 0) & 0x0F;
    const auto frame = byte_at(body, 0) >> 4 & 0x07;
    if (frame == kCommandFrame) return {};
    if (body.size() < kFourCcHeader) return cut_off("a video", body);
    if (packet > kMetadata) {
        return unsupported("enhanced video packet type " + std::to_string(packet));
    }
    const std::string name = four_cc(body);
    const auto codec = video_codec(name);
    if (!codec) return unsupported("video codec " + name + " is not H.264, HEVC or AV1");
    FlvUnit unit{.kind = FlvUnit::Kind::video,
                 .codec = *codec,
                 .keyframe = frame == kKeyframe,
                 .dts_ms = dts_ms,
                 .composition_ms = 0,
                 .payload = body.subspan(kFourCcHeader)};
    if (packet == kSequenceEnd || packet == kMetadata) return {};
    if (packet == kSequenceStart) unit.kind = FlvUnit::Kind::video_config;
    if (packet == kCodedFrames && codec != FlvCodec::av1) {
        if (unit.payload.size() < kCompositionBytes) return cut_off("a video", body);
        unit.composition_ms = s24(unit.payload, 0);
        unit.payload = unit.payload.subspan(kCompositionBytes);
    }
    return give(handler, unit);
}

Result<void> read_extended_audio(std::int64_t dts_ms, Bytes body, const FlvHandler& handler) {
    const auto packet = byte_at(body, 0) & 0x0F;
    if (body.size() < kFourCcHeader) return cut_off("an audio", body);
    const std::string name = four_cc(body);
    if (name != "mp4a") return unsupported("audio codec " + name + " is not AAC");
    if (packet > kCodedFrames) return {};  // the sequence ends; the layout of the channels
    return give(handler, {.kind = packet == kSequenceStart ? FlvUnit::Kind::audio_config
                                                           : FlvUnit::Kind::audio,
                          .codec = FlvCodec::aac,
                          .keyframe = true,
                          .dts_ms = dts_ms,
                          .composition_ms = 0,
                          .payload = body.subspan(kFourCcHeader)});
}

}  // namespace

Result<void> read_flv_video(std::int64_t dts_ms, Bytes body, const FlvHandler& handler) {
    if (body.empty()) return {};
    if ((byte_at(body, 0) & kExtendedVideo) != 0) return read_extended_video(dts_ms, body, handler);
    const auto codec = byte_at(body, 0) & 0x0F;
    const auto frame = byte_at(body, 0) >> 4;
    if (frame == kCommandFrame) return {};
    if (codec != 7) {
        return unsupported("video codec " + number_or(codec, video_name(codec)) + " is not H.264");
    }
    if (body.size() < 5) return cut_off("a video", body);
    const auto packet = byte_at(body, 1);
    if (packet > 1) return {};  // end of sequence
    return give(handler, {.kind = packet == 0 ? FlvUnit::Kind::video_config : FlvUnit::Kind::video,
                          .codec = FlvCodec::h264,
                          .keyframe = frame == kKeyframe,
                          .dts_ms = dts_ms,
                          .composition_ms = s24(body, 2),
                          .payload = body.subspan(5)});
}

Result<void> read_flv_audio(std::int64_t dts_ms, Bytes body, const FlvHandler& handler) {
    if (body.empty()) return {};
    const auto format = byte_at(body, 0) >> 4;
    if (format == kExtendedAudio) return read_extended_audio(dts_ms, body, handler);
    if (format != 10) {
        return unsupported("audio codec " + number_or(format, audio_name(format)) + " is not AAC");
    }
    if (body.size() < 3) return {};
    return give(handler,
                {.kind = byte_at(body, 1) == 0 ? FlvUnit::Kind::audio_config : FlvUnit::Kind::audio,
                 .codec = FlvCodec::aac,
                 .keyframe = true,
                 .dts_ms = dts_ms,
                 .composition_ms = 0,
                 .payload = body.subspan(2)});
}

}  // namespace weir::ingest
