// SPDX-License-Identifier: MIT
// libFuzzer entry: any bytes may come as a configuration. Nothing crashes, and what is accepted is
// written and read back as the same value.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

#include <weir/config.hpp>

namespace {

template <class T>
void round_trip(std::string_view text, weir::Parsed<T> (*from_json)(std::string_view)) {
    const weir::Parsed<T> first = from_json(text);
    if (const auto* problems = std::get_if<std::vector<weir::Problem>>(&first)) {
        if (problems->empty() || to_string(*problems).empty()) std::abort();
        return;
    }
    const T& value = std::get<T>(first);
    const weir::Parsed<T> second = from_json(to_json(value));
    if (!std::holds_alternative<T>(second) || !(std::get<T>(second) == value)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    round_trip(text, &weir::config_from_json);
    round_trip(text, &weir::channel_config_from_json);
    round_trip(text, &weir::origin_config_from_json);
    return 0;
}
