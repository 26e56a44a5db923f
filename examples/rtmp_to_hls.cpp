// SPDX-License-Identifier: MIT
// This example shows how to:
//   1. pull a stream from an RTMP server;
//   2. encode it as an adaptive ladder and serve it as HLS, from the start on (an event playlist);
//   3. end it so that the same address is a VOD, recorded in a folder.
//
//   rtmp_to_hls rtmp://host/application/stream [port]
#include <weir/weir.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fputs("usage: rtmp_to_hls rtmp://host/application/stream [port]\n", stderr);
        return 2;
    }
    auto origin = weir::Origin::create({.port = argc > 2 ? std::atoi(argv[2]) : 8080}).value();
    auto channel = weir::Channel::create(
                       {
                           .name = "news",
                           .inputs = {weir::RtmpPull{.url = argv[1]}},
                           .ladder = weir::EncoderLadder::hd720(),
                           .outputs = {weir::HlsSink{.playlist_type = weir::PlaylistType::event}},
                           .store = weir::DirectoryStore{.path = "recordings"},
                       })
                       .value();
    origin.mount("/news", channel).value();
    channel.start().value();
    std::printf("http://127.0.0.1:%d/news/hls/index.m3u8 (end with Ctrl-C)\n", origin.port());

    weir::wait_for_signal();
    channel.finish().value();  // every playlist now has its ENDLIST and is VOD
    std::printf("recorded in recordings/news/%s\n", channel.programme().c_str());
    return 0;
}
