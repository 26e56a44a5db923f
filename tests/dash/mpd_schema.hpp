// SPDX-License-Identifier: MIT
// Checks manifests against the schema of ISO/IEC 23009-1, where there is one: WEIR_DASH_SCHEMA
// names the DASH-MPD.xsd, with what it imports beside it, and xmllint is installed. The schema may
// not be distributed with weir. Threads: as a value.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "support/temporary_folder.hpp"

namespace weir::dash {

class Schema {
public:
    Schema() {
        const char* schema = std::getenv("WEIR_DASH_SCHEMA");
        if (schema != nullptr && std::filesystem::exists("/usr/bin/xmllint")) schema_ = schema;
    }
    Schema(const Schema&) = delete;
    Schema& operator=(const Schema&) = delete;

    // All at once: a process for each would take minutes.
    ~Schema() {
        if (schema_.empty() || count_ == 0) return;
        const std::string folder = folder_.path();
        const std::string command =
            "cd '" + folder + "' && find . -name '*.mpd' -print0 | xargs -0 " +
            "/usr/bin/xmllint --noout --schema '" + schema_ + "' >xmllint.log 2>&1";
        const int result = std::system(command.c_str());
        std::ifstream log(folder + "/xmllint.log");
        std::string problems;
        for (std::string line; problems.size() < 5000 && std::getline(log, line);) {
            if (!line.ends_with(" validates")) problems += line + '\n';
        }
        CAPTURE(problems);
        CHECK(result == 0);
    }

    void check(const std::string& mpd) {
        if (schema_.empty()) return;
        std::ofstream(folder_.path(std::to_string(count_++) + ".mpd")) << mpd;
    }

private:
    std::string schema_;
    test::TemporaryFolder folder_;
    int count_ = 0;
};

}  // namespace weir::dash
