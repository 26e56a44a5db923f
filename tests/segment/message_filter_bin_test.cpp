// SPDX-License-Identifier: MIT
#include "segment/message_filter_bin.hpp"

#include <doctest/doctest.h>

#include <memory>

using namespace weir;

TEST_SUITE("segment/message_filter_bin") {
    TEST_CASE("what the filter names goes no further, and the filter goes with the bin") {
        const auto alive = std::make_shared<int>(0);
        {
            auto bin = segment::make_message_filter_bin([alive](GstMessage* message) {
                ++*alive;
                return GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING;
            });
            GstElement* child = gst_element_factory_make("fakesink", nullptr);
            gst_bin_add(GST_BIN(bin.get()), child);
            const auto bus = base::adopt_object(gst_bus_new());
            gst_element_set_bus(bin.get(), bus.get());
            GstObject* from = GST_OBJECT(child);
            GError* why = g_error_new_literal(GST_CORE_ERROR, GST_CORE_ERROR_FAILED, "why");
            gst_element_post_message(child, gst_message_new_warning(from, why, nullptr));
            gst_element_post_message(child, gst_message_new_error(from, why, nullptr));
            g_error_free(why);
            const auto first = base::adopt_mini(gst_bus_pop(bus.get()));
            REQUIRE(first);
            CHECK(GST_MESSAGE_TYPE(first.get()) == GST_MESSAGE_ERROR);
            CHECK_FALSE(base::adopt_mini(gst_bus_pop(bus.get())));
            CHECK(*alive == 2);
            gst_element_set_bus(bin.get(), nullptr);
        }
        CHECK(alive.use_count() == 1);
    }
}
