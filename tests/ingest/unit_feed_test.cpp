// SPDX-License-Identifier: MIT
// What becomes of a stream that changes its codec, and of the last pictures of one that ends.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/pipeline.hpp"
#include "ingest/farewell.hpp"
#include "ingest/input_rig.hpp"
#include "ingest/peers.hpp"
#include "ingest/recording_sink.hpp"
#include "ingest/ts_feed.hpp"
#include "support/clips.hpp"
#include "support/temporary_folder.hpp"
#include "support/watched.hpp"

using namespace weir;
using namespace std::chrono_literals;

namespace {

// Two seconds that begin at `begin`, in a transport stream.
std::vector<std::byte> clip(const std::string& begin, const std::string& codecs) {
    const test::TemporaryFolder folder;
    const auto file = folder.path("clip.ts");
    test::make_clip(file,
                    "-f lavfi -i testsrc2=size=64x64:rate=25 -f lavfi -i sine=sample_rate=48000 "
                    "-t 2 -pix_fmt yuv420p " +
                        codecs + " -output_ts_offset " + begin + " -f mpegts");
    return test::read_bytes(file);
}

constexpr auto kH264 = "-c:v libx264 -preset ultrafast -g 10 -bf 2 -c:a aac";
constexpr auto kHevc = "-c:v libx265 -preset ultrafast -x265-params log-level=0 -g 10 -c:a mp2";

// A transport stream's way through a feed, without a network.
class Feeding {
public:
    explicit Feeding(bool decoded = true)
        : pipeline_("feeding"),
          feed_(pipeline_,
                ingest::Delivery{test::kSmall, decoded ? sink : nullptr, decoded ? nullptr : units},
                {[](const ingest::StreamInfo&) {},
                 [this] { watched_.note([this] { ended_ = true; }); },
                 [this](const std::string& cause) { watched_.note([&] { failure_ = cause; }); }},
                std::nullopt),
          ts_(pipeline_, feed_, {},
              [this](const std::string& cause) { watched_.note([&] { failure_ = cause; }); }) {
        pipeline_.on_message([this](GstMessage* message) {
            if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_ERROR) return;
            watched_.note([&] { failure_ = base::message_text(message); });
        });
        REQUIRE(pipeline_.start());
    }
    Feeding(const Feeding&) = delete;
    Feeding& operator=(const Feeding&) = delete;
    ~Feeding() {
        sink->close();
        ts_.stop();
        feed_.stop();
        ts_.close();
        gst_element_set_state(pipeline_.element(), GST_STATE_NULL);
        gst_element_get_state(pipeline_.element(), nullptr, nullptr, GST_CLOCK_TIME_NONE);
    }

    void push(const std::vector<std::byte>& bytes) { REQUIRE(ts_.push(bytes)); }
    // Whether its end comes, and nothing has failed.
    bool end() {
        ts_.end();
        watched_.wait([this] { return ended_ || !failure_.empty(); });
        CHECK(failure_ == "");
        return ended_;
    }

    const std::shared_ptr<test::RecordingSink> sink = std::make_shared<test::RecordingSink>();
    const std::shared_ptr<test::RecordingUnits> units = std::make_shared<test::RecordingUnits>();

private:
    test::Watched watched_;
    bool ended_ = false;
    std::string failure_;
    base::Pipeline pipeline_;
    ingest::UnitFeed feed_;
    ingest::TsFeed ts_;
};

std::size_t samples(const test::RecordingSink& sink) {
    std::size_t count = 0;
    for (const auto& packet : sink.packets()) count += packet.samples.size() / 2;
    return count;
}

}  // namespace

TEST_SUITE("ingest/unit_feed") {
    TEST_CASE("at the end of a stream its last pictures and sound come out") {
        Feeding feeding;
        feeding.push(clip("0", kH264));
        REQUIRE(feeding.end());
        CHECK(feeding.sink->frames().size() == 50);
        CHECK(test::wrong_steps(feeding.sink->frames(), 40e6, 20e3) == 0);
        CHECK(samples(*feeding.sink) >= 2 * 48'000);
    }

    TEST_CASE("a stream that was never one has its end too") {
        Feeding feeding;
        CHECK(feeding.end());
        CHECK(feeding.sink->frames().empty());
    }

    TEST_CASE("a stream goes on with other codecs: nothing is lost, the times go on") {
        Feeding feeding;
        feeding.push(clip("0", kH264));
        feeding.push(clip("2", kHevc));
        feeding.push(clip("4", kH264));
        REQUIRE(feeding.end());
        CHECK(feeding.sink->frames().size() == 150);
        // B-frames shift one codec's pictures against the other's by two at most.
        CHECK(test::wrong_steps(feeding.sink->frames(), 40e6, 81e6) == 0);
        CHECK(samples(*feeding.sink) >= 6 * 48'000 - 4 * 1152);
    }

    TEST_CASE("what is not decoded goes on with a keyframe of the new codec") {
        Feeding feeding(false);
        feeding.push(clip("0", kH264));
        feeding.push(clip("2", kHevc));
        REQUIRE(feeding.end());
        REQUIRE(feeding.units->video_caps().size() >= 2);
        CHECK(feeding.units->video_caps().back().find("video/x-h265") == 0);
        CHECK(feeding.units->video().size() == 100);
    }

    TEST_CASE("whatever comes once a farewell has begun is that farewell") {
        std::vector<std::string> told;
        ingest::Farewell farewell;
        const auto events =
            farewell.wrapped({[](const ingest::StreamInfo&) {}, [&] { told.push_back("ended"); },
                              [&](const std::string& cause) { told.push_back(cause); }});
        events.failed("no decoder");
        events.ended();
        CHECK_FALSE(farewell.begun());
        farewell.begin([&] { told.push_back("the sender left"); });
        CHECK(farewell.begun());
        events.failed("not one frame");
        events.ended();
        CHECK(told == std::vector<std::string>{"no decoder", "ended", "the sender left",
                                               "the sender left"});
    }
}
