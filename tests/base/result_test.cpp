// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <set>
#include <string>

#include <weir/result.hpp>

using weir::Error;
using weir::ErrorCode;
using weir::Result;

namespace {

// What `action` prints on stderr, and how its process ends.
struct Ending {
    std::string printed;
    int signal = 0;
};

template <class Action>
Ending run_in_child(Action action) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        std::signal(SIGABRT, SIG_DFL);  // not doctest's
        dup2(ends[1], STDERR_FILENO);
        action();
        _exit(0);
    }
    close(ends[1]);
    Ending ending;
    char buffer[256];
    for (ssize_t count = 0; (count = read(ends[0], buffer, sizeof buffer)) > 0;) {
        ending.printed.append(buffer, static_cast<std::size_t>(count));
    }
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) ending.signal = WTERMSIG(status);
    return ending;
}

Result<std::unique_ptr<int>> make(bool good) {
    if (!good) return Error{ErrorCode::not_found, "clip.mp4: No such file or directory"};
    return std::make_unique<int>(5);
}

}  // namespace

TEST_SUITE("base/result") {
    TEST_CASE("every error code has a name of its own") {
        std::set<std::string_view> names;
        for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code) {
            names.insert(to_string(static_cast<ErrorCode>(code)));
        }
        CHECK(names.size() == 10);
        CHECK(names.count("unknown") == 0);
        CHECK(to_string(ErrorCode::not_found) == "not_found");
        CHECK(to_string(ErrorCode::io) == "io");
        CHECK(to_string(static_cast<ErrorCode>(99)) == "unknown");
    }

    TEST_CASE("an error gets longer from the inside out") {
        const Error error{ErrorCode::io, "disk full"};
        CHECK(error.in("store").in("channel \"news\"") ==
              Error{ErrorCode::io, "channel \"news\": store: disk full"});
    }

    TEST_CASE("a result holds a value that can be moved out") {
        auto result = make(true);
        REQUIRE(result.has_value());
        const std::unique_ptr<int> value = std::move(result).value();
        CHECK(*value == 5);
    }

    TEST_CASE("a result holds an error") {
        const auto result = make(false);
        CHECK_FALSE(result.has_value());
        CHECK(result.error().code == ErrorCode::not_found);
        CHECK(Result<int>(result.error()).value_or(7) == 7);
        CHECK(Result<int>(3).value_or(7) == 3);
    }

    TEST_CASE("a result without a value is a success by default") {
        CHECK(Result<void>().has_value());
        CHECK_FALSE(Result<void>(Error{}).has_value());
    }

    TEST_CASE("value() of an error says what it is and aborts") {
        const Ending of_value = run_in_child([] { (void)make(false).value(); });
        CHECK(of_value.signal == SIGABRT);
        CHECK(of_value.printed.find("not_found: clip.mp4: No such file") != std::string::npos);

        const Ending of_nothing = run_in_child([] {
            Result<void>(Error{ErrorCode::timed_out, "encoder"}).value();
        });
        CHECK(of_nothing.signal == SIGABRT);
        CHECK(of_nothing.printed.find("timed_out: encoder") != std::string::npos);
    }
}
