// SPDX-License-Identifier: MIT
#include "ingest/publish_point.hpp"

#include <doctest/doctest.h>

#include <future>
#include <string>
#include <vector>

#include "ingest/rtmp_bytes.hpp"

using namespace weir;
using namespace weir::test;
using ingest::FlvUnit;
using ingest::PublishPoint;
using Kind = ingest::FlvUnit::Kind;

namespace {

struct TestPublisher final : ingest::Publisher {
    void resume() override { ++resumed; }
    void dismiss(const std::string& why) override { reasons.push_back(why); }

    int resumed = 0;
    std::vector<std::string> reasons;
};

// "C" and "c" are configurations of picture and sound, "K" a keyframe, "p" a picture, "s" sound;
// the number behind it is its time.
FlvUnit unit_of(const std::string& name, std::span<const std::byte> payload) {
    FlvUnit unit;
    const char kind = name.front();
    unit.kind = kind == 'C'   ? Kind::video_config
                : kind == 'c' ? Kind::audio_config
                : kind == 's' ? Kind::audio
                              : Kind::video;
    unit.keyframe = kind == 'K' || kind == 's';
    unit.dts_ms = name.size() > 1 ? std::stoi(name.substr(1)) : 0;
    unit.payload = payload;
    return unit;
}

std::string name_of(const FlvUnit& unit) {
    const std::string time = unit.dts_ms == 0 ? "" : std::to_string(unit.dts_ms);
    switch (unit.kind) {
        case Kind::video_config:
            return "C" + time;
        case Kind::audio_config:
            return "c" + time;
        case Kind::audio:
            return "s" + time;
        default:
            return (unit.keyframe ? "K" : "p") + time;
    }
}

// A publish point with somebody who publishes.
class Point {
public:
    explicit Point(OnConflict on_conflict = OnConflict::reject,
                   PublishPoint::Limits limits = {.waiting_bytes = 100'000, .kept_bytes = 100'000})
        : point({.on_conflict = on_conflict}, limits) {}

    void begin() {
        publisher = std::make_shared<TestPublisher>();
        id = point.begin(publisher).value();
    }
    bool push(const std::vector<std::string>& names, std::size_t bytes = 10) {
        bool room = true;
        const Octets payload(bytes);
        for (const auto& name : names) room = point.push(id, unit_of(name, payload));
        return room;
    }
    // The names of what a source takes; "." is the end of a publisher.
    std::vector<std::string> take(std::size_t count) {
        std::vector<std::string> names;
        while (names.size() < count) {
            const auto taken = point.take();
            if (!taken) break;
            names.push_back(taken->bytes ? name_of(taken->unit) : ".");
        }
        return names;
    }

    PublishPoint point;
    std::shared_ptr<TestPublisher> publisher;
    std::uint64_t id = 0;
};

using Names = std::vector<std::string>;

}  // namespace

