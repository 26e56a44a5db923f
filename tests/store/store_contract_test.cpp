// SPDX-License-Identifier: MIT
// What every Store does, whatever it is made of.
#include <weir/store.hpp>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "support/temporary_folder.hpp"

namespace weir {
namespace {

struct InMemory {
    std::shared_ptr<Store> store = open_store(MemoryStore{}).value();
};

struct InFolder {
    test::TemporaryFolder folder;
    std::shared_ptr<Store> store = open_store(DirectoryStore{folder.path()}).value();
};

std::string text(const Result<Bytes>& bytes) {
    return bytes.value().read().value();
}

void put(Store& store, std::string_view key, std::string content) {
    store.put(key, Bytes::from_string(std::move(content))).value();
}

std::vector<std::string> keys(Store& store, std::string_view prefix) {
    std::vector<std::string> all;
    const auto infos = store.list(prefix).value();
    for (const ObjectInfo& info : infos) all.push_back(info.key);
    return all;
}

using Keys = std::vector<std::string>;

TEST_SUITE("store/contract") {
    TEST_CASE_TEMPLATE("what is put can be got and described", T, InMemory, InFolder) {
        const T fixture;
        Store& store = *fixture.store;
        const auto before = std::chrono::system_clock::now() - std::chrono::seconds(2);
        put(store, "news/p1/720p/1-a.ts", "content");
        CHECK(text(store.get("news/p1/720p/1-a.ts")) == "content");
        const auto info = store.describe("news/p1/720p/1-a.ts").value();
        CHECK(info.key == "news/p1/720p/1-a.ts");
        CHECK(info.size_bytes == 7);
        CHECK(info.modified > before);
        CHECK(info.modified < before + std::chrono::hours(1));
    }

    TEST_CASE_TEMPLATE("an object may be empty", T, InMemory, InFolder) {
        const T fixture;
        put(*fixture.store, "empty", "");
        CHECK(fixture.store->get("empty").value().size() == 0);
        CHECK(fixture.store->describe("empty").value().size_bytes == 0);
        CHECK(fixture.store->remove("empty"));
    }

    TEST_CASE_TEMPLATE("bytes come from memory, from a file and from the store itself", T, InMemory,
                       InFolder) {
        const T fixture;
        std::string large(3'000'000, 'x');
        for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 7 / 5);
        put(*fixture.store, "a", large);
        fixture.store->put("b", fixture.store->get("a").value()).value();
        fixture.store->remove("a").value();
        CHECK(text(fixture.store->get("b")) == large);
    }

    TEST_CASE_TEMPLATE("a put replaces, and who holds the former bytes keeps them", T, InMemory,
                       InFolder) {
        const T fixture;
        put(*fixture.store, "a/b", "former");
        const Bytes former = fixture.store->get("a/b").value();
        put(*fixture.store, "a/b", "the new ones");
        CHECK(former.read().value() == "former");
        CHECK(text(fixture.store->get("a/b")) == "the new ones");
        CHECK(fixture.store->list("").value().size() == 1);
    }

    TEST_CASE_TEMPLATE("bytes stay readable while they are held, also after remove", T, InMemory,
                       InFolder) {
        const T fixture;
        put(*fixture.store, "a/b", "content");
        const Bytes held = fixture.store->get("a/b").value();
        fixture.store->remove("a/b").value();
        CHECK(held.read().value() == "content");
        CHECK(fixture.store->get("a/b").error().code == ErrorCode::not_found);
    }

    TEST_CASE_TEMPLATE("bytes outlive the store", T, InMemory, InFolder) {
        Bytes held;
        {
            const T fixture;
            put(*fixture.store, "a", "content");
            held = fixture.store->get("a").value();
        }
        CHECK(held.read().value() == "content");
    }

    TEST_CASE_TEMPLATE("ranges can be read", T, InMemory, InFolder) {
        const T fixture;
        put(*fixture.store, "first", "something before it");
        put(*fixture.store, "a", "0123456789");
        const Bytes bytes = fixture.store->get("a").value();
        CHECK(bytes.file() >= 0);  // so that it can be sent without a copy
        CHECK(bytes.read(3, 4).value() == "3456");
        CHECK(bytes.read(8, 100).value() == "89");
        CHECK(bytes.read(10, 1).value().empty());
    }

    TEST_CASE_TEMPLATE("what is not there is not found", T, InMemory, InFolder) {
        const T fixture;
        Store& store = *fixture.store;
        put(store, "a/b", "content");
        for (const char* key : {"a", "b", "a/b/c", "a/c", "a/b.", "A/b"}) {
            CAPTURE(key);
            CHECK(store.get(key).error().code == ErrorCode::not_found);
            CHECK(store.describe(key).error().code == ErrorCode::not_found);
            CHECK(store.remove(key).error().code == ErrorCode::not_found);
        }
        CHECK(store.get("nothing/here").error().message.find("nothing/here") != std::string::npos);
        store.remove("a/b").value();
        CHECK(store.remove("a/b").error().code == ErrorCode::not_found);
    }

