// SPDX-License-Identifier: MIT
/// @file
/// Contribution inputs: where a channel's pictures and sound come from.
/// Threads: values; no rule of their own.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <weir/rational.hpp>

typedef struct _GstElement GstElement;

namespace weir {

class AppSource;

/// Colour bars with a running clock (UTC), a flash and a beep at every full second.
struct TestPattern {
    int width = 1280;
    int height = 720;
    Rational frame_rate{30, 1};
    bool clock = true;  ///< draw the time of day (needs GStreamer's pango plugin)
    bool beep = true;   ///< 1 kHz for 100 ms, and a white field, at every full second

    friend bool operator==(const TestPattern&, const TestPattern&) = default;
};

/// Media files of any kind that GStreamer can demultiplex and decode, one after another, each at
/// its own speed.
struct FileInput {
    std::string path{};
    std::vector<std::string> more{};        ///< files that follow `path`
    bool loop = false;                      ///< begin again at the end; otherwise it is lost there
    std::chrono::milliseconds start_at{0};  ///< where the first round of `path` begins

    friend bool operator==(const FileInput&, const FileInput&) = default;
};

/// Pulls a stream that someone publishes to an RTMP server.
struct RtmpPull {
    /// rtmp://host[:port]/application/stream. The last part is often a secret: weir never logs it.
    std::string url{};
    /// With no data for so long the connection is given up and made again.
    std::chrono::milliseconds idle_timeout{5000};

    friend bool operator==(const RtmpPull&, const RtmpPull&) = default;
};

/// What happens when somebody publishes with a stream key that is live already.
enum class OnConflict {
    reject,  ///< the newcomer is refused
    replace  ///< the newcomer takes over, the former publisher is disconnected
};

/// Somebody who wants to publish.
struct PublishRequest {
    std::string address;     ///< "192.0.2.7:51234"
    std::string app;         ///< the application, without its query
    std::string stream_key;  ///< a secret, without its query
    std::string query;       ///< what followed '?' in the key, or in the application
};

/// Says whether somebody may publish. Called on a network thread: it must not block.
using Authorize = std::function<bool(const PublishRequest&)>;

/// Publishers push to us with RTMP, or RTMPS when a certificate is given: H.264 and AAC, and
/// enhanced RTMP's HEVC and AV1. Inputs with the same address and port share one server.
struct RtmpListen {
    std::string address = "0.0.0.0";
    int port = 1935;
    std::string app = "live";
    std::string stream_key{};  ///< "": every key that `authorize` accepts
    OnConflict on_conflict = OnConflict::reject;
    /// A publisher that sends nothing for so long is disconnected and its key is free.
    std::chrono::milliseconds idle_timeout{5000};
    std::string certificate_file{};  ///< PEM, with the chain; both make it RTMPS
    std::string private_key_file{};  ///< PEM
    /// Asked in addition to `stream_key`; null: nobody is asked. Not in JSON.
    std::shared_ptr<const Authorize> authorize{};

    friend bool operator==(const RtmpListen&, const RtmpListen&) = default;
};

/// Which streams of an MPEG-TS (ISO/IEC 13818-1) are taken. Zero and "" mean the first one.
struct TsSelection {
    int programme = 0;             ///< program_number
    int video_pid = 0;             ///< elementary_PID
    int audio_pid = 0;             ///< elementary_PID; goes before `audio_language`
    std::string audio_language{};  ///< ISO 639-2 code of the audio's language descriptor

    friend bool operator==(const TsSelection&, const TsSelection&) = default;
};

/// A caller sends MPEG-TS to us by SRT.
struct SrtListen {
    std::string address = "0.0.0.0";
    int port = 9000;
    std::string stream_id{};   ///< what the caller must name; "": anything
    std::string passphrase{};  ///< 10 to 79 characters; "": not encrypted
    std::chrono::milliseconds latency{125};
    std::chrono::milliseconds idle_timeout{5000};
    TsSelection select{};

    friend bool operator==(const SrtListen&, const SrtListen&) = default;
};

/// We call an SRT listener that sends MPEG-TS.
struct SrtCall {
    std::string host{};
    int port = 9000;
    std::string stream_id{};
    std::string passphrase{};  ///< 10 to 79 characters; "": not encrypted
    std::chrono::milliseconds latency{125};
    std::chrono::milliseconds idle_timeout{5000};
    TsSelection select{};

    friend bool operator==(const SrtCall&, const SrtCall&) = default;
};

/// How MPEG-TS lies in the datagrams.
enum class TsTransport {
    rtp,  ///< RFC 2250 payload type 33; reordered and deduplicated within the latency
    udp   ///< transport packets only
};

/// MPEG-TS in datagrams, unicast or multicast.
struct RtpListen {
    std::string address = "0.0.0.0";  ///< ours, or a multicast group
    int port = 5004;
    std::string interface {};  ///< the network interface of a multicast group; "": the system's
    TsTransport transport = TsTransport::rtp;
    std::chrono::milliseconds latency{200};  ///< of the jitter buffer; with rtp
    std::chrono::milliseconds idle_timeout{5000};
    TsSelection select{};

    friend bool operator==(const RtpListen&, const RtpListen&) = default;
};

/// Plays an HLS playlist of somebody else, live or not.
struct HlsPull {
    std::string url{};  ///< http:// or https://
    std::chrono::milliseconds idle_timeout{20'000};

    friend bool operator==(const HlsPull&, const HlsPull&) = default;
};

/// How an RTSP server is asked to send.
enum class RtspTransport { tcp, udp };

/// Plays a stream of an RTSP server, a camera say.
struct RtspPull {
    std::string url{};  ///< rtsp:// or rtsps://, with user and password if needed; never logged
    RtspTransport transport = RtspTransport::tcp;
    std::chrono::milliseconds latency{200};  ///< of the jitter buffer
    std::chrono::milliseconds idle_timeout{5000};

    friend bool operator==(const RtspPull&, const RtspPull&) = default;
};

/// The host pushes media itself, see weir/app_source.hpp. Not in JSON.
struct AppInput {
    std::shared_ptr<AppSource> source{};

    friend bool operator==(const AppInput&, const AppInput&) = default;
};

/// A part of a GStreamer pipeline that the host describes, or makes. Its unlinked source pads are
/// taken: raw or encoded, the first video and the first audio.
struct GstInput {
    std::string launch{};  ///< as gst-launch-1.0 takes it, without the sinks; "" with `make`
    /// Makes the element (floating reference, taken over) for each connection. Not in JSON.
    std::shared_ptr<const std::function<GstElement*()>> make{};
    bool live = true;  ///< media comes when it happens; false: as fast as it is taken
    std::chrono::milliseconds idle_timeout{5000};

    friend bool operator==(const GstInput&, const GstInput&) = default;
};

/// One contribution input.
using Ingest = std::variant<TestPattern, FileInput, RtmpPull, RtmpListen, SrtListen, SrtCall,
                            RtpListen, HlsPull, RtspPull, AppInput, GstInput>;

}  // namespace weir