TEST_SUITE("ingest/publish_point") {
    TEST_CASE("what is pushed is taken in order, and the end comes last") {
        Point p;
        p.begin();
        REQUIRE(p.point.attach());
        p.push({"C", "c", "K1", "s2", "p3"});
        p.point.end(p.id);
        CHECK(p.take(9) == Names{"C", "c", "K1", "s2", "p3", "."});
        CHECK_FALSE(p.point.take());  // what follows is another connection's
    }

    TEST_CASE("what came before the first source is all there") {
        Point p;
        p.begin();
        p.push({"C", "c", "K1", "p2", "K3", "p4"});
        REQUIRE(p.point.attach());
        CHECK(p.take(6) == Names{"C", "c", "K1", "p2", "K3", "p4"});
    }

    TEST_CASE("a source that is made anew begins with the configuration and the newest keyframe") {
        Point p;
        p.begin();
        REQUIRE(p.point.attach());
        p.push({"C", "c", "K1", "s2", "p3", "K4", "s5", "p6"});
        CHECK(p.take(7).back() == "s5");
        p.point.detach();
        p.push({"p7"});
        REQUIRE(p.point.attach());
        CHECK(p.take(6) == Names{"C", "c", "K4", "s5", "p6", "p7"});
        p.point.detach();
        p.push({"K8", "C9", "K10", "p11"});  // another configuration
        REQUIRE(p.point.attach());
        CHECK(p.take(4) == Names{"C9", "c", "K10", "p11"});
    }

    TEST_CASE("sound without pictures needs no past") {
        Point p;
        p.begin();
        REQUIRE(p.point.attach());
        p.push({"c", "s1", "s2", "s3"});
        CHECK(p.take(3).back() == "s2");
        p.point.detach();
        REQUIRE(p.point.attach());
        CHECK(p.take(2) == Names{"c", "s3"});
    }

    TEST_CASE("what is kept is bounded, and then lost up to the next keyframe") {
        Point p(OnConflict::reject, {.waiting_bytes = 100'000, .kept_bytes = 5'000});
        p.begin();
        REQUIRE(p.point.attach());
        p.push({"C", "K1", "p2", "p3"}, 2'000);
        p.take(4);
        p.point.detach();
        p.push({"p4", "K5"});
        REQUIRE(p.point.attach());
        CHECK(p.take(3) == Names{"C", "p4", "K5"});  // whoever decodes passes over p4
    }

    TEST_CASE("the next publisher's media comes to the next source") {
        Point p;
        p.begin();
        REQUIRE(p.point.attach());
        p.push({"C", "K1"});
        p.point.end(p.id);
        p.begin();
        p.push({"C5", "K6"});
        CHECK(p.take(9) == Names{"C", "K1", "."});
        p.point.detach();
        REQUIRE(p.point.attach());
        CHECK(p.take(2) == Names{"C5", "K6"});
    }

    TEST_CASE("of those that came and went without a source the last one counts") {
        Point p;
        for (const char* time : {"1", "2", "3"}) {
            p.begin();
            p.push({std::string("C") + time, std::string("K") + time});
            p.point.end(p.id);
        }
        REQUIRE(p.point.attach());
        CHECK(p.take(9) == Names{"C3", "K3", "."});
        p.point.detach();
        p.begin();
        p.push({"C4"});
        p.point.end(p.id);
        p.begin();  // is there, and has sent nothing yet
        REQUIRE(p.point.attach());
        p.push({"C5"});
        CHECK(p.take(1) == Names{"C5"});
    }

    TEST_CASE("a publisher that sent nothing leaves no trace") {
        Point p;
        REQUIRE(p.point.attach());
        CHECK(p.point.waiting());
        p.begin();
        CHECK_FALSE(p.point.waiting());
        p.point.end(p.id);
        CHECK(p.point.waiting());
    }

    TEST_CASE("the end is told although everything was taken") {
        Point p;
        p.begin();
        REQUIRE(p.point.attach());
        p.push({"c", "s1"});
        CHECK(p.take(2).size() == 2);
        p.point.end(p.id);
        CHECK(p.take(1) == Names{"."});
    }

    TEST_CASE("one publisher at a time, or the newest one") {
        Point rejecting;
        rejecting.begin();
        const auto second = rejecting.point.begin(std::make_shared<TestPublisher>());
        REQUIRE_FALSE(second);
        CHECK(second.error().code == ErrorCode::already_exists);
        CHECK(rejecting.publisher->reasons.empty());

        Point replacing(OnConflict::replace);
        replacing.begin();
        REQUIRE(replacing.point.attach());
        replacing.push({"C1", "K1"});
        const auto first = replacing.publisher;
        const auto first_id = replacing.id;
        replacing.begin();
        CHECK(first->reasons == Names{"somebody else publishes this stream now"});
        // It does not know yet.
        CHECK(replacing.point.push(first_id, unit_of("p2", bytes({1}))));
        replacing.point.end(first_id);
        replacing.push({"C3", "K3"});
        CHECK(replacing.take(9) == Names{"C1", "K1", "."});
        replacing.point.detach();
        REQUIRE(replacing.point.attach());
        CHECK(replacing.take(2) == Names{"C3", "K3"});
    }

    TEST_CASE("a publisher without room waits until half of it is taken") {
        Point p(OnConflict::reject, {.waiting_bytes = 10'000, .kept_bytes = 100'000});
        p.begin();
        REQUIRE(p.point.attach());
        CHECK(p.push({"C", "K1", "p2"}, 3'000));
        CHECK_FALSE(p.push({"p3"}, 3'000));
        p.take(1);
        CHECK(p.publisher->resumed == 0);
        p.take(2);
        CHECK(p.publisher->resumed == 1);
        p.take(1);
        CHECK(p.publisher->resumed == 1);
    }

    TEST_CASE("room that comes from skipping is room") {
        Point p(OnConflict::reject, {.waiting_bytes = 10'000, .kept_bytes = 100'000});
        p.begin();
        REQUIRE(p.point.attach());
        p.push({"C", "K1"});
        p.take(2);
        p.point.detach();
        CHECK_FALSE(p.push({"p2", "p3", "p4", "p5"}, 3'000));
        p.push({"K6"});
        REQUIRE(p.point.attach());
        CHECK(p.publisher->resumed == 1);
        CHECK(p.take(2) == Names{"C", "K6"});
    }

    TEST_CASE("one source at a time; interrupting wakes it") {
        Point p;
        REQUIRE(p.point.attach());
        CHECK_FALSE(p.point.attach());
        auto taking = std::async(std::launch::async, [&] { return p.point.take().has_value(); });
        p.point.interrupt();
        CHECK_FALSE(taking.get());
        p.point.detach();
        CHECK(p.point.attach());
    }

    TEST_CASE("when nobody listens any more the publisher is told, and no other comes") {
        Point p;
        p.begin();
        p.point.close("over");
        CHECK(p.publisher->reasons == Names{"over"});
        CHECK_FALSE(p.point.begin(std::make_shared<TestPublisher>()));
    }
}
