// SPDX-License-Identifier: MIT
// MPEG-TS in datagrams, with RTP or without, unicast and multicast.
#include <gio/gio.h>

#include <memory>
#include <string>
#include <utility>

#include "ingest/play.hpp"
#include "ingest/ts_source.hpp"

namespace weir::ingest {

namespace {

constexpr int kSocketBytes = 2'000'000;  // a second of 16 Mbit/s, while we do not run

bool is_multicast(const std::string& address) {
    const std::unique_ptr<GInetAddress, base::ObjectUnref> parsed(
        g_inet_address_new_from_string(address.c_str()));
    return parsed && g_inet_address_get_is_multicast(parsed.get());
}

class RtpListenSource final : public TsSource {
public:
    RtpListenSource(RtpListen config, const Delivery& delivery, SourceEvents events)
        : TsSource("weir-rtp-listen", delivery, config.select, std::move(events)),
          config_(std::move(config)) {}
    ~RtpListenSource() override { shut_down(); }

    Result<void> start() override {
        auto source = make_udpsrc();
        if (!source) return source.error();
        GstElement* last = *source;
        if (config_.transport == TsTransport::rtp) {
            auto jitter = pipeline().add("rtpjitterbuffer");
            if (!jitter) return jitter.error();
            g_object_set(*jitter, "latency", static_cast<guint>(config_.latency.count()), nullptr);
            auto depay = pipeline().add("rtpmp2tdepay");
            if (!depay) return depay.error();
            gst_element_link_many(last, *jitter, *depay, nullptr);
            last = *depay;
        }
        if (auto receiving = receive_from(last); !receiving) return receiving;
        return play(pipeline(), events().failed);
    }

private:
    Result<GstElement*> make_udpsrc() {
        auto source = pipeline().add("udpsrc");
        if (!source) return source;
        const bool group = is_multicast(config_.address);
        const std::string address = config_.address == "localhost" ? "127.0.0.1" : config_.address;
        // Several may listen to a group; of two with one address one would get nothing.
        g_object_set(*source, "address", address.c_str(), "port", config_.port, "buffer-size",
                     kSocketBytes, "reuse", group ? TRUE : FALSE, nullptr);
        if (group && !config_.interface.empty()) {
            g_object_set(*source, "multicast-iface", config_.interface.c_str(), nullptr);
        }
        const bool rtp = config_.transport == TsTransport::rtp;
        const auto caps = base::adopt_mini(gst_caps_from_string(
            rtp ? "application/x-rtp,media=video,clock-rate=90000,encoding-name=MP2T,payload=33"
                : "video/mpegts,systemstream=true,packetsize=188"));
        g_object_set(*source, "caps", caps.get(), nullptr);
        return source;
    }

    const RtpListen config_;
};

}  // namespace

std::unique_ptr<Source> make_source(const RtpListen& config, const Delivery& delivery,
                                    SourceEvents events) {
    return std::make_unique<RtpListenSource>(config, delivery, std::move(events));
}

}  // namespace weir::ingest
