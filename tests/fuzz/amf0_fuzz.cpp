// SPDX-License-Identifier: MIT
// libFuzzer entry: any bytes may come as a command. What is read is bounded, and what can be
// written is read back the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "ingest/amf0.hpp"

namespace {

using weir::ingest::Amf0Reader;
using weir::ingest::Amf0Value;

int count(const Amf0Value& value, int depth) {
    if (depth > Amf0Reader::kMostDepth) std::abort();
    int values = 1;
    if (const auto* object = value.object()) {
        for (const auto& [name, member] : *object) values += count(member, depth + 1);
    }
    return values;
}

// A number that is none equals nothing.
bool is_plain(const Amf0Value& value) {
    if (const auto* number = value.number()) return *number == *number;
    const auto* object = value.object();
    if (!object) return true;
    for (const auto& [name, member] : *object) {
        if (!is_plain(member)) return false;
    }
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto values = weir::ingest::read_amf0(std::as_bytes(std::span(data, size)));
    if (!values) return 0;
    int total = 0;
    for (const auto& value : *values) {
        total += count(value, 0);
        if (!is_plain(value)) continue;
        const auto again = weir::ingest::read_amf0(weir::ingest::write_amf0({value}));
        if (!again || again->size() != 1 || !(again->front() == value)) std::abort();
    }
    if (total > Amf0Reader::kMostValues) std::abort();
    return 0;
}
