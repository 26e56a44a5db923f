// SPDX-License-Identifier: MIT
#include "channel/publisher.hpp"

#include <doctest/doctest.h>

#include <future>
#include <set>

using namespace std::chrono_literals;
using weir::Bytes;
using weir::Error;
using weir::ErrorCode;
using weir::ObjectInfo;
using weir::Result;
using weir::Store;
using weir::channel::Publisher;
using weir::channel::PublisherEvents;
using weir::channel::PublisherOptions;
using weir::media::Segment;
using weir::media::Slot;
using weir::media::Timeline;

namespace {

// A store of keys whose puts the test can fail or hold.
class FaultyStore final : public Store {
public:
    Result<void> put(std::string_view key, const Bytes&) override {
        std::unique_lock lock(mutex);
        wake.wait(lock, [&] { return !held; });
        if (fail > 0) {
            --fail;
            return Error{ErrorCode::io, "disk is on fire"};
        }
        if (keys.size() >= capacity) return Error{ErrorCode::unavailable, "full"};
        keys.emplace(key);
        wake.notify_all();
        return {};
    }
    Result<Bytes> get(std::string_view) override { return Error{ErrorCode::not_found, ""}; }
    Result<ObjectInfo> describe(std::string_view) override {
        return Error{ErrorCode::not_found, ""};
    }
    Result<void> remove(std::string_view key) override {
        const std::lock_guard lock(mutex);
        keys.erase(std::string(key));
        return {};
    }
    Result<std::vector<ObjectInfo>> list(std::string_view) override {
        return std::vector<ObjectInfo>{};
    }
    bool has(const std::string& key) {
        const std::lock_guard lock(mutex);
        return keys.contains(key);
    }

    std::mutex mutex;
    std::condition_variable wake;
    std::set<std::string> keys;
    std::size_t capacity = 1000;
    int fail = 0;
    bool held = false;
};

struct PublisherFixture {
    explicit PublisherFixture(PublisherOptions options) {
        options.prefix = "news";
        publisher = std::make_unique<Publisher>(
            options, store, timeline,
            PublisherEvents{
                .on_slot =
                    [this](const Slot& slot) {
                        // Invariant 6: a name appears when its bytes can be fetched.
                        for (const auto& track : timeline->tracks()) {
                            CHECK(store->has(
                                "news/" + segment_name(timeline->programme(), track.name, slot)));
                        }
                        slots.push_back(slot.number);
                    },
                .on_store = [this](bool failing, const std::string&) { alerts.push_back(failing); },
                .on_finished = [this] { finished.set_value(); }});
    }

    void publish(std::size_t track, std::int64_t number) {
        publisher->publish(track, "run",
                           Segment{.number = number,
                                   .start = number * 2s,
                                   .end = (number + 1) * 2s,
                                   .bytes = Bytes::from_string("bytes")});
    }
    void finish() {
        publisher->finish();
        finished.get_future().wait();
    }

    std::shared_ptr<FaultyStore> store = std::make_shared<FaultyStore>();
    std::shared_ptr<Timeline> timeline = std::make_shared<Timeline>(
        "programme", std::vector<weir::media::Track>{{.name = "high"}, {.name = "low"}});
    std::vector<std::int64_t> slots;
    std::vector<bool> alerts;
    std::promise<void> finished;
    std::unique_ptr<Publisher> publisher;
};

}  // namespace

