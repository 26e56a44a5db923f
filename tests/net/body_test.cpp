// SPDX-License-Identifier: MIT
#include "net/body.hpp"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace weir;
using namespace weir::net;

namespace {

Bytes text(const char* content) {
    return Bytes::from_string(content);
}

Bytes in_file(const std::string& content) {
    auto fd = std::shared_ptr<int>(new int(memfd_create("test", MFD_CLOEXEC)), [](int* held) {
        close(*held);
        delete held;
    });
    REQUIRE(write(*fd, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
    return Bytes::from_file(fd, 0, content.size());
}

std::string content(const Body& body) {
    return body.read().value();
}

}  // namespace

TEST_SUITE("net/body") {
    TEST_CASE("pieces in memory and in files are one sequence of bytes") {
        Body body;
        CHECK(body.size() == 0);
        CHECK(body.pieces().empty());
        body.append(text("abc"));
        CHECK(content(body) == "abc");
        body.append(Bytes());
        body.append(in_file("defg"));
        body.append(text("hi"));
        CHECK(content(body) == "abcdefghi");
        CHECK(body.size() == 9);
        CHECK(body.pieces().size() == 3);
        CHECK(body.read(2, 4).value() == "cdef");

        body.append(body);
        CHECK(content(body) == "abcdefghiabcdefghi");
        CHECK(content(Body({text("x"), Bytes(), text("y")})) == "xy");
        CHECK(content(Body(text("z"))) == "z");
        CHECK(Body(Bytes()).pieces().empty());
    }

    TEST_CASE("every slice has the bytes that the text has there") {
        const std::string whole = "abcdefghi";
        const Body several({text("abc"), in_file("defg"), text("hi")});
        const Body one = text(whole.c_str());
        for (std::size_t offset = 0; offset <= whole.size() + 1; ++offset) {
            for (std::size_t length = 0; length <= whole.size() + 1; ++length) {
                const auto expected = offset < whole.size() ? whole.substr(offset, length) : "";
                CHECK(content(several.slice(offset, length)) == expected);
                CHECK(several.slice(offset, length).size() == expected.size());
                CHECK(content(one.slice(offset, length)) == expected);
            }
        }
        CHECK(several.slice(4, 2).pieces().front().file() >= 0);
    }

    TEST_CASE("a copy shares the pieces, until one of the two is appended to") {
        Body first({text("a"), text("b")});
        Body second = first;
        CHECK(first.pieces().data() == second.pieces().data());
        second.append(text("c"));
        CHECK(content(first) == "ab");
        CHECK(content(second) == "abc");
        first.append(text("d"));
        CHECK(content(first) == "abd");
    }
}
