// SPDX-License-Identifier: MIT
#include "store/memory_store.hpp"

#include <sys/stat.h>

#include <string>

#include <doctest/doctest.h>

namespace weir::store {
namespace {

std::shared_ptr<Store> open(std::uint64_t max_bytes) {
    return open_memory_store({.max_bytes = max_bytes}).value();
}

Result<void> put(Store& store, std::string_view key, std::size_t size) {
    return store.put(key, Bytes::from_string(std::string(size, 'x')));
}

// What the memory file takes of the machine's memory.
std::uint64_t resident_bytes(int fd) {
    struct stat status {};
    REQUIRE(::fstat(fd, &status) == 0);
    return static_cast<std::uint64_t>(status.st_blocks) * 512;
}

TEST_SUITE("store/memory_store") {
    TEST_CASE("a put over the limit is unavailable and changes nothing") {
        const auto store = open(1000);
        put(*store, "a", 600).value();
        const auto refused = put(*store, "b", 401);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::unavailable);
        CHECK(refused.error().message == "b: the store is full (1000 bytes)");
        CHECK(put(*store, "a", 1001).error().code == ErrorCode::unavailable);
        CHECK(store->get("a").value().size() == 600);
        CHECK(store->list("").value().size() == 1);
        CHECK(put(*store, "b", 400));
    }

    TEST_CASE("a removed object makes room") {
        const auto store = open(1000);
        for (int i = 0; i < 10; ++i) {
            put(*store, "a", 900).value();
            store->remove("a").value();
        }
        CHECK(put(*store, "b", 1000));
    }

    TEST_CASE("a replaced object makes room for what replaces it") {
        const auto store = open(1000);
        put(*store, "a", 900).value();
        CHECK(put(*store, "a", 1000));
        CHECK(put(*store, "b", 1).error().code == ErrorCode::unavailable);
    }

    TEST_CASE("a removed object counts as long as somebody reads it") {
        const auto store = open(1000);
        put(*store, "a", 900).value();
        {
            const Bytes held = store->get("a").value();
            store->remove("a").value();
            CHECK(put(*store, "b", 900).error().code == ErrorCode::unavailable);
        }
        CHECK(put(*store, "b", 900));
    }

    TEST_CASE("the memory of an object goes back to the system with its last reader") {
        constexpr std::size_t kSize = 1 << 20;
        const auto store = open(1 << 30);
        put(*store, "small", 1).value();
        const Bytes small = store->get("small").value();
        const std::uint64_t before = resident_bytes(small.file());
        put(*store, "a", kSize - 5).value();
        put(*store, "b", kSize).value();
        CHECK(resident_bytes(small.file()) == before + 2 * kSize);
        {
            const Bytes held = store->get("a").value();
            store->remove("a").value();
            CHECK(resident_bytes(small.file()) == before + 2 * kSize);
            CHECK(held.read(kSize - 6).value() == "x");
        }
        CHECK(resident_bytes(small.file()) == before + kSize);
        CHECK(store->get("b").value().read().value() == std::string(kSize, 'x'));
        store->put("b", Bytes()).value();
        CHECK(resident_bytes(small.file()) == before);
    }

    TEST_CASE("a window that slides for long takes no more memory than the window") {
        const auto store = open(10'000'000);
        put(*store, "small", 1).value();
        const Bytes small = store->get("small").value();
        for (int i = 0; i < 1000; ++i) {
            put(*store, "s/" + std::to_string(i), 500'000).value();
            if (i >= 10) store->remove("s/" + std::to_string(i - 10)).value();
        }
        CHECK(resident_bytes(small.file()) < 6'000'000);
    }
}

}  // namespace
}  // namespace weir::store
