// SPDX-License-Identifier: MIT
// Media files for tests, made by ffmpeg when they are asked for.
// Threads: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace weir::test {

// Runs ffmpeg with `arguments` and `file` as its output.
inline void make_clip(const std::string& file, const std::string& arguments) {
    const std::string command = "ffmpeg -nostdin -v error -y " + arguments + " '" + file + "'";
    if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
}

inline std::vector<std::byte> read_bytes(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(stream), {});
    std::vector<std::byte> bytes;
    bytes.reserve(text.size());
    for (const char c : text) bytes.push_back(static_cast<std::byte>(c));
    return bytes;
}

inline void write_text(const std::string& file, const std::string& text) {
    std::ofstream(file, std::ios::binary) << text;
}

}  // namespace weir::test
