// SPDX-License-Identifier: MIT
#include "store/directory_store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <doctest/doctest.h>

#include "support/temporary_folder.hpp"

namespace weir::store {
namespace {

namespace fs = std::filesystem;

void write_file(const std::string& path, const std::string& content) {
    std::ofstream(path) << content;
}

std::string read_file(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

struct Fixture {
    test::TemporaryFolder folder;
    const std::string root = folder.path("recordings");
    std::shared_ptr<Store> store = open_directory_store({root}).value();

    void put(std::string_view key, std::string content) const {
        store->put(key, Bytes::from_string(std::move(content))).value();
    }
};

TEST_SUITE("store/directory_store") {
    TEST_CASE_FIXTURE(Fixture, "an object is the file of its name, readable for a web server") {
        put("news/p1/hls/index.m3u8", "#EXTM3U\n");
        const std::string path = root + "/news/p1/hls/index.m3u8";
        CHECK(read_file(path) == "#EXTM3U\n");
        const mode_t mask = ::umask(0);
        ::umask(mask);
        struct stat status {};
        REQUIRE(::stat(path.c_str(), &status) == 0);
        CHECK((status.st_mode & 0777) == (0666 & ~mask));
    }

    TEST_CASE("missing folders are made when it is opened") {
        const test::TemporaryFolder folder;
        CHECK(open_directory_store({folder.path("a/b/c")}));
        CHECK(fs::is_directory(folder.path("a/b/c")));
        CHECK(fs::is_empty(folder.path("a/b/c")));  // the write test leaves nothing
        CHECK(open_directory_store({folder.path("a/b/c/")}));
    }

    TEST_CASE_FIXTURE(Fixture, "what was put is there when it is opened again") {
        put("a/b", "content");
        store = open_directory_store({root}).value();
        CHECK(store->get("a/b").value().read().value() == "content");
    }

    TEST_CASE("a folder that cannot be made or written is an error that names it and the cause") {
        const test::TemporaryFolder folder;
        write_file(folder.path("file"), "");
        SUBCASE("below a file") {
            const auto opened = open_directory_store({folder.path("file/recordings")});
            REQUIRE_FALSE(opened);
            CHECK(opened.error().code == ErrorCode::invalid_argument);
            CHECK(opened.error().message == folder.path("file/recordings") + ": Not a directory");
        }
        SUBCASE("a file itself") {
            const auto opened = open_directory_store({folder.path("file")});
            REQUIRE_FALSE(opened);
            CHECK(opened.error().code == ErrorCode::invalid_argument);
            CHECK(opened.error().message == folder.path("file") + ": Not a directory");
        }
        SUBCASE("a system's folder") {
            const auto opened = open_directory_store({"/proc/weir"});
            REQUIRE_FALSE(opened);
            CHECK(opened.error().message.starts_with("/proc/weir: "));
        }
        SUBCASE("no path at all") {
            CHECK(open_directory_store({""}).error().code == ErrorCode::invalid_argument);
        }
        SUBCASE("without the right to write") {
            fs::create_directory(folder.path("locked"));
            fs::permissions(folder.path("locked"), fs::perms::owner_read | fs::perms::owner_exec);
            const auto opened = open_directory_store({folder.path("locked")});
            if (::geteuid() == 0) return;  // root may always
            REQUIRE_FALSE(opened);
            CHECK(opened.error().code == ErrorCode::unauthorized);
            CHECK(opened.error().message == folder.path("locked") + ": Permission denied");
        }
    }

    TEST_CASE_FIXTURE(Fixture, "folders that become empty go, the root stays") {
        put("a/b/c/1", "1");
        put("a/2", "2");
        store->remove("a/b/c/1").value();
        CHECK_FALSE(fs::exists(root + "/a/b"));
        CHECK(fs::exists(root + "/a/2"));
        store->remove("a/2").value();
        CHECK(fs::is_empty(root));
        CHECK(fs::is_directory(root));
        put("a/b/c/1", "again");
    }

    TEST_CASE_FIXTURE(Fixture, "list knows neither temporary files nor what is no key") {
        put("a/b", "content");
        write_file(root + "/a/~4711-0", "half a segment");
        write_file(root + "/a/with space", "");
        fs::create_directory(root + "/empty");
        REQUIRE(::mkfifo((root + "/a/pipe").c_str(), 0600) == 0);
        const auto list = store->list("").value();
        REQUIRE(list.size() == 1);
        CHECK(list[0].key == "a/b");
        CHECK(store->get("a/pipe").error().code == ErrorCode::not_found);
        CHECK(store->get("a").error().code == ErrorCode::not_found);
    }

    TEST_CASE_FIXTURE(Fixture, "temporary files of dead processes are removed when it is opened") {
        put("a/b", "content");
        write_file(root + "/a/~4711-12", "half a segment");
        write_file(root + "/~4711-13", "");
        write_file(root + "/~notes", "somebody else's");
        write_file(root + "/a/~4711-14", "being written");
        const int writer = ::open((root + "/a/~4711-14").c_str(), O_WRONLY | O_CLOEXEC);
        REQUIRE(writer >= 0);
        REQUIRE(::flock(writer, LOCK_EX) == 0);
        CHECK(open_directory_store({root}));
        CHECK_FALSE(fs::exists(root + "/a/~4711-12"));
        CHECK_FALSE(fs::exists(root + "/~4711-13"));
        CHECK(fs::exists(root + "/~notes"));
        CHECK(fs::exists(root + "/a/~4711-14"));
        CHECK(fs::exists(root + "/a/b"));
        ::close(writer);
    }

    TEST_CASE_FIXTURE(Fixture, "a failed put leaves nothing behind") {
        put("a/b", "content");
        CHECK(store->put("a/b/c", Bytes::from_string("x")).error().code ==
              ErrorCode::invalid_argument);
        CHECK(store->put("a", Bytes::from_string("x")).error().code == ErrorCode::invalid_argument);
        const auto refused = store->put(std::string(256, 'n'), Bytes::from_string("x"));
        REQUIRE_FALSE(refused);
        CHECK(refused.error().message ==
              root + '/' + std::string(256, 'n') + ": File name too long");
        std::size_t files = 0;
        for (const auto& entry : fs::recursive_directory_iterator(root)) {
            files += entry.is_regular_file();
        }
        CHECK(files == 1);
        CHECK(store->get("a/b").value().read().value() == "content");
    }

    TEST_CASE_FIXTURE(Fixture, "symbolic links do not lead out of the folder") {
        fs::create_directory(folder.path("outside"));
        write_file(folder.path("outside/secret"), "secret");
        fs::create_directory_symlink(folder.path("outside"), root + "/link");
        fs::create_symlink(folder.path("outside/secret"), root + "/file");
        for (const char* key : {"link/secret", "file", "link"}) {
            CAPTURE(key);
            CHECK(store->get(key).error().code == ErrorCode::not_found);
            CHECK(store->describe(key).error().code == ErrorCode::not_found);
            CHECK(store->remove(key).error().code == ErrorCode::not_found);
        }
        CHECK(store->list("").value().empty());
        CHECK(store->list("link/").value().empty());
        CHECK_FALSE(store->put("link/new", Bytes::from_string("x")));
        CHECK_FALSE(fs::exists(folder.path("outside/new")));
        CHECK(store->put("file", Bytes::from_string("own")));  // replaces the link itself
        CHECK(read_file(folder.path("outside/secret")) == "secret");
        CHECK(store->get("file").value().read().value() == "own");
    }

    TEST_CASE_FIXTURE(Fixture, "a folder that was deleted under it is an error, not a crash") {
        put("a/b", "content");
        fs::remove_all(root);
        CHECK(store->get("a/b").error().code == ErrorCode::not_found);
        CHECK(store->put("a/b", Bytes::from_string("x")).error().code == ErrorCode::io);
        CHECK(store->list("").value().empty());
    }

    TEST_CASE_FIXTURE(Fixture, "a relative path is meant from where it was opened") {
        const fs::path before = fs::current_path();
        fs::current_path(folder.path());
        const auto relative = open_directory_store({"recordings"}).value();
        fs::current_path(before);
        relative->put("a", Bytes::from_string("x")).value();
        CHECK(read_file(root + "/a") == "x");
    }
}

}  // namespace
}  // namespace weir::store
