// SPDX-License-Identifier: MIT
// Folders and files below one folder, by descriptor and name, without ever following a link.
// Threads: reentrant. Errors: as posix_error(); the message is the cause.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <weir/result.hpp>

#include "store/descriptor.hpp"

namespace weir::store {

// The folder `parts` below `root`; makes what is missing when `create` is set.
Result<Descriptor> open_folder(int root, std::span<const std::string> parts, bool create);

// Opens a regular file for reading. Anything else is not_found.
Result<Descriptor> open_file(int folder, const std::string& name);

// A new file, locked while it is open. Its name can never be a key's: it begins with '~'.
struct TemporaryFile {
    Descriptor descriptor;
    std::string name;
};
Result<TemporaryFile> create_temporary_file(int folder);

// Removes it when it is a temporary file that no process has open.
void remove_if_abandoned(int folder, const std::string& name);

// Calls `visit` for every regular file in the folder and below, in no order. `path` is its path
// below the folder with `prefix` in front, `name` the last part of it.
using Visit = std::function<void(int folder, const std::string& name, const std::string& path,
                                 const struct stat& status)>;
Result<void> visit_files(int folder, const std::string& prefix, const Visit& visit);

}  // namespace weir::store
