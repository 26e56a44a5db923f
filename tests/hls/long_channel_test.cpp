// SPDX-License-Identifier: MIT
// Three days of a low-latency channel, as somebody sees them who reads its playlists again and
// again.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "hls/playlist_text.hpp"
#include "support/cmaf_feed.hpp"
#include "support/playlist_rules.hpp"
#include "support/sanitizer.hpp"

namespace weir::hls {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

// Sanitizers make it a hundred times as slow, and look at every line in an hour of it, too.
constexpr int kHours = test::kSanitized ? 1 : 72;
constexpr int kSlots = kHours * 3600 / 2;

// A client of one address that asks for delta updates.
struct Client {
    Client(test::CmafFeed& feed, const std::string& rendition, const std::string& other)
        : text(rendition, options(feed, rendition, other)),
          rules({.fragmented = true, .parts = true, .audio = rendition == "audio"}) {}

    static MediaPlaylistOptions options(test::CmafFeed& feed, const std::string& rendition,
                                        const std::string& other) {
        const auto tracks = feed.timeline().all_tracks();
        return {
            .target_duration = 2,
            .uri_prefix = "../p1/",
            .extension = "m4s",
            .tracks = tracks,
            .part_target = feed.schedule().part_target(tracks[feed.timeline().index_of(rendition)]),
            .server_control = server_control(2, feed.longest_part()),
            .rendition_reports = {other + ".m3u8"}};
    }

    void reload(const media::Window& window, bool delta) {
        const auto pieces = text.render(window, {.delta = delta});
        rules.check(test::read_media_playlist(joined(pieces).text));
    }

    PlaylistText text;
    test::PlaylistRules rules;
};

TEST_SUITE("hls/long_channel") {
    TEST_CASE("the playlists of a channel that has three days of segments keep every rule") {
        test::CmafFeed feed;
        Client video(feed, "720p", "audio");
        Client audio(feed, "audio", "720p");
        int run = 0;
        const auto window = [&] { return feed.timeline().latest(hours(kHours)); };
        for (int slot = 0; slot < kSlots + 1000; ++slot) {
            if (slot % 20'000 == 19'999) {
                feed.change_run("r" + std::to_string(++run), feed.timeline().tracks());
            }
            for (bool whole = false; !whole;) {
                whole = feed.step();
                // Every segment, and of some every part.
                if (!whole && slot % 30 != 0 && slot < kSlots) continue;
                video.reload(window(), slot > 0);
                if (slot % 3 == 0 || slot > kSlots) audio.reload(window(), slot > 0);
            }
            if (slot % 10 == 0) feed.timeline().trim(feed.now() - hours(kHours + 1));
            if (slot % 30'000 == 0 || slot == kSlots) {
                video.reload(window(), false);
                audio.reload(window(), false);
            }
        }
        feed.timeline().finish();
        video.reload(window(), true);
        CHECK(video.rules.playlists() > kSlots);
        CHECK(video.rules.hints_kept() > kSlots);
    }
}

}  // namespace
}  // namespace weir::hls
