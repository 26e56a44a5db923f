// SPDX-License-Identifier: MIT
#include "playout/failover.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace std::chrono_literals;
using weir::Failover;
using weir::media::MediaTime;
using weir::playout::Ailment;
using weir::playout::ailment;
using weir::playout::choose;
using weir::playout::InputCondition;
using weir::playout::observe;

namespace {

constexpr MediaTime kNow = 1000s;
const Failover kConfig{.black_threshold = 0.05, .silence_threshold = -60};
constexpr std::optional<std::size_t> kNobody;

InputCondition well(MediaTime since = 100s) {
    return {.last_picture = kNow - 20ms, .well_since = kNow - since};
}
InputCondition lost(MediaTime since = 3s) {
    return {.last_picture = kNow - since};
}
InputCondition black(MediaTime since = 4s) {
    return {.last_picture = kNow - 20ms, .black_since = kNow - since};
}
InputCondition silent(MediaTime since = 9s) {
    return {.last_picture = kNow - 20ms, .silent_since = kNow - since};
}
const InputCondition kNever{};
const InputCondition kCold{.watched = false};

struct Row {
    const char* name;
    std::vector<InputCondition> inputs;
    std::size_t present;
    std::optional<std::size_t> manual;
    std::size_t chosen;
    const char* reason;
};

}  // namespace

