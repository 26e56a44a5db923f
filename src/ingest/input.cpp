// SPDX-License-Identifier: MIT
#include "ingest/input.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/gst_ptr.hpp"
#include "base/redact.hpp"

namespace weir::ingest {

using namespace std::chrono_literals;

namespace {

constexpr auto kWatchPeriod = 500ms;

template <class... F>
struct Overloaded : F... {
    using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

media::Pacing pacing_of(const Ingest& config) {
    return std::holds_alternative<RtmpPull>(config) ? media::Pacing::live : media::Pacing::paced;
}

// How long a connection may be silent; none where silence is back-pressure.
std::optional<std::chrono::milliseconds> patience(const Ingest& config) {
    // The source's own timeout comes first; this one is for a pipeline that hangs.
    if (const auto* rtmp = std::get_if<RtmpPull>(&config)) return rtmp->idle_timeout + 2s;
    return std::nullopt;
}

// A short word may be part of another one, so it counts only where it stands alone.
void hide(std::string& text, const std::string& secret) {
    constexpr std::size_t kShort = 5;
    const auto is_word = [](char c) { return g_ascii_isalnum(c) || c == '_'; };
    for (auto at = text.find(secret); !secret.empty() && at != text.npos;) {
        const auto end = at + secret.size();
        const bool part =
            (at > 0 && is_word(text[at - 1])) || (end < text.size() && is_word(text[end]));
        if (part && secret.size() < kShort) {
            at = text.find(secret, at + 1);
        } else {
            text.replace(at, secret.size(), "***");
            at = text.find(secret, at + 3);
        }
    }
}

// What an RTMP URL has to keep to itself, longest first: all behind the application's name, the
// stream's name without its query, the query, and who we are.
std::vector<std::string> secrets_of(const std::string& url) {
    std::vector<std::string> secrets;
    const auto scheme = url.find("://");
    const auto begin = scheme == url.npos ? 0 : scheme + 3;
    const auto query = url.find_first_of("?#", begin);
    const auto path_end = url.find_last_not_of('/', query == url.npos ? query : query - 1);
    const auto slash = url.rfind('/', path_end);
    if (slash != url.npos && slash >= begin) {
        secrets.push_back(url.substr(slash + 1));
        secrets.push_back(url.substr(slash + 1, path_end - slash));
    }
    if (query != url.npos) secrets.push_back(url.substr(query + 1));
    if (const auto at = url.rfind('@', url.find('/', begin)); at != url.npos && at >= begin) {
        const std::string user = url.substr(begin, at - begin);
        secrets.push_back(user);
        if (const auto colon = user.find(':'); colon != user.npos) {
            secrets.push_back(user.substr(colon + 1));
        }
    }
    for (std::size_t i = secrets.size(); i-- > 0;) {
        const base::GString plain(g_uri_unescape_string(secrets[i].c_str(), nullptr));
        if (plain && secrets[i] != plain.get()) secrets.emplace_back(plain.get());
    }
    std::erase(secrets, "");
    std::sort(secrets.begin(), secrets.end(),
              [](const auto& a, const auto& b) { return a.size() > b.size(); });
    return secrets;
}

// What GStreamer or the server says may carry the whole location, or parts of it.
std::string without_secrets(std::string text, const Ingest& config) {
    const auto* rtmp = std::get_if<RtmpPull>(&config);
    if (!rtmp) return text;
    for (const auto& secret : secrets_of(rtmp->url)) hide(text, secret);
    const std::string name = base::redacted_url(rtmp->url);
    return text.find(name) == text.npos ? name + ": " + text : text;
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
        return Error{
            connected.error().code,
            source_field(config_) + ": " + without_secrets(connected.error().message, config_)};
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
    events_.lost(source_field(config_), without_secrets(cause, config_));
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
        const auto limit = patience(config_);
        if (source_ && limit) {
            const auto arrivals = source_->decoder().arrivals();
            silence_ = arrivals == std::exchange(seen_, arrivals) ? silence_ + kWatchPeriod : 0ms;
            if (silence_ >= *limit)
                lose("no media for " + std::to_string(silence_.count()) + " ms", true);
        }
        watch(number);
    });
}

StreamInfo Input::info() const {
    return source_ ? source_->decoder().info() : StreamInfo{};
}

}  // namespace weir::ingest
