// SPDX-License-Identifier: MIT
// What others say about a URL, without what the URL has to keep to itself.
// Threads: pure functions.
#pragma once

#include <string>

namespace weir::ingest {

// `text` with "***" for every secret part of `url` (a stream's name is often its key), also where
// it stands alone or unescaped; it names the redacted URL.
std::string without_secrets(std::string text, const std::string& url);

}  // namespace weir::ingest
