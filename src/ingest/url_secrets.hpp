// SPDX-License-Identifier: MIT
// What others say about a URL, without what the URL has to keep to itself.
// Threads: pure functions.
#pragma once

#include <string>

namespace weir::ingest {

// `text` with "***" for every secret part of `url` (a stream's name is often its key), also where
// it stands alone or unescaped; it names the redacted URL.
std::string without_secrets(std::string text, const std::string& url);

// `text` with "***" for `secret`, wherever it stands.
std::string without_secret(std::string text, const std::string& secret);

// `text` with every URL in it redacted, whosever it is.
std::string with_redacted_urls(const std::string& text);

}  // namespace weir::ingest
