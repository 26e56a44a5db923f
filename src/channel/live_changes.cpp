// SPDX-License-Identifier: MIT
#include "channel/live_changes.hpp"

#include <algorithm>
#include <string>

namespace weir::channel {

namespace {

constexpr const char* kRunning = "cannot change while the channel runs";

// What the programme's pictures are made as: they can be scaled down, and what is larger would be
// blurred.
std::pair<int, int> picture_size(const EncoderLadder& ladder) {
    std::pair<int, int> largest;
    for (const auto& video : ladder.video) {
        if (video.width * video.height > largest.first * largest.second) {
            largest = {video.width, video.height};
        }
    }
    return largest;
}

void check_ladder(std::vector<Problem>& problems, const EncoderLadder& before,
                  const EncoderLadder& after) {
    if (before.audio != after.audio) problems.push_back({"ladder.audio", kRunning});
    if (before.passthrough != after.passthrough) {
        problems.push_back({"ladder.passthrough", kRunning});
    }
    if (before.video.empty() != after.video.empty()) problems.push_back({"ladder.video", kRunning});
    const auto [width, height] = picture_size(before);
    for (std::size_t i = 0; i < after.video.size(); ++i) {
        const auto& video = after.video[i];
        const std::string field = "ladder.video[" + std::to_string(i) + "]";
        if (video.width > width || video.height > height) {
            problems.push_back({field, "cannot be larger than the programme's " +
                                           std::to_string(width) + "x" + std::to_string(height) +
                                           " while the channel runs"});
        }
        const auto same = std::find_if(before.video.begin(), before.video.end(),
                                       [&](const auto& v) { return v.name == video.name; });
        // One name is one sequence of pictures of one size, for those who have its playlist.
        if (same != before.video.end() &&
            (same->width != video.width || same->height != video.height)) {
            problems.push_back({field, "\"" + video.name +
                                           "\" has another size: give it "
                                           "another name"});
        }
    }
}

}  // namespace

std::vector<Problem> cannot_change(const ChannelConfig& before, const ChannelConfig& after,
                                   bool running) {
    std::vector<Problem> problems;
    if (before.name != after.name) problems.push_back({"name", "cannot change"});
    if (before.store != after.store) problems.push_back({"store", "cannot change"});
    if (!running) return problems;
    check_ladder(problems, before.ladder, after.ladder);
    if (before.outputs != after.outputs) problems.push_back({"outputs", kRunning});
    if (before.frame_rate != after.frame_rate) problems.push_back({"frame_rate", kRunning});
    if (before.failover.standby != after.failover.standby) {
        problems.push_back({"failover.standby", kRunning});
    }
    if (before.thumbnail_interval != after.thumbnail_interval) {
        problems.push_back({"thumbnail_interval", kRunning});
    }
    return problems;
}

}  // namespace weir::channel
