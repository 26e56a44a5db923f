// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <string_view>
#include <thread>
#include <vector>

#include "base/log.hpp"

TEST_SUITE("base/log") {
    TEST_CASE("GStreamer is initialised once from any number of threads") {
        {
            std::vector<std::jthread> threads;
            for (int i = 0; i < 8; ++i) threads.emplace_back(weir::base::ensure_gst_initialised);
        }
        CHECK(gst_is_initialized());
        weir::base::ensure_gst_initialised();
        CHECK(gst_is_initialized());
    }

    TEST_CASE("a folder's category carries its name and takes GStreamer's log macros") {
        CHECK(std::string_view(gst_debug_category_get_name(GST_CAT_DEFAULT)) == "weir-base");
        CHECK(_gst_debug_get_category("weir-base") == GST_CAT_DEFAULT);
        GST_INFO("%s", "reached");
    }
}
