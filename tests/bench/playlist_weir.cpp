// SPDX-License-Identifier: MIT
// What the playlist of three days of 2 s segments costs: for each new segment, each new part, and
// each request. Prints CPU times; docs/benchmarks.md says what they should be.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "hls/playlist_text.hpp"
#include "support/cmaf_feed.hpp"

namespace {

using namespace weir;
using std::chrono::hours;

constexpr int kSlots = 72 * 3600 / 2;
constexpr int kRounds = 500;

double cpu_us() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

// Median and largest of many, in microseconds.
void measure(const char* what, const std::function<void()>& work, int rounds = kRounds) {
    std::vector<double> times;
    for (int i = 0; i < rounds; ++i) {
        const double before = cpu_us();
        work();
        times.push_back(cpu_us() - before);
    }
    std::ranges::sort(times);
    std::printf("%-62s %9.1f %9.1f\n", what, times[times.size() / 2], times.back());
}

void fill(test::CmafFeed& feed, int slots) {
    for (int i = 0; i < slots; ++i) feed.step_slot();
}

}  // namespace

int main() {
    test::CmafFeed feed({.start = std::chrono::seconds(1'795'334'400)});
    const auto tracks = feed.timeline().all_tracks();
    const hls::MediaPlaylistOptions options{
        .target_duration = 2,
        .uri_prefix = "../20261122-080000/",
        .extension = "m4s",
        .tracks = tracks,
        .part_target = feed.schedule().part_target(tracks[0]),
        .server_control = hls::server_control(2, feed.longest_part()),
        .rendition_reports = {"480p.m3u8", "360p.m3u8", "audio.m3u8"}};
    hls::PlaylistText text("720p", options);
    const auto window = [&] { return feed.timeline().latest(hours(72)); };

    fill(feed, 1000);
    (void)text.render(window());
    std::printf("%-62s %9s %9s\n", "CPU microseconds", "median", "largest");
    measure("a new segment and the playlist with it, of 1,000", [&] {
        while (!feed.step()) {
        }
        (void)text.render(window());
    });
    fill(feed, kSlots);
    const auto pieces = text.render(window());
    std::printf("-- %zu segments, %.1f MB in %zu pieces\n", window().slots.size(),
                static_cast<double>(hls::size_of(pieces)) / 1e6, pieces.size());
    measure("a new segment and the playlist with it, of 129,600", [&] {
        while (!feed.step()) {
        }
        (void)text.render(window());
    });
    measure("a new part and the playlist with it", [&] {
        feed.step();
        (void)text.render(window());
    });
    measure("a request for all of it, nothing cached but its blocks",
            [&] { (void)text.render(window()); });
    measure("a delta update", [&] { (void)text.render(window(), {.delta = true}); });
    const auto begin = feed.now() - hours(50);
    measure("a request for 24 h of it that ended long ago", [&] {
        (void)text.render(feed.timeline().between(begin, begin + hours(24)),
                          {.type = hls::MediaPlaylistType::vod});
    });
    measure(
        "for comparison: the text of 129,600 entries made anew",
        [&] { (void)hls::to_text(hls::make_media_playlist(window(), "720p", options)); }, 5);
    measure(
        "for comparison: its pieces joined to one text",
        [&] { (void)hls::joined(text.render(window())); }, 5);
}
