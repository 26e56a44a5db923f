// SPDX-License-Identifier: MIT
// A host program as a user writes it: twenty lines, built against the installed library only.
#include <cstdio>

#include <weir/weir.hpp>

int main() {
    auto origin = weir::Origin::create({.port = 0}).value();
    auto channel =
        weir::Channel::create({
                                  .name = "host",
                                  .inputs = {weir::TestPattern{.width = 320, .height = 180}},
                                  .ladder = {.video = {{.name = "180p",
                                                        .width = 320,
                                                        .height = 180,
                                                        .bitrate_bps = 300'000}},
                                             .audio = {{.name = "aac"}}},
                                  .outputs = {weir::HlsSink{}},
                              })
            .value();
    origin.mount("/host", channel).value();
    channel.start().value();
    channel.finish().value();
    std::printf("programme %s on port %d\n", channel.programme().c_str(), origin.port());
    return channel.state() == weir::ChannelState::idle ? 0 : 1;
}
