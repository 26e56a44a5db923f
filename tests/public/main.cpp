// SPDX-License-Identifier: MIT
// Links all the headers' units together: a definition that lacks `inline` is a linker error here.
// Threads: one.
#include <cstdio>

#include <weir/weir.hpp>

int main() {
    const auto parsed = weir::config_from_json("{}");
    std::printf("a host links the library: %s\n",
                parsed.index() == 0 ? "an empty configuration is taken" : "problems are listed");
    return 0;
}
