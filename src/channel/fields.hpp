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
inline constexpr std::string_view kTypeName<HlsSink> = "hls_ts";
template <>
inline constexpr std::string_view kTypeName<MemoryStore> = "memory";
template <>
inline constexpr std::string_view kTypeName<DirectoryStore> = "directory";

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

inline const Between kPictureSize{16, 7680, 2};
inline const Name kRenditionName{{"index", "hls"}};
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
    visit("loop", value.loop, Any{});
}

void for_each_field(auto&& visit, Of<RtmpPull> auto& value) {
    visit("url", value.url, RtmpUrl{});
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

void for_each_field(auto&& visit, Of<EncoderLadder> auto& value) {
    visit("video", value.video, Entries{1, 16});
    visit("audio", value.audio, Entries{0, 16});
    visit("gop", value.gop, Lasting{250ms, 30s});
    visit("vbv_duration", value.vbv_duration, Lasting{100ms, 30s});
    visit("preset", value.preset, kPresets);
}

void for_each_field(auto&& visit, Of<HlsSink> auto& value) {
    visit("playlist_type", value.playlist_type, Any{});
    visit("segment_duration", value.segment_duration, Lasting{1s, 30s});
    visit("window", value.window, Lasting{3s, 24h});
}

void for_each_field(auto&& visit, Of<MemoryStore> auto& value) {
    visit("max_bytes", value.max_bytes, Between{1 << 20, std::int64_t{1} << 50});
}

void for_each_field(auto&& visit, Of<DirectoryStore> auto& value) {
    visit("path", value.path, Text{});
}

// A host's own Store is opaque.
void for_each_field(auto&&, Of<std::shared_ptr<Store>> auto&) {}

void for_each_field(auto&& visit, Of<ChannelConfig> auto& value) {
    visit("name", value.name, Name{});
    visit("inputs", value.inputs, Entries{1, 1});
    visit("ladder", value.ladder, Any{});
    visit("outputs", value.outputs, Entries{1, 1});
    visit("store", value.store, Any{});
    visit("frame_rate", value.frame_rate, FrameRate{});
    visit("repeat_duration", value.repeat_duration, Lasting{0ms, 1h});
}

void for_each_field(auto&& visit, Of<OriginConfig> auto& value) {
    visit("address", value.address, IpAddress{});
    visit("port", value.port, Between{0, 65'535});
    visit("threads", value.threads, Between{1, 64});
    visit("max_connections", value.max_connections, Between{1, 1'000'000});
    visit("header_timeout", value.header_timeout, Lasting{1ms, 1h});
    visit("idle_timeout", value.idle_timeout, Lasting{1ms, 1h});
    visit("document_root", value.document_root, Text{.may_be_empty = true});
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
