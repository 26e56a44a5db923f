// SPDX-License-Identifier: MIT
#include "origin/time_shift.hpp"

#include <doctest/doctest.h>

namespace weir::origin {
namespace {

using std::chrono::seconds;
using Kind = Selection::Kind;

// Slots of two seconds, from number 1000 on.
struct Fixture {
    std::shared_ptr<media::Timeline> timeline =
        std::make_shared<media::Timeline>("p", std::vector<media::Track>(1), 5);
    View view{.timeline = timeline,
              .segment_duration = seconds(2),
              .target_duration = 2,
              .window = seconds(20),
              .time_shift = seconds(200)};

    void add(std::int64_t first, std::int64_t last, const char* run = "a") {
        for (auto n = first; n <= last; ++n) {
            timeline->add(0, n, seconds(2 * n), seconds(2 * n + 2), run, 10);
        }
    }
    void gap(std::int64_t number) {
        timeline->add(0, number, seconds(2 * number), seconds(2 * number + 2), "a", std::nullopt);
    }
    Result<Selection> select(const ManifestQuery& query, bool own = false) const {
        return select_window(view, own, query);
    }
};

std::pair<std::int64_t, std::int64_t> numbers(const Selection& selection) {
    return {selection.window.slots.front().number, selection.window.slots.back().number};
}

using Numbers = std::pair<std::int64_t, std::int64_t>;

TEST_SUITE("origin/time_shift") {
    TEST_CASE_FIXTURE(Fixture, "without a wish it is the live window, or all of an event") {
        CHECK(select({}).error().code == ErrorCode::unavailable);
        add(1000, 1099);
        auto live = select({}).value();
        CHECK(live.kind == Kind::sliding);
        CHECK(numbers(live) == Numbers{1090, 1099});
        view.playlist_type = PlaylistType::event;
        CHECK(select({}).value().kind == Kind::growing);
        CHECK(numbers(select({}).value()) == Numbers{1000, 1099});
        timeline->finish();
        CHECK(select({}).value().kind == Kind::whole);
    }

    TEST_CASE_FIXTURE(Fixture, "start alone grows from the slot it lies in, until the end") {
        add(1000, 1099);
        const ManifestQuery query{.start = seconds(2101)};
        auto over = select(query).value();
        CHECK(over.kind == Kind::growing);
        CHECK(numbers(over) == Numbers{1050, 1099});
        CHECK_FALSE(over.window.ended);
        add(1100, 1100);
        CHECK(numbers(select(query).value()) == Numbers{1050, 1100});
        timeline->finish();
        CHECK(select(query).value().kind == Kind::whole);
        CHECK(select(query).value().window.ended);
    }

    TEST_CASE_FIXTURE(Fixture, "an end that has passed makes it whole, one to come does not") {
        add(1000, 1099);
        const auto past = select({.start = seconds(2100), .end = seconds(2110)}).value();
        CHECK(past.kind == Kind::whole);
        CHECK(past.window.ended);
        CHECK(past.window.partial.empty());
        CHECK(numbers(past) == Numbers{1050, 1054});
        const ManifestQuery to_come{.start = seconds(2190), .end = seconds(2203)};
        CHECK(select(to_come).value().kind == Kind::growing);
        add(1100, 1105);
        CHECK(select(to_come).value().kind == Kind::whole);
        CHECK(numbers(select(to_come).value()) == Numbers{1095, 1101});
    }

    TEST_CASE_FIXTURE(Fixture, "what is out of reach is not found") {
        add(1000, 1999);
        CHECK(select({.start = seconds(4100)}).error().code == ErrorCode::not_found);
        CHECK(select({.start = seconds(3000)}).error().code == ErrorCode::not_found);
        CHECK(select({.start = seconds(3802)}));
        CHECK(select({.window = seconds(500)}).error().code == ErrorCode::not_found);
        CHECK(select({.time_delay = seconds(500)}).error().code == ErrorCode::not_found);
        view.recorded = true;
        CHECK(numbers(select({.start = seconds(2500)}).value()) == Numbers{1250, 1999});
        // Before the programme there is nothing, and nothing is lacking.
        CHECK(numbers(select({.start = seconds(10)}).value()) == Numbers{1000, 1999});
        timeline->trim(seconds(2400));
        CHECK(select({.start = seconds(2100)}).error().code == ErrorCode::not_found);
        CHECK(select({.start = seconds(2500)}));
    }

    TEST_CASE_FIXTURE(Fixture, "a delay shows what was live then") {
        add(1000, 1099);
        const auto late = select({.time_delay = seconds(60)}).value();
        CHECK(late.kind == Kind::sliding);
        CHECK(numbers(late) == Numbers{1060, 1069});
        CHECK(late.window.partial.empty());
        CHECK(numbers(select({.window = seconds(40)}).value()) == Numbers{1080, 1099});
        // After the end nothing is held back for ever.
        timeline->finish();
        CHECK(numbers(select({.time_delay = seconds(60)}).value()).second == 1099);
    }

    TEST_CASE_FIXTURE(Fixture, "no list begins with a gap, and no live one has one") {
        add(1000, 1049);
        gap(1050);
        add(1051, 1099);
        CHECK(numbers(select({.start = seconds(2100)}).value()) == Numbers{1051, 1099});
        const auto with_gap = select({.start = seconds(2090)}).value();
        CHECK(numbers(with_gap) == Numbers{1045, 1099});
        CHECK(with_gap.window.discontinuity_sequence == 5);
        CHECK(select({.start = seconds(2100)}).value().window.discontinuity_sequence == 5);
        CHECK(select({.start = seconds(2104)}).value().window.discontinuity_sequence == 6);
        CHECK(numbers(select({.time_delay = seconds(90)}).value()) == Numbers{1051, 1054});
    }
}

}  // namespace
}  // namespace weir::origin
