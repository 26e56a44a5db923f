// SPDX-License-Identifier: MIT
#include "store/folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <memory>

#include "store/posix.hpp"

namespace weir::store {
namespace {

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

// "~<process>-<count>". The process id only makes the name likely to be new; whether the writer is
// alive is told by the lock, as ids come again and differ between containers.
std::string temporary_name() {
    static std::atomic<std::uint64_t> count = 0;
    return '~' + std::to_string(::getpid()) + '-' + std::to_string(count++);
}

bool is_temporary_name(std::string_view name) {
    return name.size() > 1 && name.front() == '~' &&
           std::all_of(name.begin() + 1, name.end(),
                       [](char c) { return (c >= '0' && c <= '9') || c == '-'; });
}

// Whether the name still leads to a file: another process may have taken it for abandoned between
// its creation and its lock.
bool is_linked(int file) {
    struct stat status {};
    return ::fstat(file, &status) == 0 && status.st_nlink > 0;
}

}  // namespace

Result<Descriptor> open_folder(int root, std::span<const std::string> parts, bool create) {
    Descriptor folder(::openat(root, ".", kFolderFlags));
    for (const std::string& part : parts) {
        if (!folder) break;
        if (create && ::mkdirat(folder.get(), part.c_str(), 0777) != 0 && errno != EEXIST) {
            return posix_error(errno);
        }
        folder = Descriptor(::openat(folder.get(), part.c_str(), kFolderFlags));
    }
    if (!folder) return posix_error(errno);
    return folder;
}

Result<Descriptor> open_file(int folder, const std::string& name) {
    // O_NONBLOCK: somebody may have put a named pipe there.
    Descriptor file(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file) return posix_error(errno);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return posix_error(errno);
    if (!S_ISREG(status.st_mode)) return posix_error(ENOENT);
    return file;
}

Result<TemporaryFile> create_temporary_file(int folder) {
    for (;;) {
        std::string name = temporary_name();
        Descriptor file(
            ::openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
        if (!file && errno == EEXIST) continue;
        if (!file) return posix_error(errno);
        const bool locked = ::flock(file.get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
        if (!locked || !is_linked(file.get())) continue;
        return TemporaryFile{std::move(file), std::move(name)};
    }
}

void remove_if_abandoned(int folder, const std::string& name) {
    if (!is_temporary_name(name)) return;
    const Result<Descriptor> file = open_file(folder, name);
    if (file && ::flock(file->get(), LOCK_EX | LOCK_NB) == 0) ::unlinkat(folder, name.c_str(), 0);
}

Result<void> visit_files(int folder, const std::string& prefix, const Visit& visit) {
    // A second description: reading moves the position of the first.
    const int again = ::openat(folder, ".", kFolderFlags);
    if (again < 0) return posix_error(errno);
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(again), &::closedir);
    if (!entries) {
        const int cause = errno;
        ::close(again);
        return posix_error(cause);
    }
    while (const dirent* entry = ::readdir(entries.get())) {
        const std::string name = entry->d_name;
        if (name == "." || name == "..") continue;
        struct stat status {};
        if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
        if (S_ISREG(status.st_mode)) visit(folder, name, prefix + name, status);
        if (!S_ISDIR(status.st_mode)) continue;
        const Descriptor below(::openat(folder, name.c_str(), kFolderFlags));
        if (!below && errno == ENOENT) continue;  // removed meanwhile
        if (!below) return posix_error(errno).in(prefix + name);
        const auto visited = visit_files(below.get(), prefix + name + '/', visit);
        if (!visited) return visited;
    }
    return {};
}

}  // namespace weir::store
