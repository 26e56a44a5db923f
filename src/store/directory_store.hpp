// SPDX-License-Identifier: MIT
// Objects as files: the key is the path below a folder, so any web server can serve them.
//
// A put writes a temporary file in the object's own folder and renames it, so it survives the death
// of the process whole or not at all; it is not synchronised to the disk, so the newest objects may
// be lost with the machine's power. Symbolic links below the folder are never followed.
// Threads: the Store is thread-safe; several processes may use one folder.
#pragma once

#include <memory>

#include <weir/store.hpp>

namespace weir::store {

// Creates the folder, tries to write in it and removes temporary files that dead processes left.
// Errors: as open_store().
Result<std::shared_ptr<Store>> open_directory_store(const DirectoryStore& config);

}  // namespace weir::store