    TEST_CASE_TEMPLATE("list is sorted by the whole key and filtered by prefix", T, InMemory,
                       InFolder) {
        const T fixture;
        Store& store = *fixture.store;
        for (const char* key : {"b", "a/2", "a-b/1", "a/10", "a.b", "a/b/c", "ab"}) {
            put(store, key, key);
        }
        CHECK(keys(store, "") == Keys{"a-b/1", "a.b", "a/10", "a/2", "a/b/c", "ab", "b"});
        CHECK(keys(store, "a/") == Keys{"a/10", "a/2", "a/b/c"});
        CHECK(keys(store, "a/1") == Keys{"a/10"});
        CHECK(keys(store, "a/b/c") == Keys{"a/b/c"});
        CHECK(keys(store, "a") == Keys{"a-b/1", "a.b", "a/10", "a/2", "a/b/c", "ab"});
        CHECK(keys(store, "c/").empty());
        CHECK(keys(store, "b/").empty());
        CHECK(keys(store, "../").empty());
        CHECK(keys(store, "/").empty());
        CHECK(keys(store, "a//").empty());
        CHECK(store.list("a/2").value().at(0).size_bytes == 3);
    }

    TEST_CASE_TEMPLATE("a key that is none is refused by every verb", T, InMemory, InFolder) {
        const T fixture;
        Store& store = *fixture.store;
        const std::string null("a\0b", 3);
        for (const std::string& key :
             {std::string(), std::string("/"), std::string("/a"), std::string("a/"),
              std::string("a//b"), std::string("."), std::string(".."), std::string("../a"),
              std::string("a/../b"), std::string("a/./b"), std::string("a/.."), std::string("a b"),
              std::string("a\\b"), std::string("~1-1"), std::string("a:b"), std::string("\xc3\xa4"),
              std::string("a\n"), null, std::string(1025, 'a')}) {
            CAPTURE(key);
            CHECK_FALSE(is_valid_key(key));
            CHECK(store.put(key, Bytes()).error().code == ErrorCode::invalid_argument);
            CHECK(store.get(key).error().code == ErrorCode::invalid_argument);
            CHECK(store.describe(key).error().code == ErrorCode::invalid_argument);
            CHECK(store.remove(key).error().code == ErrorCode::invalid_argument);
        }
        CHECK(store.list("").value().empty());
    }

    TEST_CASE_TEMPLATE("all kinds of good keys work", T, InMemory, InFolder) {
        const T fixture;
        std::string deep = "d";
        while (deep.size() < 1023) deep += "/d";
        for (const std::string& key : {std::string("a"), std::string(".a"), std::string("..."),
                                       std::string("A_z-0.9/..b/c"), std::string(200, 'x'), deep}) {
            CAPTURE(key);
            CHECK(is_valid_key(key));
            put(*fixture.store, key, "content");
            CHECK(text(fixture.store->get(key)) == "content");
            CHECK(fixture.store->list(key).value().size() == 1);
        }
    }

    TEST_CASE_TEMPLATE(
        "eight threads put, get, list and remove without getting in each other's way", T, InMemory,
        InFolder) {
        const T fixture;
        Store& store = *fixture.store;
        std::atomic<int> wrong = 0;
        const auto work = [&](int id) {
            const std::string own = "own/" + std::to_string(id) + "/";
            for (int i = 0; i < 60; ++i) {
                // One object that all write: whoever reads it sees one whole content.
                const auto letter = static_cast<char>('a' + id);
                wrong += !store.put("shared/one",
                                    Bytes::from_string(std::string(5000 + 100U * i, letter)));
                const auto shared = store.get("shared/one");
                if (shared) {
                    const std::string content = shared->read().value();
                    wrong += content != std::string(content.size(), content.front());
                }
                // An object alone in its folder, so that the folder comes and goes.
                const std::string key = own + std::to_string(i % 3);
                wrong += !store.put(key, Bytes::from_string(key));
                const auto bytes = store.get(key);
                wrong += !bytes || bytes->read().value() != key;
                wrong += !store.list("own/");
                wrong += !store.remove(key);
            }
        };
        std::vector<std::thread> threads;
        for (int id = 0; id < 8; ++id) threads.emplace_back(work, id);
        for (std::thread& thread : threads) thread.join();
        CHECK(wrong == 0);
        CHECK(keys(store, "") == Keys{"shared/one"});
    }

    TEST_CASE("the host's own store is used as it is") {
        const std::shared_ptr<Store> own = InMemory().store;
        CHECK(open_store(own).value() == own);
        CHECK(open_store(std::shared_ptr<Store>()).error().code == ErrorCode::invalid_argument);
    }
}

}  // namespace
}  // namespace weir
