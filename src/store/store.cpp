// SPDX-License-Identifier: MIT
#include <weir/store.hpp>

#include <algorithm>

#include "store/directory_store.hpp"
#include "store/memory_store.hpp"

namespace weir {
namespace {

// Not isalnum(): keys do not depend on the process's locale.
bool is_key_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

bool is_key_part(std::string_view part) {
    return !part.empty() && part != "." && part != ".." &&
           std::all_of(part.begin(), part.end(), is_key_character);
}

}  // namespace

bool is_valid_key(std::string_view key) {
    constexpr std::size_t kMaxLength = 1024;
    if (key.size() > kMaxLength) return false;
    for (std::size_t slash = key.find('/'); slash != key.npos; slash = key.find('/')) {
        if (!is_key_part(key.substr(0, slash))) return false;
        key.remove_prefix(slash + 1);
    }
    return is_key_part(key);
}

Result<std::shared_ptr<Store>> open_store(const StoreConfig& config) {
    if (const auto* memory = std::get_if<MemoryStore>(&config)) {
        return store::open_memory_store(*memory);
    }
    if (const auto* directory = std::get_if<DirectoryStore>(&config)) {
        return store::open_directory_store(*directory);
    }
    const auto& host = std::get<std::shared_ptr<Store>>(config);
    if (!host) return Error{ErrorCode::invalid_argument, "the host's store is null"};
    return host;
}

}  // namespace weir
