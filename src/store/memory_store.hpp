// SPDX-License-Identifier: MIT
// Objects in one memfd: no copy to send them, and the memory of a removed object goes back to the
// system at once.
// Threads: the Store is thread-safe.
#pragma once

#include <memory>

#include <weir/store.hpp>

namespace weir::store {

// Errors: unavailable when the system gives no memory file.
Result<std::shared_ptr<Store>> open_memory_store(const MemoryStore& config);

}  // namespace weir::store