TEST_SUITE("playout/failover") {
    TEST_CASE("an input is lost, black or silent after its own while") {
        CHECK(ailment(well(), kConfig, kNow) == Ailment::none);
        CHECK(ailment(lost(499ms), kConfig, kNow) == Ailment::none);
        CHECK(ailment(lost(500ms), kConfig, kNow) == Ailment::lost);
        CHECK(ailment(black(1999ms), kConfig, kNow) == Ailment::none);
        CHECK(ailment(black(2s), kConfig, kNow) == Ailment::black);
        CHECK(ailment(silent(4999ms), kConfig, kNow) == Ailment::none);
        CHECK(ailment(silent(5s), kConfig, kNow) == Ailment::silent);
        CHECK(ailment(kNever, kConfig, kNow) == Ailment::lost);
        CHECK(ailment(kCold, kConfig, kNow) == Ailment::unwatched);
        // Nobody looks.
        CHECK(ailment(black(), Failover{}, kNow) == Ailment::none);
        CHECK(ailment(silent(), Failover{}, kNow) == Ailment::none);
    }

    TEST_CASE("the first that is well is chosen, without haste to go back") {
        const std::vector<Row> rows{
            {"all well", {well(), well()}, 0, kNobody, 0, ""},
            {"present lost", {lost(500ms), well()}, 0, kNobody, 1, "input 0 (lost for 0.5 s)"},
            {"present never came", {kNever, well()}, 0, kNobody, 1, "input 0 (not connected)"},
            {"present lost, next one too",
             {lost(), lost(), well()},
             0,
             kNobody,
             2,
             "input 0 (lost for 3.0 s)"},
            {"the best that is well, not the next",
             {well(1ms), lost(), well()},
             1,
             kNobody,
             0,
             "input 1 (lost for 3.0 s)"},
            {"none is well", {lost(), lost()}, 0, kNobody, 0, ""},
            {"none is well, and stays", {lost(), lost()}, 1, kNobody, 1, ""},
            {"a better one, not yet for long", {well(4999ms), well()}, 1, kNobody, 1, ""},
            {"a better one, for long",
             {well(5s), well()},
             1,
             kNobody,
             0,
             "input 0 (well for 5.0 s)"},
            {"the best of several",
             {well(1s), well(6s), well()},
             2,
             kNobody,
             1,
             "input 1 (well for 6.0 s)"},
            {"a worse one does not matter", {well(1ms), well()}, 0, kNobody, 0, ""},
            {"black", {black(), well()}, 0, kNobody, 1, "input 0 (black for 4.0 s)"},
            {"silent", {silent(), well()}, 0, kNobody, 1, "input 0 (silent for 9.0 s)"},
            {"black, and the other one silent", {black(), silent()}, 0, kNobody, 0, ""},
            {"silent, and the other one lost", {silent(), lost()}, 0, kNobody, 0, ""},
            {"black, and the other one has just come", {black(), well(200ms)}, 0, kNobody, 0, ""},
            {"black, and a better one has just come", {well(1s), black()}, 1, kNobody, 1, ""},
            {"black, and a better one is back",
             {well(5s), black()},
             1,
             kNobody,
             0,
             "input 1 (black for 4.0 s)"},
            {"lost: black is better than nothing",
             {lost(), black()},
             0,
             kNobody,
             1,
             "input 0 (lost for 3.0 s)"},
            {"lost: silent is better than black",
             {lost(), black(), silent()},
             0,
             kNobody,
             2,
             "input 0 (lost for 3.0 s)"},
            {"lost: a cold one is tried",
             {lost(), kCold},
             0,
             kNobody,
             1,
             "input 0 (lost for 3.0 s)"},
            {"well: a cold one is not", {kCold, well()}, 1, kNobody, 1, ""},
            {"by hand", {well(), well()}, 0, 1, 1, "input 1 (chosen by hand)"},
            {"by hand, even if lost", {well(), lost()}, 1, 1, 1, ""},
            {"by hand, to one that is lost", {well(), lost()}, 0, 1, 1, "input 1 (chosen by hand)"},
            {"alone", {lost()}, 0, kNobody, 0, ""},
        };
        for (const auto& row : rows) {
            CAPTURE(row.name);
            const auto choice = choose(row.inputs, kConfig, row.present, row.manual, kNow);
            CHECK(choice.input == row.chosen);
            CHECK(choice.reason == row.reason);
        }
    }

    TEST_CASE("without automatic only the hand chooses") {
        const Failover config{.automatic = false};
        const std::vector inputs{lost(), well()};
        CHECK(choose(inputs, config, 0, {}, kNow).input == 0);
        CHECK(choose(inputs, config, 0, 1, kNow).input == 1);
    }

    // One step each 10 ms; the first input delivers when `delivers` says so, the second always.
    const auto switches = [](auto delivers, MediaTime length) {
        std::vector<InputCondition> inputs(2);
        std::vector<std::pair<MediaTime, std::size_t>> seen;
        std::size_t present = 0;
        for (MediaTime now{}; now < length; now += 10ms) {
            if (delivers(now)) inputs[0].last_picture = now;
            inputs[1].last_picture = now;
            for (auto& input : inputs) observe(input, kConfig, now);
            const auto choice = choose(inputs, kConfig, present, {}, now);
            if (choice.input != present) seen.emplace_back(now, choice.input);
            present = choice.input;
        }
        return seen;
    };

    TEST_CASE("one that flaps every 200 ms is no reason to switch, one of 600 ms is left once") {
        CHECK(switches([](MediaTime now) { return now / 200ms % 2 == 0; }, 30s).empty());
        const auto seen = switches([](MediaTime now) { return now / 600ms % 2 == 0; }, 30s);
        REQUIRE(seen.size() == 1);
        CHECK(seen[0] == std::pair(MediaTime(590ms + 500ms), std::size_t{1}));
    }

    TEST_CASE("recovery begins anew with each loss") {
        // Lost at 1 s; back at 3 s, lost at 7 s for 2 s, back for good at 9 s.
        const auto seen = switches(
            [](MediaTime now) { return now < 1s || (now >= 3s && now < 7s) || now >= 9s; }, 30s);
        REQUIRE(seen.size() == 2);
        CHECK(seen[0] == std::pair(MediaTime(990ms + 500ms), std::size_t{1}));
        CHECK(seen[1] == std::pair(MediaTime(14s), std::size_t{0}));
    }

    TEST_CASE("a choice by hand holds until it is released") {
        std::vector inputs{well(), well()};
        auto choice = choose(inputs, kConfig, 0, 1, kNow);
        CHECK(choice.input == 1);
        choice = choose(inputs, kConfig, choice.input, 1, kNow + 1ms);
        CHECK(choice == weir::playout::Choice{1, ""});
        choice = choose(inputs, kConfig, choice.input, {}, kNow + 2ms);
        CHECK(choice.input == 0);  // well all the time
    }
}
