// SPDX-License-Identifier: MIT
/// @file
/// What a channel and an origin are to do: plain values, checked as a whole, to and from JSON.
/// Threads: values; the functions are thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <weir/encoder_ladder.hpp>
#include <weir/export.hpp>
#include <weir/hls_sink.hpp>
#include <weir/ingest.hpp>
#include <weir/rational.hpp>
#include <weir/result.hpp>
#include <weir/store.hpp>

namespace weir {

/// One packaged form of a channel.
using Output = std::variant<HlsSink>;

/// A live channel.
struct ChannelConfig {
    /// Letters, digits, '-', '_'; the first part of the keys in the store.
    std::string name{};
    std::vector<Ingest> inputs{};  ///< exactly one for now
    EncoderLadder ladder = EncoderLadder::hd720();
    std::vector<Output> outputs{};
    StoreConfig store = MemoryStore{};
    /// Frames per second of the programme; empty: the first input's (30 when it does not say so
    /// within two seconds), frozen for the programme.
    std::optional<Rational> frame_rate{};
    /// How long the last picture is repeated when the input stalls; then black. Sound is silent at
    /// once.
    std::chrono::milliseconds repeat_duration{2000};

    friend bool operator==(const ChannelConfig&, const ChannelConfig&) = default;
};

/// The HTTP server.
struct OriginConfig {
    std::string address = "127.0.0.1";                 ///< "0.0.0.0" or "::" serves other machines
    int port = 8080;                                   ///< 0: a free one, see Origin::port()
    int threads = 2;                                   ///< network threads, 1 to 64
    int max_connections = 10'000;                      ///< further ones are closed at once
    std::chrono::milliseconds header_timeout{10'000};  ///< for a whole request header
    std::chrono::milliseconds idle_timeout{30'000};    ///< between requests, and for a stuck answer
    /// Files below this folder are served where no channel is mounted; "" serves none.
    std::string document_root{};

    friend bool operator==(const OriginConfig&, const OriginConfig&) = default;
};

/// All that `weir-run` reads: an origin and the channels mounted at /<name>.
struct Config {
    OriginConfig origin{};
    std::vector<ChannelConfig> channels{};

    friend bool operator==(const Config&, const Config&) = default;
};

/// One mistake in a configuration.
struct Problem {
    std::string field{};  ///< "channels[0].ladder.video[1].width"; "" for the whole
    std::string text{};   ///< "must be even, is 853"

    friend bool operator==(const Problem&, const Problem&) = default;
};

/// "field: text", one problem a line.
WEIR_API std::string to_string(const std::vector<Problem>& problems);

/// All mistakes at once, in the order of the fields; empty when there is none. Pure: looks at
/// nothing but the value.
WEIR_API std::vector<Problem> validate(const ChannelConfig& config);
WEIR_API std::vector<Problem> validate(const OriginConfig& config);
WEIR_API std::vector<Problem> validate(const Config& config);

/// The same for single values, for a host that uses weir/gst.hpp; an output is checked together
/// with the ladder that feeds it.
WEIR_API std::vector<Problem> validate(const EncoderLadder& ladder);
WEIR_API std::vector<Problem> validate(const HlsSink& sink, const EncoderLadder& ladder);

/// JSON text with the same field names; what is equal to its default is written too. Durations are
/// seconds. A host's own Store is written as {"type":"host"}, which cannot be read back.
WEIR_API std::string to_json(const ChannelConfig& config);
WEIR_API std::string to_json(const OriginConfig& config);
WEIR_API std::string to_json(const Config& config);

/// What from_json gives: the value, or every mistake found while reading (syntax, unknown fields,
/// wrong types) and by validate().
template <class T>
using Parsed = std::variant<T, std::vector<Problem>>;

WEIR_API Parsed<ChannelConfig> channel_config_from_json(std::string_view text);
WEIR_API Parsed<OriginConfig> origin_config_from_json(std::string_view text);
WEIR_API Parsed<Config> config_from_json(std::string_view text);

}  // namespace weir
