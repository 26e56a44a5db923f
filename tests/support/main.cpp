// SPDX-License-Identifier: MIT
// The entry of every unit test: GStreamer first, since most layers above `media` need it.
// Threads: one.
#define DOCTEST_CONFIG_IMPLEMENT
#include <gst/gst.h>

#include <doctest/doctest.h>

int main(int argc, char** argv) {
    gst_init(nullptr, nullptr);
    doctest::Context context;
    context.setOption("no-intro", true);
    context.applyCommandLine(argc, argv);
    return context.run();
}
