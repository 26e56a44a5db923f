// SPDX-License-Identifier: MIT
// Serves the files below one folder: a player page, a finished recording. No listings, no hidden
// files, nothing outside the folder whatever the links say.
//
// Threads: thread-safe; reads the disk on the calling thread, as sendfile does too.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <weir/result.hpp>

#include "net/http_message.hpp"

namespace weir::origin {

class StaticFiles {
public:
    // Errors: not_found, unauthorized or io with "folder: cause".
    static Result<StaticFiles> open(const std::string& folder);

    // A path that ends in '/' means the index.html there.
    [[nodiscard]] net::HttpResponse answer(const net::HttpRequest& request) const;

private:
    explicit StaticFiles(std::shared_ptr<const int> root) : root_(std::move(root)) {}

    std::shared_ptr<const int> root_;  // open descriptor of the folder
};

// By the suffix of the name; application/octet-stream for one that is not known.
std::string_view content_type_of(std::string_view path);

}  // namespace weir::origin
