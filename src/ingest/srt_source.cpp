// SPDX-License-Identifier: MIT
// MPEG-TS by SRT, as listener and as caller.
#include <gio/gio.h>
#include <gmodule.h>

#include <atomic>
#include <mutex>
#include <string>
#include <utility>

#include "base/callback.hpp"
#include "ingest/play.hpp"
#include "ingest/ts_source.hpp"

namespace weir::ingest {

namespace {

// libsrt's waits end after this, or a stop would wait for a peer that is silent.
constexpr int kPollMs = 100;

std::string srt_uri(const std::string& host, int port) {
    const bool is_ipv6 = host.find(':') != host.npos;
    return "srt://" + (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

// libsrt writes a handful of lines on stderr for every caller that it refuses, and nobody but who
// links it can tell it not to: the plugin does.
void silence_libsrt(GstElement* srtsrc) {
    static std::once_flag once;
    std::call_once(once, [srtsrc] {
        const auto plugin = base::adopt_object(
            gst_plugin_feature_get_plugin(GST_PLUGIN_FEATURE(gst_element_get_factory(srtsrc))));
        const char* file = plugin ? gst_plugin_get_filename(plugin.get()) : nullptr;
        // Never closed: GStreamer keeps its plugins too.
        GModule* module = file ? g_module_open(file, G_MODULE_BIND_LOCAL) : nullptr;
        gpointer symbol = nullptr;
        if (!module || !g_module_symbol(module, "srt_setloglevel", &symbol)) return;
        using SetLogLevel = void (*)(int);
        constexpr int kCritical = 2;  // syslog's LOG_CRIT
        reinterpret_cast<SetLogLevel>(symbol)(kCritical);
    });
}

// GLib's resolver may prefer IPv6, and who says localhost means what others bind to.
std::string numeric(const std::string& host) {
    return host == "localhost" ? "127.0.0.1" : host;
}

template <class Config>
Result<GstElement*> make_srtsrc(base::Pipeline& pipeline, const Config& config,
                                const std::string& uri, const char* mode) {
    auto source = pipeline.add("srtsrc");
    if (!source) return source;
    silence_libsrt(*source);
    g_object_set(*source, "uri", uri.c_str(), "latency", static_cast<int>(config.latency.count()),
                 "poll-timeout", kPollMs, "keep-listening", FALSE, "auto-reconnect", FALSE,
                 nullptr);
    gst_util_set_object_arg(G_OBJECT(*source), "mode", mode);
    if (!config.passphrase.empty()) {
        g_object_set(*source, "passphrase", config.passphrase.c_str(), nullptr);
    }
    return source;
}

class SrtListenSource final : public TsSource {
public:
    SrtListenSource(SrtListen config, const Delivery& delivery, SourceEvents events)
        : TsSource("weir-srt-listen", delivery, config.select, std::move(events)),
          config_(std::move(config)) {}
    ~SrtListenSource() override { shut_down(); }

    Result<void> start() override {
        const std::string address = numeric(config_.address);
        auto source = make_srtsrc(pipeline(), config_, srt_uri(address, config_.port), "listener");
        if (!source) return source.error();
        g_object_set(*source, "localaddress", address.c_str(), "localport",
                     static_cast<guint>(config_.port), "authentication", TRUE, nullptr);
        base::connect<gboolean, GstElement*, GSocketAddress*, const char*>(
            *source, "caller-connecting",
            [this](GstElement*, GSocketAddress*, const char* stream_id) {
                return accepts(stream_id ? stream_id : "") ? TRUE : FALSE;
            });
        base::connect<void, GstElement*, int, GSocketAddress*>(
            *source, "caller-added", [this](GstElement*, int, GSocketAddress*) {
                taken_ = true;
                note_sender();
            });
        if (auto receiving = receive_from(*source); !receiving) return receiving;
        return play(pipeline(), events().failed);
    }

private:
    // srtsrc would take a second caller's connection and never read from it.
    bool accepts(const std::string& stream_id) const {
        return !taken_ && (config_.stream_id.empty() || stream_id == config_.stream_id);
    }

    const SrtListen config_;
    std::atomic<bool> taken_{false};
};

class SrtCallSource final : public TsSource {
public:
    SrtCallSource(SrtCall config, const Delivery& delivery, SourceEvents events)
        : TsSource("weir-srt-call", delivery, config.select, std::move(events)),
          config_(std::move(config)) {
        note_sender();  // whoever does not answer is no listener
    }
    ~SrtCallSource() override {
        later_.call_off();
        shut_down();
    }

    Result<void> start() override {
        auto source = make_srtsrc(pipeline(), config_, srt_uri(numeric(config_.host), config_.port),
                                  "caller");
        if (!source) return source.error();
        if (!config_.stream_id.empty()) {
            g_object_set(*source, "streamid", config_.stream_id.c_str(), nullptr);
        }
        if (auto receiving = receive_from(*source); !receiving) return receiving;
        const auto reported = std::make_shared<std::atomic<bool>>(false);
        const std::string where = srt_uri(config_.host, config_.port);
        auto failed = [reported, tell = events().failed, where](const std::string& cause) {
            *reported = true;
            tell(where + ": " + cause);
        };
        pipeline().on_message([this, failed, where, from = *source](GstMessage* message) {
            if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_ERROR) return;
            // A listener that leaves is an error too, with an end of stream behind it.
            const bool left = GST_MESSAGE_SRC(message) == GST_OBJECT(from) && arrivals() > 0;
            if (left) return note_loss(where + ": " + base::message_text(message));
            failed(base::message_text(message));
        });
        // It looks the host's name up inside the state change.
        later_.run(pipeline().element(), [failed, reported](GstElement* element) {
            const auto result = gst_element_set_state(element, GST_STATE_PLAYING);
            if (result == GST_STATE_CHANGE_FAILURE && !*reported) {
                failed("the pipeline does not start");
            }
        });
        return {};
    }

private:
    const SrtCall config_;
    Later later_;
};

}  // namespace

std::unique_ptr<Source> make_source(const SrtListen& config, const Delivery& delivery,
                                    SourceEvents events) {
    return std::make_unique<SrtListenSource>(config, delivery, std::move(events));
}

std::unique_ptr<Source> make_source(const SrtCall& config, const Delivery& delivery,
                                    SourceEvents events) {
    return std::make_unique<SrtCallSource>(config, delivery, std::move(events));
}

}  // namespace weir::ingest
