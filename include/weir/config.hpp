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

#include <weir/access.hpp>
#include <weir/cmaf_sink.hpp>
#include <weir/encoder_ladder.hpp>
#include <weir/export.hpp>
#include <weir/hls_sink.hpp>
#include <weir/ingest.hpp>
#include <weir/rational.hpp>
#include <weir/result.hpp>
#include <weir/store.hpp>

namespace weir {

/// One packaged form of a channel.
using Output = std::variant<HlsSink, CmafSink>;

/// What viewers see and hear while the chosen input delivers nothing: its last picture, then black,
/// then the slate.
struct InputLoss {
    std::chrono::milliseconds repeat_duration{2000};  ///< how long the last picture is repeated
    std::chrono::milliseconds black_duration{3000};   ///< then black, before the slate
    /// A picture (PNG, JPEG), or a film that is looped with its sound; "": black for ever.
    std::string slate{};
    std::chrono::milliseconds fade_duration{20};  ///< sound fades out, and in again

    friend bool operator==(const InputLoss&, const InputLoss&) = default;
};

/// What inputs do that are not chosen.
enum class Standby {
    hot,   ///< connected and decoding: chosen within a frame
    warm,  ///< connected, not decoding: chosen at its next keyframe
    cold   ///< not connected
};

/// How an input is chosen: the first of the list that is well, unless the host chose one itself
/// with Channel::switch_input().
struct Failover {
    bool automatic = true;  ///< false: only switch_input() changes the input
    Standby standby = Standby::hot;
    std::chrono::milliseconds lost_after{
        500};  ///< an input without a new picture for so long is lost
    /// Mean luma at or below which a picture is black: 0 (video black) to 1; empty: nobody looks.
    std::optional<double> black_threshold{};
    std::chrono::milliseconds black_after{2000};  ///< so long black is as bad as lost
    /// Level at or below which sound is silent, in dBFS (-60, say); empty: nobody listens.
    std::optional<double> silence_threshold{};
    std::chrono::milliseconds silence_after{5000};  ///< so long silent is as bad as lost
    /// How long an input that goes before the present one must have been well to be chosen again.
    std::chrono::milliseconds recover_after{5000};

    friend bool operator==(const Failover&, const Failover&) = default;
};

/// What a channel does that has had no input for `idle_after`.
enum class Idle {
    slate,  ///< goes on: see InputLoss
    pause,  ///< encodes nothing until an input delivers; the programme goes on then
    stop    ///< finishes the programme; begins another when an input delivers
};

/// A picture laid over the programme.
struct Overlay {
    std::string path{};    ///< PNG, with alpha
    int x = 0;             ///< of its left edge, in pixels of the largest rendition
    int y = 0;             ///< of its upper edge
    int width = 0;         ///< 0: its own
    int height = 0;        ///< 0: its own
    double opacity = 1.0;  ///< 0 to 1
    std::chrono::milliseconds fade_duration{0};  ///< when it comes and when it goes

    friend bool operator==(const Overlay&, const Overlay&) = default;
};

/// A live channel.
struct ChannelConfig {
    /// Letters, digits, '-', '_'; the first part of the keys in the store.
    std::string name{};
    std::vector<Ingest> inputs{};  ///< by priority
    EncoderLadder ladder = EncoderLadder::hd720();
    std::vector<Output> outputs{};  ///< at most one of each kind, with one segment_duration
    StoreConfig store = MemoryStore{};
    /// Frames per second of the programme; empty: the first input's (30 when it does not say so
    /// within two seconds), frozen for the programme.
    std::optional<Rational> frame_rate{};
    InputLoss input_loss{};
    Failover failover{};
    Idle idle = Idle::slate;
    std::chrono::milliseconds idle_after{10'000};     ///< without any input
    std::vector<Overlay> overlays{};                  ///< the later ones above the earlier
    bool time_burn_in = false;                        ///< UTC of each frame, drawn into it
    std::chrono::milliseconds thumbnail_interval{0};  ///< between two thumbnails; 0: none

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
    std::string certificate_file{};  ///< PEM, with the chain; both make it HTTPS
    std::string private_key_file{};  ///< PEM
    Access access{};                 ///< who is served

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
WEIR_API std::vector<Problem> validate(const CmafSink& sink, const EncoderLadder& ladder);

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
