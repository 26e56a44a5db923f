// SPDX-License-Identifier: MIT
#include "origin/static_files.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace weir;
using weir::origin::content_type_of;
using weir::origin::StaticFiles;

namespace fs = std::filesystem;

namespace {

// A folder with a public part and things outside it.
class Folder {
public:
    Folder() {
        std::string name = (fs::temp_directory_path() / "weir-static-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path_ = name;
        write("secret.txt", "secret");
        write("root/index.html", "<p>");
        write("root/player/index.html", "player");
        write("root/clip.ts", "0123456789");
        write("root/index.m3u8", "#EXTM3U\n");
        write("root/.hidden", "hidden");
        write("root/.git/config", "hidden");
    }
    ~Folder() { fs::remove_all(path_); }

    void write(const std::string& name, const std::string& content) const {
        fs::create_directories((path_ / name).parent_path());
        std::ofstream(path_ / name) << content;
    }
    [[nodiscard]] fs::path root() const { return path_ / "root"; }
    [[nodiscard]] StaticFiles open() const {
        auto files = StaticFiles::open(root().string());
        REQUIRE(files);
        return std::move(*files);
    }

private:
    fs::path path_;
};

net::HttpResponse get(const StaticFiles& files, std::string path, net::HttpFields fields = {},
                      std::string method = "GET") {
    return files.answer({.method = std::move(method), .path = std::move(path), .fields = fields});
}

std::string field(const net::HttpResponse& response, std::string_view name) {
    return net::HttpRequest{.fields = response.fields}.list_field(name);
}

}  // namespace

TEST_SUITE("origin/static_files") {
    TEST_CASE("a file is served from its descriptor with its type") {
        const Folder folder;
        const auto response = get(folder.open(), "/clip.ts");
        CHECK(response.status == 200);
        CHECK(response.body.pieces().front().file() >= 0);
        CHECK(response.body.read().value() == "0123456789");
        CHECK(field(response, "content-type") == "video/mp2t");
        CHECK(field(response, "cache-control") == "max-age=10");
        CHECK(field(response, "access-control-allow-origin") == "*");
        const auto part = get(folder.open(), "/clip.ts", {{"Range", "bytes=2-4"}});
        CHECK(part.status == 206);
        CHECK(part.body.read().value() == "234");
    }

    TEST_CASE("a path that ends in a slash is the index.html there") {
        const Folder folder;
        const StaticFiles files = folder.open();
        CHECK(get(files, "/").body.read().value() == "<p>");
        CHECK(field(get(files, "/"), "content-type") == "text/html; charset=utf-8");
        CHECK(get(files, "/player/").body.read().value() == "player");
    }

    TEST_CASE("folders, hidden files and what is no file are not there") {
        const Folder folder;
        fs::create_directory(folder.root() / "empty");
        REQUIRE(mkfifo((folder.root() / "fifo").c_str(), 0600) == 0);
        const StaticFiles files = folder.open();
        for (const char* path : {"/none", "/player", "/empty/", "/empty", "/.hidden",
                                 "/.git/config", "/.git/", "/clip.ts/", "/clip.ts/x", "/fifo"}) {
            CAPTURE(path);
            const auto response = get(files, path);
            CHECK(response.status == 404);
            CHECK(field(response, "cache-control") == "max-age=1");
        }
        CHECK(get(files, '/' + std::string(5000, 'x')).status == 404);
        CHECK(get(files, "/clip.ts", {}, "POST").status == 405);
        CHECK(get(files, "/none", {}, "OPTIONS").status == 204);
    }

    TEST_CASE("no link leads outside the folder") {
        const Folder folder;
        fs::create_symlink("../secret.txt", folder.root() / "relative.txt");
        fs::create_symlink(fs::absolute(folder.root() / "../secret.txt"),
                           folder.root() / "absolute.txt");
        fs::create_symlink("..", folder.root() / "up");
        fs::create_symlink("loop", folder.root() / "loop");
        const StaticFiles files = folder.open();
        for (const char* path : {"/relative.txt", "/absolute.txt", "/up/secret.txt", "/loop",
                                 "/../secret.txt", "/player/../../secret.txt", "//etc/passwd"}) {
            CAPTURE(path);
            CHECK(get(files, path).status == 404);
        }
    }

    TEST_CASE("the tag changes with the content, and a client that has it gets 304") {
        const Folder folder;
        const StaticFiles files = folder.open();
        const auto before = get(files, "/clip.ts");
        const std::string etag = field(before, "etag");
        CHECK(etag.size() > 10);
        CHECK(get(files, "/clip.ts", {{"If-None-Match", etag}}).status == 304);
        CHECK(get(files, "/clip.ts", {{"If-Modified-Since", field(before, "last-modified")}})
                  .status == 304);
        folder.write("root/clip.ts", "01234567890");
        CHECK(field(get(files, "/clip.ts"), "etag") != etag);
        CHECK(before.body.pieces().front().file() >= 0);
    }

    TEST_CASE("playlists are compressed, media is not") {
        const Folder folder;
        const net::HttpFields gzip = {{"Accept-Encoding", "gzip"}};
        CHECK(field(get(folder.open(), "/index.m3u8", gzip), "content-encoding") == "gzip");
        CHECK(field(get(folder.open(), "/clip.ts", gzip), "content-encoding").empty());
    }

    TEST_CASE("the type is that of the last suffix, whatever its case") {
        CHECK(content_type_of("a/b.m3u8") == "application/vnd.apple.mpegurl");
        CHECK(content_type_of("B.MP4") == "video/mp4");
        CHECK(content_type_of("a.js") == "text/javascript; charset=utf-8");
        CHECK(content_type_of("a.min.css") == "text/css; charset=utf-8");
        CHECK(content_type_of("a.m4s") == "video/iso.segment");
        CHECK(content_type_of("a.svg") == "image/svg+xml");
        CHECK(content_type_of("a.unknown") == "application/octet-stream");
        CHECK(content_type_of("html") == "application/octet-stream");
        CHECK(content_type_of("a.html/b") == "application/octet-stream");
    }

    TEST_CASE("a folder that is not there is an error with the cause") {
        const auto files = StaticFiles::open("/no/such/folder");
        REQUIRE_FALSE(files);
        CHECK(files.error() ==
              Error{ErrorCode::not_found, "/no/such/folder: No such file or directory"});
    }
}
