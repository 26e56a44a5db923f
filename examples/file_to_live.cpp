// SPDX-License-Identifier: MIT
// This example shows how to:
//   1. make a live channel of a file that plays again and again;
//   2. serve the last minute from memory (a sliding window), nothing is written to disk;
//   3. watch what happens: inputs, states and alerts come as events.
//
//   file_to_live clip.mp4 [port]
#include <weir/weir.hpp>

#include <cstdio>
#include <cstdlib>
#include <variant>

namespace {

void report(const weir::Event& event) {
    if (const auto* changed = std::get_if<weir::StateChanged>(&event.detail)) {
        std::printf("%s %s\n", std::string(to_string(changed->state)).c_str(),
                    changed->reason.c_str());
    } else if (const auto* connected = std::get_if<weir::InputConnected>(&event.detail)) {
        std::printf("input: %s\n", connected->description.c_str());
    } else if (const auto* lost = std::get_if<weir::InputLost>(&event.detail)) {
        std::printf("input lost: %s: %s\n", lost->field.c_str(), lost->cause.c_str());
    } else if (const auto* alert = std::get_if<weir::Alert>(&event.detail)) {
        std::printf("%s: %s\n", alert->set ? "alert" : "over", alert->text.c_str());
    }
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fputs("usage: file_to_live FILE [port]\n", stderr);
        return 2;
    }
    auto origin = weir::Origin::create({.port = argc > 2 ? std::atoi(argv[2]) : 8080}).value();
    auto channel =
        weir::Channel::create({
                                  .name = "loop",
                                  .inputs = {weir::FileInput{.path = argv[1], .loop = true}},
                                  .ladder = weir::EncoderLadder::sd(),
                                  .outputs = {weir::HlsSink{.window = std::chrono::minutes(1)}},
                              })
            .value();
    origin.mount("/loop", channel).value();
    const weir::Subscription events = channel.on_event(report);

    // A file that is not there is an error of start(), not of a later event.
    if (const auto started = channel.start(); !started) {
        std::fprintf(stderr, "%s\n", started.error().message.c_str());
        return 1;
    }
    std::printf("http://127.0.0.1:%d/loop/hls/index.m3u8 (end with Ctrl-C)\n", origin.port());
    weir::wait_for_signal();
    channel.finish().value();
    return 0;
}
