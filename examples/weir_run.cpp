// SPDX-License-Identifier: MIT
// This example shows how to:
//   1. read a configuration from JSON and tell every mistake in it at once;
//   2. run an origin and any number of channels, each mounted at /<name>;
//   3. hand events to another program: one line of JSON each, on stdout;
//   4. finish all channels on SIGINT or SIGTERM, so that their playlists become VOD.
#include <weir/weir.hpp>

#include <pthread.h>
#include <signal.h>

#include <cstdio>
#include <fstream>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int kRuntimeError = 1;
constexpr int kBadConfiguration = 2;
constexpr const char* kHelp =
    R"(usage: weir-run [--check | --help] CONFIG.json
Runs the origin and the channels of CONFIG.json (docs/configuration.md) until SIGINT or SIGTERM and
prints one event a line as JSON. --check only reads and checks the configuration.
Exit status: 0 finished, 1 cannot run, 2 bad configuration or usage.)";

int fail(int status, const std::string& text) {
    return std::fprintf(stderr, "weir-run: %s\n", text.c_str()), status;
}

void print_line(const std::string& json) {
    std::puts(json.c_str());
    std::fflush(stdout);  // whoever reads the pipe sees it now
}

// At most 2 MiB, more than a configuration may have; nothing when it cannot be read.
std::optional<std::string> read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text(2 << 20, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    return file.is_open() && !file.bad() ? std::optional(text) : std::nullopt;
}

// Runs until a signal comes; the exit status.
int run(const weir::Config& config) {
    sigset_t signals;  // held back from now on: wait_for_signal() sees those that come early, too
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM}) sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    auto origin = weir::Origin::create(config.origin);
    if (!origin) return fail(kRuntimeError, origin.error().message);

    std::vector<weir::Subscription> subscriptions;  // outlive the channels: no last event is lost
    std::vector<weir::Channel> channels;
    for (const weir::ChannelConfig& channel_config : config.channels) {
        auto channel = weir::Channel::create(channel_config);
        if (!channel) return fail(kRuntimeError, channel.error().message);
        const auto mounted = origin->mount("/" + channel_config.name, *channel);
        if (!mounted) return fail(kRuntimeError, mounted.error().message);
        channels.push_back(std::move(channel).value());
    }
    print_line(R"({"event":"listening","address":")" + config.origin.address + R"(","port":)" +
               std::to_string(origin->port()) + "}");
    for (weir::Channel& channel : channels) {
        subscriptions.push_back(
            channel.on_event([](const weir::Event& event) { print_line(weir::to_json(event)); }));
        if (auto ok = channel.start(); !ok) return fail(kRuntimeError, ok.error().message);
    }
    weir::wait_for_signal();
    std::vector<std::future<weir::Result<void>>> endings;  // all at once: each may take a while
    for (weir::Channel& channel : channels) {
        endings.push_back(std::async(std::launch::async, [&channel] { return channel.finish(); }));
    }
    for (auto& ending : endings) {
        if (const auto end = ending.get(); !end) return fail(kRuntimeError, end.error().message);
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string_view> arguments(argv + 1, argv + argc);
    if (arguments.size() == 1 && arguments[0] == "--help") return std::puts(kHelp), 0;
    const bool only_check = arguments.size() == 2 && arguments[0] == "--check";
    if (arguments.size() != 1 && !only_check) return fail(kBadConfiguration, kHelp);
    const std::string path(arguments.back());
    const auto text = read_file(path);
    if (!text) return fail(kBadConfiguration, path + ": cannot be read");
    const auto parsed = weir::config_from_json(*text);
    if (const auto* problems = std::get_if<std::vector<weir::Problem>>(&parsed)) {
        return fail(kBadConfiguration, path + " has mistakes:\n" + weir::to_string(*problems));
    }
    return only_check ? 0 : run(std::get<weir::Config>(parsed));
}
