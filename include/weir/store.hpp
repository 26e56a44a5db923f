// SPDX-License-Identifier: MIT
/// @file
/// Where segments and manifests live.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <weir/bytes.hpp>
#include <weir/export.hpp>
#include <weir/result.hpp>

namespace weir {

/// What a Store knows about one object without reading it.
struct ObjectInfo {
    std::string key;
    std::uint64_t size_bytes = 0;
    std::chrono::system_clock::time_point modified;
};

/// A place for objects, each a key and immutable bytes. Five verbs; a host may write its own.
///
/// A key is a relative path: parts of letters, digits, '.', '_', '-' joined by '/', no part empty,
/// "." or "..", at most 1024 bytes (see is_valid_key). Every verb answers invalid_argument to
/// another key.
///
/// Threads: thread-safe; every verb may be called from several threads at once, and may block.
/// weir calls put, remove and list from its publishing threads, get and describe from its network
/// threads too.
class WEIR_API Store {
public:
    virtual ~Store() = default;

    /// Makes the object exist with these bytes, whole or not at all: a reader sees the former bytes
    /// or the new ones, never a part. Replaces a former object of that key.
    /// Errors: unavailable when the store is full or away, io when it failed.
    virtual Result<void> put(std::string_view key, const Bytes& bytes) = 0;

    /// The object's bytes. They stay readable while they are held, also after remove().
    /// Errors: not_found.
    virtual Result<Bytes> get(std::string_view key) = 0;

    /// Errors: not_found.
    virtual Result<ObjectInfo> describe(std::string_view key) = 0;

    /// Errors: not_found.
    virtual Result<void> remove(std::string_view key) = 0;

    /// The objects whose key begins with `prefix`, sorted by key. "" lists all.
    virtual Result<std::vector<ObjectInfo>> list(std::string_view prefix) = 0;
};

/// Whether `key` may name an object in any Store.
WEIR_API bool is_valid_key(std::string_view key);

/// Objects in this process's memory (one memfd, so the origin sends them without a copy).
/// At `max_bytes` a put answers unavailable.
struct MemoryStore {
    std::uint64_t max_bytes = 1024ULL * 1024 * 1024;
    friend bool operator==(const MemoryStore&, const MemoryStore&) = default;
};

/// Objects as files below the folder `path`, which is created when it is missing. Each put writes a
/// temporary file and renames it.
struct DirectoryStore {
    std::string path{};
    friend bool operator==(const DirectoryStore&, const DirectoryStore&) = default;
};

/// Which store a channel writes to: one of weir's, or the host's own.
using StoreConfig = std::variant<MemoryStore, DirectoryStore, std::shared_ptr<Store>>;

/// Opens the store that the configuration describes (the host's own store is returned as it is).
/// Errors: invalid_argument, io or unauthorized with "path: cause" when the folder cannot be
/// created or written.
WEIR_API Result<std::shared_ptr<Store>> open_store(const StoreConfig& config);

}  // namespace weir
