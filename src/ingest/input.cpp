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

media::Pacing pacing_of(const Ingest& config) {
    return std::holds_alternative<RtmpPull>(config) ? media::Pacing::live : media::Pacing::paced;
}

// How long a connection may be silent; none where silence is back-pressure, which it is not before
// the first media: decodebin (1.22) may lose the error of a demultiplexer that fails at once.
std::optional<std::chrono::milliseconds> patience(const Ingest& config, std::uint64_t arrivals) {
    // The source's own timeout comes first; this one is for a pipeline that hangs.
    if (const auto* rtmp = std::get_if<RtmpPull>(&config)) return rtmp->idle_timeout + 2s;
    if (arrivals == 0) return kFirstMedia;
    return std::nullopt;
}

// What GStreamer or the server says may carry the whole location, or parts of it.
std::string told(std::string cause, const Ingest& config) {
    const auto* rtmp = std::get_if<RtmpPull>(&config);
    return rtmp ? without_secrets(std::move(cause), rtmp->url) : cause;
}

}  // namespace

std::string source_field(const Ingest& config) {
    return std::visit(
        Overloaded{[](const TestPattern&) { return ""; }, [](const FileInput&) { return "path"; },
                   [](const RtmpPull&) { return "url"; }},
        config);
}

Input::Input(Ingest config, const media::RawFormat& format, OpenSink open, InputEvents events,
             std::shared_ptr<base::Executor> executor)
    : config_(std::move(config)),
      format_(format),
      open_(std::move(open)),
      events_(std::move(events)),
      executor_(std::move(executor)) {}

Input::~Input() {
    stop();
}

Result<void> Input::start() {
    stopped_ = false;
    auto connected = connect();
    if (!connected) {
        stop();
        return Error{connected.error().code,
                     source_field(config_) + ": " + told(connected.error().message, config_)};
    }
    watch(++watch_);
    return {};
}

void Input::stop() {
    stopped_ = true;
    ++watch_;
    disconnect();
}

void Input::disconnect() {
    ++attempt_;
    if (sink_) sink_->close();  // first: a push that waits for room would hold up the pipeline
    source_.reset();
    sink_.reset();
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
    sink_ = open_(pacing_of(config_));
    auto events = source_events();
    source_ = std::visit(
        Overloaded{
            [&](const TestPattern& c) { return make_test_pattern(c, format_, sink_, events); },
            [&](const FileInput& c) { return make_file_source(c, format_, sink_, events); },
            [&](const RtmpPull& c) { return make_rtmp_pull(c, format_, sink_, events); }},
        config_);
    return source_->start();
}

void Input::on_connected(const StreamInfo& info) {
    retry_ = kFirstRetry;
    events_.connected(info);
}

void Input::on_ended() {
    const auto* file = std::get_if<FileInput>(&config_);
    if (!file) return lose("the stream ended", true);
    if (!file->loop) return lose(file->path + ": end of file", false);
    if (source_->decoder().end_time() <= media::MediaTime{}) {
        return lose(file->path + ": nothing in it can be played", false);
    }
    if (!source_->rewind()) lose(file->path + ": cannot be played again from its beginning", true);
}

void Input::lose(const std::string& cause, bool retry) {
    disconnect();
    events_.lost(source_field(config_), told(cause, config_));
    if (!retry || stopped_) return;
    executor_->post_after(retry_, weak_from_this(), [this, attempt = attempt_] {
        if (stopped_ || attempt_ != attempt) return;
        if (auto connected = connect(); !connected) lose(connected.error().message, true);
    });
    retry_ = std::min(retry_ * 2, kLastRetry);
}

void Input::watch(std::uint64_t number) {
    executor_->post_after(kWatchPeriod, weak_from_this(), [this, number] {
        if (watch_ != number) return;
        if (source_) watch_silence();
        watch(number);
    });
}

void Input::watch_silence() {
    const auto arrivals = source_->decoder().arrivals();
    silence_ = arrivals == std::exchange(seen_, arrivals) ? silence_ + kWatchPeriod : 0ms;
    const auto limit = patience(config_, arrivals);
    if (!limit || silence_ < *limit) return;
    const auto* file = std::get_if<FileInput>(&config_);
    lose((file ? file->path + ": " : "") + "no media for " + std::to_string(silence_.count()) +
             " ms",
         true);
}

StreamInfo Input::info() const {
    return source_ ? source_->decoder().info() : StreamInfo{};
}

}  // namespace weir::ingest
