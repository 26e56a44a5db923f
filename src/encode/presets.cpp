// SPDX-License-Identifier: MIT
// The ready-made ladders. A smaller one is the lower end of the larger.
#include <weir/encoder_ladder.hpp>

namespace weir {
namespace {

EncoderLadder ladder_up_to(int height) {
    const VideoRendition rungs[] = {
        {.name = "1080p", .width = 1920, .height = 1080, .bitrate_bps = 5'000'000},
        {.name = "720p", .width = 1280, .height = 720, .bitrate_bps = 2'800'000},
        {.name = "480p", .width = 854, .height = 480, .bitrate_bps = 1'200'000},
        {.name = "360p", .width = 640, .height = 360, .bitrate_bps = 700'000},
    };
    EncoderLadder ladder;
    for (const VideoRendition& rung : rungs) {
        if (rung.height <= height) ladder.video.push_back(rung);
    }
    ladder.audio.emplace_back();
    return ladder;
}

}  // namespace

EncoderLadder EncoderLadder::hd1080() {
    return ladder_up_to(1080);
}
EncoderLadder EncoderLadder::hd720() {
    return ladder_up_to(720);
}
EncoderLadder EncoderLadder::sd() {
    return ladder_up_to(480);
}

}  // namespace weir
