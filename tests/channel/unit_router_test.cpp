// SPDX-License-Identifier: MIT
#include "channel/unit_router.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "support/fake_clock.hpp"

using namespace std::chrono_literals;
using weir::channel::UnitRouter;
using weir::media::MediaTime;
using weir::media::UnitKind;
using weir::media::UnitSink;

namespace {

// Two inputs, 1 and 2, and what of them went on, as text: "(" and ")" for a connection, the PTS of
// each unit in milliseconds.
struct Fixture {
    class Sink final : public UnitSink {
    public:
        explicit Sink(std::string& out) : out_(out) { out_ += "( "; }
        void configure(UnitKind, const weir::base::MiniPtr<GstCaps>&) override {}
        bool push(UnitKind, weir::base::MiniPtr<GstBuffer> unit) override {
            out_ += std::to_string(GST_BUFFER_PTS(unit.get())) + " ";
            return true;
        }
        void close() override { out_ += ") "; }

    private:
        std::string& out_;
    };

    Fixture() {
        weir::base::ensure_gst_initialised();
        const auto caps = weir::base::adopt_mini(gst_caps_new_empty_simple("video/x-h264"));
        for (const auto& input : inputs) input->configure(UnitKind::video, caps);
    }

    // A picture of each input; of `key_of` it is a keyframe.
    void pictures(guint64 number, int key_of = 0) {
        for (int input = 1; input <= 2; ++input) {
            auto unit = weir::base::adopt_mini(gst_buffer_new());
            GST_BUFFER_PTS(unit.get()) = static_cast<guint64>(input) * 100 + number;
            if (input != key_of) GST_BUFFER_FLAG_SET(unit.get(), GST_BUFFER_FLAG_DELTA_UNIT);
            inputs[static_cast<std::size_t>(input - 1)]->push(UnitKind::video, std::move(unit));
        }
        clock->advance(10ms);
    }

    [[nodiscard]] MediaTime in(MediaTime time) const { return clock->utc() + time; }

    std::shared_ptr<weir::test::FakeClock> clock = std::make_shared<weir::test::FakeClock>();
    std::string out;
    std::vector<std::pair<std::uint64_t, MediaTime>> switches;
    std::shared_ptr<UnitRouter> router = std::make_shared<UnitRouter>(
        [this] { return std::make_shared<Sink>(out); }, clock,
        [this](std::uint64_t key, MediaTime time) { switches.emplace_back(key, time); });
    std::vector<std::shared_ptr<UnitSink>> inputs{router->connect(1), router->connect(2)};
};

}  // namespace

TEST_SUITE_BEGIN("channel/unit_router");

TEST_CASE("an input comes on with its next keyframe, and the one before goes on until then") {
    Fixture fixture;
    fixture.router->choose(1);
    fixture.pictures(0);
    fixture.pictures(1, 1);
    fixture.pictures(2, 2);
    fixture.router->choose(2);
    fixture.pictures(3);
    fixture.pictures(4, 1);
    fixture.pictures(5, 2);
    fixture.pictures(6);
    CHECK(fixture.out == "( 101 102 103 104 105 ( 205 ) 206 ");
    REQUIRE(fixture.switches.size() == 2);
    CHECK(fixture.switches[0].first == 1);
    CHECK(fixture.switches[1].first == 2);
    CHECK(fixture.switches[1].second == fixture.in(-20ms));
}

TEST_CASE("at a time: with the first keyframe that comes at or after it") {
    Fixture fixture;
    fixture.router->choose(1);
    fixture.pictures(0, 1);
    const auto at = fixture.in(20ms);
    fixture.router->choose_at(2, at);
    fixture.pictures(1, 2);
    fixture.pictures(2);
    SUBCASE("at") {
        fixture.pictures(3, 2);
        CHECK(fixture.out == "( 100 101 102 103 ( 203 ");
        CHECK(fixture.switches.back() == std::pair<std::uint64_t, MediaTime>(2, at));
    }
    SUBCASE("after") {
        fixture.pictures(3);
        fixture.pictures(4, 2);
        CHECK(fixture.out == "( 100 101 102 103 104 ( 204 ");
        CHECK(fixture.switches.back() == std::pair<std::uint64_t, MediaTime>(2, at + 10ms));
    }
    SUBCASE("there and back") {
        fixture.router->choose_at(1, at + 20ms);
        fixture.pictures(3, 2);
        fixture.pictures(4, 1);
        fixture.pictures(5, 1);
        CHECK(fixture.out == "( 100 101 102 103 ( 203 ) 204 ( 105 ) ");
    }
    SUBCASE("what was due before a choice is over with it") {
        fixture.pictures(3);
        fixture.router->choose(1);
        fixture.pictures(4, 2);
        CHECK(fixture.out == "( 100 101 102 103 104 ");
    }
    SUBCASE("another choice for the same time takes its place") {
        fixture.router->choose_at(std::nullopt, at);
        fixture.pictures(3, 2);
        CHECK(fixture.out == "( 100 101 102 103 ");
    }
}

TEST_CASE("another connection of the same input comes on with its keyframe") {
    Fixture fixture;
    fixture.router->choose(1);
    fixture.pictures(0, 1);
    fixture.inputs[0]->close();
    fixture.inputs[0] = fixture.router->connect(1);
    fixture.inputs[0]->configure(UnitKind::video,
                                 weir::base::adopt_mini(gst_caps_new_empty_simple("video/x-h264")));
    fixture.pictures(1);
    fixture.pictures(2, 1);
    CHECK(fixture.out == "( 100 ) ( 102 ");
    CHECK(fixture.switches.size() == 1);
}

TEST_SUITE_END();
