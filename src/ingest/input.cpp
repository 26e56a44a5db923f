// SPDX-License-Identifier: MIT
#include "ingest/input.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "ingest/url_secrets.hpp"

namespace weir::ingest {

using namespace std::chrono_literals;

namespace {

constexpr auto kWatchPeriod = 500ms;
constexpr auto kFirstMedia = 10s;

template <class... F>
struct Overloaded : F... {
    using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

// What a kind of input is like.
struct Habits {
    const char* field;  // says where it comes from
    media::Pacing pacing;
    // Without media for so long while somebody is there it is lost; none where only the input
    // itself can know.
    std::optional<std::chrono::milliseconds> silence{};
    // Lost too when its first media does not come, whatever the reason.
    bool is_given_up = true;
    std::chrono::milliseconds first_retry = Input::kFirstRetry;
};

Habits habits_of(const Ingest& config) {
    using media::Pacing;
    return std::visit(
        Overloaded{
            [](const TestPattern&) {
                return Habits{"", Pacing::paced};
            },
            [](const FileInput&) {
                return Habits{"path", Pacing::paced};
            },
            // The source's own timeout comes first; this one is for a pipeline that hangs.
            [](const RtmpPull& c) {
                return Habits{"url", Pacing::live, c.idle_timeout + 2s};
            },
            // The server watches its publishers.
            [](const RtmpListen&) {
                return Habits{"port", Pacing::live, {}, false};
            },
            [](const SrtListen& c) {
                return Habits{"port", Pacing::live, c.idle_timeout};
            },
            [](const SrtCall& c) {
                return Habits{"host", Pacing::live, c.idle_timeout};
            },
            [](const RtpListen& c) {
                return Habits{"port", Pacing::live, c.idle_timeout};
            },
            [](const HlsPull& c) {
                return Habits{"url", Pacing::paced, c.idle_timeout};
            },
            [](const RtspPull& c) {
                return Habits{"url", Pacing::live, c.idle_timeout};
            },
            // The host knows; what it pushes after an end must not be missed.
            [](const AppInput&) {
                return Habits{"source", Pacing::live, {}, false, 0ms};
            },
            [](const GstInput& c) {
                return Habits{"launch", c.live ? Pacing::live : Pacing::paced, c.idle_timeout};
            }},
        config);
}

// How long a connection may be silent; none where silence is back-pressure, which it is not before
// the first media: decodebin (1.22) may lose the error of a demultiplexer that fails at once.
std::optional<std::chrono::milliseconds> patience(const Ingest& config, std::uint64_t arrivals) {
    const Habits habits = habits_of(config);
    if (habits.silence) return habits.silence;
    if (arrivals == 0 && habits.is_given_up) return kFirstMedia;
    return std::nullopt;
}

// What GStreamer or the peer says may carry the whole location, or parts of it.
std::string told(std::string cause, const Ingest& config) {
    const auto by_url = [&](const std::string& url) {
        return without_secrets(with_redacted_urls(cause), url);
    };
    const auto by_words = [&](const auto& c) {
        return without_secret(without_secret(std::move(cause), c.passphrase), c.stream_id);
    };
    return std::visit(
        Overloaded{[&](const RtmpPull& c) { return without_secrets(std::move(cause), c.url); },
                   [&](const HlsPull& c) { return by_url(c.url); },
                   [&](const RtspPull& c) { return by_url(c.url); },
                   [&](const SrtListen& c) { return by_words(c); },
                   [&](const SrtCall& c) { return by_words(c); },
                   [&](const GstInput&) { return with_redacted_urls(cause); },
                   [&](const auto&) { return std::move(cause); }},
        config);
}

}  // namespace

std::string source_field(const Ingest& config) {
    return habits_of(config).field;
}

Input::Input(Ingest config, OpenDelivery open, InputEvents events,
             std::shared_ptr<base::Executor> executor)
    : config_(std::move(config)),
      open_(std::move(open)),
      events_(std::move(events)),
      executor_(std::move(executor)),
      retry_(habits_of(config_).first_retry) {}

Input::~Input() {
    stop();
}

Result<void> Input::start() {
    stopped_ = false;
    auto connected = connect();
    if (!connected) {
        const std::string where = field();
        stop();
        return Error{connected.error().code,
                     where + ": " + told(connected.error().message, config_)};
    }
    watch(++watch_);
    return {};
}

void Input::stop() {
    stopped_ = true;
    ++watch_;
    disconnect();
    lease_.reset();
}

void Input::disconnect() {
    ++attempt_;
    // First: a push that waits for room would hold up the pipeline.
    if (delivery_.raw) delivery_.raw->close();
    source_.reset();
    if (delivery_.units) delivery_.units->close();
    delivery_ = {};
}

SourceEvents Input::source_events() {
    // They come from the source's threads, perhaps when it is on its way out.
    const auto post = [weak = weak_from_this(), executor = executor_,
                       attempt = attempt_](std::function<void(Input&)> act) {
        executor->post([weak, attempt, act = std::move(act)] {
            const auto self = weak.lock();
            if (self && self->attempt_ == attempt) act(*self);
        });
    };
    return {.connected =
                [post](const StreamInfo& info) {
                    post([info](Input& self) { self.on_connected(info); });
                },
            .ended = [post] { post([](Input& self) { self.on_ended(); }); },
            .failed =
                [post](std::string cause) {
                    post([cause = std::move(cause)](Input& self) { self.lose(cause, true); });
                }};
}

Result<void> Input::connect() {
    disconnect();
    seen_ = 0;
    silence_ = {};
    delivery_ = open_(habits_of(config_).pacing);
    source_ = std::visit(
        [&](const auto& config) { return make_source(config, delivery_, source_events()); },
        config_);
    source_->set_decoding(decoding_);
    auto started = source_->start();
    if (started) lease_ = source_->lease();
    return started;
}

void Input::on_connected(const StreamInfo& info) {
    retry_ = habits_of(config_).first_retry;
    events_.connected(info);
}

void Input::on_ended() {
    if (std::holds_alternative<RtmpListen>(config_)) {
        // Nothing has failed, and the next publisher may be there already.
        retry_ = 0ms;
        return lose("the publisher left", true);
    }
    // What was recorded and is over is not played once more.
    const auto* gst = std::get_if<GstInput>(&config_);
    const bool over = std::holds_alternative<HlsPull>(config_) || (gst && !gst->live);
    const auto* file = std::get_if<FileInput>(&config_);
    if (!file) return lose("the stream ended", !over);
    if (source_->next()) return;
    if (!file->loop) {
        return lose((file->more.empty() ? file->path : file->more.back()) + ": end of file", false);
    }
    if (source_->end_time() <= media::MediaTime{}) {
        return lose(file->path + ": nothing in it can be played", false);
    }
    if (!source_->rewind()) lose(file->path + ": cannot be played again from its beginning", true);
}

std::string Input::field() const {
    const std::string field = source_ ? source_->field() : "";
    return field.empty() ? source_field(config_) : field;
}

void Input::lose(const std::string& cause, bool retry) {
    const std::string where = field();
    disconnect();
    events_.lost(where, told(cause, config_));
    if (!retry || stopped_) return;
    executor_->post_after(retry_, weak_from_this(), [this, attempt = attempt_] {
        if (stopped_ || attempt_ != attempt) return;
        if (auto connected = connect(); !connected) lose(connected.error().message, true);
    });
    retry_ = std::clamp(retry_ * 2, kFirstRetry, kLastRetry);
}

void Input::watch(std::uint64_t number) {
    executor_->post_after(kWatchPeriod, weak_from_this(), [this, number] {
        if (watch_ != number) return;
        if (source_) watch_silence();
        watch(number);
    });
}

void Input::watch_silence() {
    const auto arrivals = source_->arrivals();
    const bool silent = arrivals == std::exchange(seen_, arrivals) && !source_->waiting();
    silence_ = silent ? silence_ + kWatchPeriod : 0ms;
    const auto limit = patience(config_, arrivals);
    if (!limit || silence_ < *limit) return;
    const auto* file = std::get_if<FileInput>(&config_);
    lose((file ? file->path + ": " : "") + "no media for " + std::to_string(silence_.count()) +
             " ms",
         true);
}

void Input::set_decoding(bool decoding) {
    decoding_ = decoding;
    if (source_) source_->set_decoding(decoding);
}

UnitFigures Input::figures() const {
    return source_ ? source_->figures() : UnitFigures{};
}

StreamInfo Input::info() const {
    return source_ ? source_->info() : StreamInfo{};
}

}  // namespace weir::ingest
