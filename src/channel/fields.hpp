// SPDX-License-Identifier: MIT
// The fields of every configuration value, each with its name in JSON and its rule: the one table
// that to_json, from_json and validate walk, so that they can never disagree.
//
// for_each_field(visitor, value) calls visitor(name, field, rule) for each field in turn; `value`
// is const or not, and so is what the visitor gets. Threads: pure functions.
#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include <weir/config.hpp>

#include "channel/rules.hpp"

namespace weir::channel {

// T is X or const X.
template <class T, class X>
concept Of = std::same_as<std::remove_const_t<T>, X>;

// The words for the values of an enumeration.
template <class T>
inline constexpr std::array<std::pair<T, std::string_view>, 0> kEnumNames{};
template <>
inline constexpr std::array kEnumNames<PlaylistType> = {
    std::pair{PlaylistType::live, std::string_view("live")},
    std::pair{PlaylistType::event, std::string_view("event")},
};
template <>
inline constexpr std::array kEnumNames<RateControl> = {
    std::pair{RateControl::capped_quality, std::string_view("capped_quality")},
    std::pair{RateControl::cbr, std::string_view("cbr")},
};

template <>
inline constexpr std::array kEnumNames<OnConflict> = {
    std::pair{OnConflict::reject, std::string_view("reject")},
    std::pair{OnConflict::replace, std::string_view("replace")},
};
template <>
inline constexpr std::array kEnumNames<TsTransport> = {
    std::pair{TsTransport::rtp, std::string_view("rtp")},
    std::pair{TsTransport::udp, std::string_view("udp")},
};
template <>
inline constexpr std::array kEnumNames<RtspTransport> = {
    std::pair{RtspTransport::tcp, std::string_view("tcp")},
    std::pair{RtspTransport::udp, std::string_view("udp")},
};
template <>
inline constexpr std::array kEnumNames<Standby> = {
    std::pair{Standby::hot, std::string_view("hot")},
    std::pair{Standby::warm, std::string_view("warm")},
    std::pair{Standby::cold, std::string_view("cold")},
};
template <>
inline constexpr std::array kEnumNames<Idle> = {
    std::pair{Idle::slate, std::string_view("slate")},
    std::pair{Idle::pause, std::string_view("pause")},
    std::pair{Idle::stop, std::string_view("stop")},
};

// What "type" says for an alternative of a variant; "" when JSON cannot describe it.
template <class T>
inline constexpr std::string_view kTypeName = "";
template <>
inline constexpr std::string_view kTypeName<TestPattern> = "test_pattern";
template <>
inline constexpr std::string_view kTypeName<FileInput> = "file";
template <>
inline constexpr std::string_view kTypeName<RtmpPull> = "rtmp_pull";
template <>
inline constexpr std::string_view kTypeName<RtmpListen> = "rtmp_listen";
template <>
inline constexpr std::string_view kTypeName<SrtListen> = "srt_listen";
template <>
inline constexpr std::string_view kTypeName<SrtCall> = "srt_call";
template <>
inline constexpr std::string_view kTypeName<RtpListen> = "rtp_listen";
template <>
inline constexpr std::string_view kTypeName<HlsPull> = "hls_pull";
template <>
inline constexpr std::string_view kTypeName<RtspPull> = "rtsp_pull";
template <>
inline constexpr std::string_view kTypeName<GstInput> = "gst";
template <>
inline constexpr std::string_view kTypeName<HlsSink> = "hls_ts";
template <>
inline constexpr std::string_view kTypeName<CmafSink> = "cmaf";
template <>
inline constexpr std::string_view kTypeName<MemoryStore> = "memory";
template <>
inline constexpr std::string_view kTypeName<DirectoryStore> = "directory";

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

inline const Between kPictureSize{16, 7680, 2};
inline const Name kRenditionName{{"index", "hls", "cmaf", "dash"}};
inline const OneOf<int> kSampleRates{{44'100, 48'000}};
inline const OneOf<std::string> kPresets{{"ultrafast", "superfast", "veryfast", "faster", "fast",
                                          "medium", "slow", "slower", "veryslow", "placebo"}};

void for_each_field(auto&& visit, Of<TestPattern> auto& value) {
    visit("width", value.width, kPictureSize);
    visit("height", value.height, kPictureSize);
    visit("frame_rate", value.frame_rate, FrameRate{});
    visit("clock", value.clock, Any{});
    visit("beep", value.beep, Any{});
}

void for_each_field(auto&& visit, Of<FileInput> auto& value) {
    visit("path", value.path, Text{});
    visit("more", value.more, Entries{0, 10'000});
    visit("loop", value.loop, Any{});
    visit("start_at", value.start_at, Lasting{0ms, 240h});
}

void for_each_field(auto&& visit, Of<RtmpPull> auto& value) {
    visit("url", value.url, RtmpUrl{});
    visit("idle_timeout", value.idle_timeout, Lasting{100ms, 1h});
}

void for_each_field(auto&& visit, Of<RtmpListen> auto& value) {
    visit("address", value.address, IpAddress{});
    visit("port", value.port, Between{0, 65'535});
    visit("app", value.app, Text{});
    visit("stream_key", value.stream_key, Text{.may_be_empty = true, .is_secret = true});
    visit("on_conflict", value.on_conflict, Any{});
    visit("idle_timeout", value.idle_timeout, Lasting{100ms, 1h});
    visit("certificate_file", value.certificate_file, Text{.may_be_empty = true});
    visit("private_key_file", value.private_key_file, Text{.may_be_empty = true});
}

void for_each_field(auto&& visit, Of<TsSelection> auto& value) {
    visit("programme", value.programme, Between{0, 65'535});
    visit("video_pid", value.video_pid, Between{0, 8190});
    visit("audio_pid", value.audio_pid, Between{0, 8190});
    visit("audio_language", value.audio_language, Text{.may_be_empty = true});
}

void for_each_field(auto&& visit, Of<SrtListen> auto& value) {
    visit("address", value.address, IpAddress{});
    visit("port", value.port, Between{0, 65'535});
    visit("stream_id", value.stream_id, Text{.may_be_empty = true, .is_secret = true});
    visit("passphrase", value.passphrase, Passphrase{});
    visit("latency", value.latency, Lasting{0ms, 60s});
    visit("idle_timeout", value.idle_timeout, Lasting{100ms, 1h});
    visit("select", value.select, Any{});
}

void for_each_field(auto&& visit, Of<SrtCall> auto& value) {
    visit("host", value.host, Text{});
    visit("port", value.port, Between{1, 65'535});
    visit("stream_id", value.stream_id, Text{.may_be_empty = true, .is_secret = true});
    visit("passphrase", value.passphrase, Passphrase{});
    visit("latency", value.latency, Lasting{0ms, 60s});
    visit("idle_timeout", value.idle_timeout, Lasting{100ms, 1h});
    visit("select", value.select, Any{});
}

void for_each_field(auto&& visit, Of<RtpListen> auto& value) {
    visit("address", value.address, IpAddress{});
    visit("port", value.port, Between{1, 65'535});
    visit("interface", value.interface, Text{.may_be_empty = true});
    visit("transport", value.transport, Any{});
    visit("latency", value.latency, Lasting{0ms, 60s});
    visit("idle_timeout", value.idle_timeout, Lasting{100ms, 1h});
    visit("select", value.select, Any{});
}

void for_each_field(auto&& visit, Of<HlsPull> auto& value) {
    visit("url", value.url, (Url{{"http", "https"}}));
    visit("idle_timeout", value.idle_timeout, Lasting{100ms, 1h});
}

void for_each_field(auto&& visit, Of<RtspPull> auto& value) {
    visit("url", value.url, (Url{{"rtsp", "rtsps"}}));
    visit("transport", value.transport, Any{});
    visit("latency", value.latency, Lasting{0ms, 60s});
    visit("idle_timeout", value.idle_timeout, Lasting{100ms, 1h});
}

void for_each_field(auto&&, Of<AppInput> auto&) {}

void for_each_field(auto&& visit, Of<GstInput> auto& value) {
    visit("launch", value.launch, Text{.may_be_empty = true});
    visit("live", value.live, Any{});
    visit("idle_timeout", value.idle_timeout, Lasting{100ms, 1h});
}

void for_each_field(auto&& visit, Of<VideoRendition> auto& value) {
    visit("name", value.name, kRenditionName);
    visit("width", value.width, kPictureSize);
    visit("height", value.height, kPictureSize);
    visit("bitrate_bps", value.bitrate_bps, Between{10'000, 200'000'000});
    visit("rate_control", value.rate_control, Any{});
    visit("crf", value.crf, Between{1, 51});
    visit("threads", value.threads, Between{1, 64});
}

void for_each_field(auto&& visit, Of<AudioRendition> auto& value) {
    visit("name", value.name, kRenditionName);
    visit("bitrate_bps", value.bitrate_bps, Between{8'000, 512'000});
    visit("sample_rate", value.sample_rate, kSampleRates);
    visit("channels", value.channels, Between{1, 2});
}

void for_each_field(auto&& visit, Of<Passthrough> auto& value) {
    visit("name", value.name, kRenditionName);
    visit("max_segment_duration", value.max_segment_duration, Lasting{1s, 60s});
}

void for_each_field(auto&& visit, Of<EncoderLadder> auto& value) {
    visit("video", value.video, Entries{0, 16});
    visit("audio", value.audio, Entries{0, 16});
    visit("passthrough", value.passthrough, Any{});
    visit("gop", value.gop, Lasting{250ms, 30s});
    visit("vbv_duration", value.vbv_duration, Lasting{100ms, 30s});
    visit("preset", value.preset, kPresets);
}

void for_each_field(auto&& visit, Of<HlsSink> auto& value) {
    visit("playlist_type", value.playlist_type, Any{});
    visit("segment_duration", value.segment_duration, Lasting{1s, 30s});
    visit("window", value.window, Lasting{3s, 240h});
    visit("time_shift", value.time_shift, Lasting{0s, 720h});
}

void for_each_field(auto&& visit, Of<CmafSink> auto& value) {
    visit("low_latency", value.low_latency, Any{});
    visit("playlist_type", value.playlist_type, Any{});
    visit("segment_duration", value.segment_duration, Lasting{1s, 30s});
    visit("part_duration", value.part_duration, Lasting{100ms, 2s});
    visit("window", value.window, Lasting{3s, 240h});
    visit("time_shift", value.time_shift, Lasting{0s, 720h});
    visit("hls", value.hls, Any{});
    visit("dash", value.dash, Any{});
}

void for_each_field(auto&& visit, Of<MemoryStore> auto& value) {
    visit("max_bytes", value.max_bytes, Between{1 << 20, std::int64_t{1} << 50});
}

void for_each_field(auto&& visit, Of<DirectoryStore> auto& value) {
    visit("path", value.path, Text{});
}

// A host's own Store is opaque.
void for_each_field(auto&&, Of<std::shared_ptr<Store>> auto&) {}

void for_each_field(auto&& visit, Of<InputLoss> auto& value) {
    visit("repeat_duration", value.repeat_duration, Lasting{0ms, 1h});
    visit("black_duration", value.black_duration, Lasting{0ms, 1h});
    visit("slate", value.slate, Text{.may_be_empty = true});
    visit("fade_duration", value.fade_duration, Lasting{0ms, 100ms});
}

void for_each_field(auto&& visit, Of<Failover> auto& value) {
    visit("automatic", value.automatic, Any{});
    visit("standby", value.standby, Any{});
    visit("lost_after", value.lost_after, Lasting{100ms, 1h});
    visit("black_threshold", value.black_threshold, (Number{0, 1}));
    visit("black_after", value.black_after, Lasting{0ms, 1h});
    visit("silence_threshold", value.silence_threshold, (Number{-120, 0}));
    visit("silence_after", value.silence_after, Lasting{0ms, 1h});
    visit("recover_after", value.recover_after, Lasting{0ms, 1h});
}

void for_each_field(auto&& visit, Of<Overlay> auto& value) {
    visit("path", value.path, Text{});
    visit("x", value.x, (Between{-8192, 8192}));
    visit("y", value.y, (Between{-8192, 8192}));
    visit("width", value.width, Between{0, 8192});
    visit("height", value.height, Between{0, 8192});
    visit("opacity", value.opacity, (Number{0, 1}));
    visit("fade_duration", value.fade_duration, Lasting{0ms, 60s});
}

void for_each_field(auto&& visit, Of<ChannelConfig> auto& value) {
    visit("name", value.name, Name{});
    visit("inputs", value.inputs, Entries{1, 16});
    visit("ladder", value.ladder, Any{});
    visit("outputs", value.outputs, Entries{1, 2});
    visit("store", value.store, Any{});
    visit("frame_rate", value.frame_rate, FrameRate{});
    visit("input_loss", value.input_loss, Any{});
    visit("failover", value.failover, Any{});
    visit("idle", value.idle, Any{});
    visit("idle_after", value.idle_after, Lasting{1s, 240h});
    visit("overlays", value.overlays, Entries{0, 16});
    visit("time_burn_in", value.time_burn_in, Any{});
    visit("thumbnail_interval", value.thumbnail_interval, Lasting{0ms, 1h});
}

void for_each_field(auto&& visit, Of<Access> auto& value) {
    visit("token_key", value.token_key, Text{.may_be_empty = true, .is_secret = true});
    visit("token_grace", value.token_grace, Lasting{0ms, 240h});
    visit("cdn_field", value.cdn_field, Text{.may_be_empty = true});
    visit("cdn_secret", value.cdn_secret, Text{.may_be_empty = true, .is_secret = true});
}

void for_each_field(auto&& visit, Of<OriginConfig> auto& value) {
    visit("address", value.address, IpAddress{});
    visit("port", value.port, Between{0, 65'535});
    visit("threads", value.threads, Between{1, 64});
    visit("max_connections", value.max_connections, Between{1, 1'000'000});
    visit("header_timeout", value.header_timeout, Lasting{1ms, 1h});
    visit("idle_timeout", value.idle_timeout, Lasting{1ms, 1h});
    visit("document_root", value.document_root, Text{.may_be_empty = true});
    visit("certificate_file", value.certificate_file, Text{.may_be_empty = true});
    visit("private_key_file", value.private_key_file, Text{.may_be_empty = true});
    visit("access", value.access, Any{});
}

void for_each_field(auto&& visit, Of<Config> auto& value) {
    visit("origin", value.origin, Any{});
    visit("channels", value.channels, Entries{1, 1000});
}

// Whether T is a value with fields.
template <class T>
concept Described = requires(T& value) {
    for_each_field([](const char*, auto&, const auto&) {}, value);
};

}  // namespace weir::channel
