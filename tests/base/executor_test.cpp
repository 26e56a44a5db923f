// SPDX-License-Identifier: MIT
#include "base/executor.hpp"

#include <doctest/doctest.h>

#include <future>
#include <vector>

using namespace std::chrono_literals;
using weir::base::Executor;

TEST_SUITE("base/executor") {
    TEST_CASE("tasks run in the order in which they were posted, on one thread") {
        Executor executor;
        std::vector<int> order;
        CHECK_FALSE(executor.is_current());
        for (int i = 0; i < 1000; ++i) {
            executor.post([&, i] {
                CHECK(executor.is_current());
                order.push_back(i);
            });
        }
        executor.run([&] { order.push_back(1000); });
        REQUIRE(order.size() == 1001);
        for (int i = 0; i <= 1000; ++i) CHECK(order[std::size_t(i)] == i);
    }

    TEST_CASE("run() in a task runs in place") {
        Executor executor;
        bool inner = false;
        executor.run([&] { executor.run([&] { inner = true; }); });
        CHECK(inner);
    }

    TEST_CASE("a delayed task runs, unless its owner is gone") {
        Executor executor;
        const auto alive = std::make_shared<int>(0);
        auto gone = std::make_shared<int>(0);
        std::promise<void> ran;
        bool late = false;
        executor.post_after(1ms, gone, [&] { late = true; });
        gone.reset();
        executor.post_after(20ms, alive, [&] { ran.set_value(); });
        ran.get_future().wait();
        CHECK_FALSE(late);
    }

    TEST_CASE("its destructor runs what was posted before") {
        int count = 0;
        {
            Executor executor;
            for (int i = 0; i < 100; ++i) executor.post([&] { ++count; });
        }
        CHECK(count == 100);
    }

    TEST_CASE("the control executor is one for the whole process") {
        const auto first = Executor::control();
        CHECK(Executor::control() == first);
    }
}
