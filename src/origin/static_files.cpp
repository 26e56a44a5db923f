// SPDX-License-Identifier: MIT
#include "origin/static_files.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "net/http_semantics.hpp"

namespace weir::origin {

namespace {

constexpr std::uint64_t kMostCompressed = 1024 * 1024;
// O_NONBLOCK: opening a FIFO must not wait for its other end.
constexpr int kOpenFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

std::shared_ptr<const int> own(int fd) {
    return {new int(fd), [](const int* held) {
                if (*held >= 0) close(*held);
                delete held;
            }};
}

// For kernels without openat2 (before 5.6, or hidden by a sandbox): part by part, through no link
// at all, which is stricter than need be but safe.
std::shared_ptr<const int> open_by_parts(std::shared_ptr<const int> folder, std::string_view path) {
    while (*folder >= 0) {
        const std::size_t end = path.find('/');
        const std::string part(path.substr(0, end));
        const int more = end == std::string_view::npos ? 0 : O_DIRECTORY;
        folder = own(openat(*folder, part.c_str(), kOpenFlags | O_NOFOLLOW | more));
        if (end == std::string_view::npos) break;
        path.remove_prefix(end + 1);
    }
    return folder;
}

// Opens `path` below the folder; links are followed as long as they stay inside. *result < 0 and
// errno on failure.
std::shared_ptr<const int> open_beneath(const std::shared_ptr<const int>& folder,
                                        const std::string& path) {
    open_how how{};
    how.flags = kOpenFlags;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    const long fd = syscall(SYS_openat2, *folder, path.c_str(), &how, sizeof(how));
    if (fd < 0 && (errno == ENOSYS || errno == EPERM)) return open_by_parts(folder, path);
    return own(static_cast<int>(fd));
}

// Names that begin with a dot are not meant for the public: .git, .htpasswd.
bool has_hidden_part(std::string_view path) {
    return path.find("/.") != std::string_view::npos;
}

std::string etag_of(const struct stat& info) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "\"%llx%08lx-%llx\"",
                  static_cast<unsigned long long>(info.st_mtim.tv_sec),
                  static_cast<unsigned long>(info.st_mtim.tv_nsec),
                  static_cast<unsigned long long>(info.st_size));
    return text.data();
}

net::HttpResponse not_opened(int number) {
    if (number == EMFILE || number == ENFILE || number == ENOMEM) {
        return net::error_response(503, "too many files are open");
    }
    // Whatever else is wrong with it, there is nothing to be had there; the reason is not public.
    return net::error_response(404, "there is nothing here");
}

}  // namespace

std::string_view content_type_of(std::string_view path) {
    using Entry = std::pair<std::string_view, std::string_view>;
    static constexpr std::array<Entry, 25> kTypes = {{
        {"aac", "audio/aac"},
        {"css", "text/css; charset=utf-8"},
        {"gif", "image/gif"},
        {"htm", "text/html; charset=utf-8"},
        {"html", "text/html; charset=utf-8"},
        {"ico", "image/vnd.microsoft.icon"},
        {"jpeg", "image/jpeg"},
        {"jpg", "image/jpeg"},
        {"js", "text/javascript; charset=utf-8"},
        {"json", "application/json"},
        {"m3u8", "application/vnd.apple.mpegurl"},
        {"m4a", "audio/mp4"},
        {"m4s", "video/iso.segment"},
        {"m4v", "video/mp4"},
        {"map", "application/json"},
        {"mjs", "text/javascript; charset=utf-8"},
        {"mp4", "video/mp4"},
        {"mpd", "application/dash+xml"},
        {"png", "image/png"},
        {"svg", "image/svg+xml"},
        {"ts", "video/mp2t"},
        {"txt", "text/plain; charset=utf-8"},
        {"vtt", "text/vtt; charset=utf-8"},
        {"wasm", "application/wasm"},
        {"webp", "image/webp"},
    }};
    const std::string_view name = path.substr(path.rfind('/') + 1);
    const std::size_t dot = name.rfind('.');
    if (dot != std::string_view::npos) {
        for (const auto& [suffix, type] : kTypes) {
            if (net::equals_ignoring_case(name.substr(dot + 1), suffix)) return type;
        }
    }
    return "application/octet-stream";
}

Result<StaticFiles> StaticFiles::open(const std::string& folder) {
    auto root = own(::open(folder.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY));
    if (*root >= 0) return StaticFiles(std::move(root));
    const int number = errno;
    ErrorCode code = ErrorCode::io;
    if (number == ENOENT || number == ENOTDIR) code = ErrorCode::not_found;
    if (number == EACCES) code = ErrorCode::unauthorized;
    return Error{code, std::generic_category().message(number)}.in(folder);
}

net::HttpResponse StaticFiles::answer(const net::HttpRequest& request) const {
    if (auto response = net::answer_by_method(request)) return std::move(*response);
    if (has_hidden_part(request.path)) return not_opened(ENOENT);
    std::string path = request.path.substr(1);
    if (request.path.ends_with('/')) path += "index.html";

    const auto file = open_beneath(root_, path);
    if (*file < 0) return not_opened(errno);
    struct stat info {};
    if (fstat(*file, &info) != 0 || !S_ISREG(info.st_mode)) return not_opened(ENOENT);

    const std::string_view type = content_type_of(path);
    const auto size = static_cast<std::uint64_t>(info.st_size);
    const bool is_playlist =
        type == "application/vnd.apple.mpegurl" || type == "application/dash+xml";
    return net::answer(request,
                       {.content_type = std::string(type),
                        .cache_control = "max-age=10",
                        .etag = etag_of(info),
                        .last_modified = net::HttpTime(std::chrono::seconds(info.st_mtim.tv_sec)),
                        .body = Bytes::from_file(file, 0, size),
                        .compress = is_playlist && size <= kMostCompressed});
}

}  // namespace weir::origin
