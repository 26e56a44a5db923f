// SPDX-License-Identifier: MIT
// Which endpoint answers for which path.
// Threads: thread-safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include <weir/result.hpp>

#include "origin/endpoint.hpp"

namespace weir::origin {

class MountTable {
public:
    // `path` is "/" and parts of letters, digits, '.', '_', '-', joined by '/'; no mount lies
    // inside another. Errors: invalid_argument, already_exists.
    Result<void> mount(std::string path, std::shared_ptr<Endpoint> endpoint);

    // Requests that found the endpoint before may still be with it. Errors: not_found.
    Result<void> unmount(std::string_view path);

    struct Match {
        std::shared_ptr<Endpoint> endpoint;  // null: nothing is mounted there
        std::string_view rest;               // of the path asked for, without the leading '/'
    };
    [[nodiscard]] Match find(std::string_view path) const;

private:
    mutable std::mutex mutex_;
    std::map<std::string, std::shared_ptr<Endpoint>, std::less<>> endpoints_;  // guarded by mutex_
};

}  // namespace weir::origin
