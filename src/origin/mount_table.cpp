// SPDX-License-Identifier: MIT
#include "origin/mount_table.hpp"

#include <algorithm>

namespace weir::origin {

namespace {

bool is_part(std::string_view part) {
    constexpr std::string_view kAllowed =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return !part.empty() && part != "." && part != ".." &&
           part.find_first_not_of(kAllowed) == std::string_view::npos;
}

bool is_mount_path(std::string_view path) {
    if (path.empty()) return false;
    while (!path.empty()) {
        if (path[0] != '/') return false;
        path.remove_prefix(1);
        const std::size_t end = std::min(path.find('/'), path.size());
        if (!is_part(path.substr(0, end))) return false;
        path.remove_prefix(end);
    }
    return true;
}

// Whether `path` is `folder` or lies in it.
bool is_within(std::string_view path, std::string_view folder) {
    return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

std::string in_quotes(std::string_view path) {
    return '"' + std::string(path) + '"';
}

}  // namespace

Result<void> MountTable::mount(std::string path, std::shared_ptr<Endpoint> endpoint) {
    if (!is_mount_path(path)) {
        return Error{ErrorCode::invalid_argument,
                     "mount " + in_quotes(path) +
                         ": must be '/' and parts of letters, digits, '.', '_', '-', as \"/news\""};
    }
    const std::lock_guard lock(mutex_);
    for (const auto& [taken, unused] : endpoints_) {
        if (taken == path) {
            return Error{ErrorCode::already_exists, "mount " + in_quotes(path) + ": is in use"};
        }
        if (is_within(path, taken) || is_within(taken, path)) {
            return Error{ErrorCode::invalid_argument,
                         "mount " + in_quotes(path) + ": one of it and " + in_quotes(taken) +
                             ", which is in use, lies inside the other"};
        }
    }
    endpoints_.emplace(std::move(path), std::move(endpoint));
    return {};
}

Result<void> MountTable::unmount(std::string_view path) {
    std::shared_ptr<Endpoint> last;  // destroyed after the lock is gone: it may be slow
    const std::lock_guard lock(mutex_);
    const auto found = endpoints_.find(path);
    if (found == endpoints_.end()) {
        return Error{ErrorCode::not_found,
                     "unmount " + in_quotes(path) + ": nothing is mounted there"};
    }
    last = std::move(found->second);
    endpoints_.erase(found);
    return {};
}

MountTable::Match MountTable::find(std::string_view path) const {
    const std::lock_guard lock(mutex_);
    // As mounts do not nest, at most one of the folders above the path is one.
    for (std::size_t end = path.find('/', 1); !path.empty(); end = path.find('/', end + 1)) {
        const std::string_view folder = path.substr(0, end);
        if (const auto found = endpoints_.find(folder); found != endpoints_.end()) {
            return {found->second, path.substr(std::min(folder.size() + 1, path.size()))};
        }
        if (end == std::string_view::npos) break;
    }
    return {};
}

}  // namespace weir::origin