TEST_SUITE("channel/publisher") {
    TEST_CASE("a slot is published once every rendition's bytes are in the store") {
        PublisherFixture f({});
        for (std::int64_t n = 100; n < 110; ++n) {
            f.publish(0, n);
            if (n > 100) f.publish(1, n - 1);
        }
        f.publish(1, 109);
        f.finish();
        CHECK(f.slots.size() == 10);
        CHECK(f.timeline->ended());
        CHECK(f.timeline->all().slots.size() == 10);
        CHECK(f.alerts.empty());
    }

    TEST_CASE("a put that fails makes a gap, sets the alert once and clears it once") {
        PublisherFixture f({});
        f.publish(0, 100);
        f.publish(1, 100);
        {
            // When both are through, the next two fail, and then all is well again.
            std::unique_lock lock(f.store->mutex);
            f.store->wake.wait(lock, [&] { return f.store->keys.size() == 2; });
            f.store->fail = 2;
        }
        for (std::int64_t n = 101; n < 104; ++n) {
            f.publish(0, n);
            f.publish(1, n);
        }
        f.finish();
        CHECK(f.slots == std::vector<std::int64_t>{100, 102, 103});
        CHECK(f.alerts == std::vector<bool>{true, false});
        const auto slots = f.timeline->all().slots;
        REQUIRE(slots.size() == 4);
        CHECK(slots[1].gap);
        CHECK(slots[2].discontinuity);
    }

    TEST_CASE("a store that hangs costs bounded memory: what does not fit becomes gaps") {
        PublisherFixture f({.max_queued = 6});
        f.store->held = true;
        for (std::int64_t n = 100; n < 120; ++n) {
            f.publish(0, n);
            f.publish(1, n);
        }
        {
            const std::lock_guard lock(f.store->mutex);
            f.store->held = false;
            f.store->wake.notify_all();
        }
        f.finish();
        CHECK(f.slots.size() >= 3);
        CHECK(f.slots.size() <= 4);
        CHECK(f.alerts.front());
    }

    TEST_CASE("what no playlist needs any more is removed") {
        PublisherFixture f({.max_queued = 200, .keep = 20s});
        for (std::int64_t n = 100; n < 200; ++n) {
            f.publish(0, n);
            f.publish(1, n);
        }
        f.finish();
        CHECK(f.slots.size() == 100);
        CHECK(f.timeline->all().slots.size() == 10);
        CHECK(f.store->keys.size() == 20);
    }

    TEST_CASE("a full store that holds a window gives up its oldest slots, and live goes on") {
        PublisherFixture f({.max_queued = 200, .make_room = true});
        f.store->capacity = 10;
        for (std::int64_t n = 100; n < 130; ++n) {
            f.publish(0, n);
            f.publish(1, n);
        }
        f.finish();
        CHECK(f.slots.size() == 30);
        CHECK(f.alerts.empty());
        CHECK(f.timeline->all().slots.size() == 5);
    }

    TEST_CASE("a full store that records makes gaps instead") {
        PublisherFixture f({.max_queued = 200});
        f.store->capacity = 10;
        for (std::int64_t n = 100; n < 130; ++n) {
            f.publish(0, n);
            f.publish(1, n);
        }
        f.finish();
        CHECK(f.slots.size() == 5);
        CHECK(f.alerts == std::vector<bool>{true});
    }

    TEST_CASE("without a prefix the keys begin with the programme") {
        auto store = std::make_shared<FaultyStore>();
        auto timeline = std::make_shared<Timeline>(
            "programme", std::vector<weir::media::Track>{{.name = "one"}});
        std::promise<void> finished;
        Publisher publisher({.prefix = "", .keep = {}}, store, timeline,
                            PublisherEvents{.on_slot = [](const Slot&) {},
                                            .on_store = [](bool, const std::string&) {},
                                            .on_finished = [&] { finished.set_value(); }});
        publisher.publish(0, "run", Segment{.number = 7, .bytes = Bytes::from_string("bytes")});
        publisher.finish();
        finished.get_future().wait();
        CHECK(store->has("programme/one/7-run.ts"));
    }

    TEST_CASE("close() ends it without the end of the programme") {
        PublisherFixture f({});
        f.publish(0, 100);
        f.publisher->close();
        f.publish(0, 101);
        f.publisher->close();
        CHECK_FALSE(f.timeline->ended());
    }
}
