// SPDX-License-Identifier: MIT
#include "store/directory_store.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "store/descriptor.hpp"
#include "store/folder.hpp"
#include "store/posix.hpp"

namespace weir::store {
namespace {

using std::chrono::system_clock;

std::vector<std::string> split(std::string_view key) {
    std::vector<std::string> parts;
    for (std::size_t slash = key.find('/'); slash != key.npos; slash = key.find('/')) {
        parts.emplace_back(key.substr(0, slash));
        key.remove_prefix(slash + 1);
    }
    parts.emplace_back(key);
    return parts;
}

ObjectInfo info(std::string key, const struct stat& status) {
    const auto modified = std::chrono::seconds(status.st_mtim.tv_sec) +
                          std::chrono::nanoseconds(status.st_mtim.tv_nsec);
    return {std::move(key), static_cast<std::uint64_t>(status.st_size),
            system_clock::time_point(std::chrono::duration_cast<system_clock::duration>(modified))};
}

class DirectoryStoreImpl final : public Store {
public:
    DirectoryStoreImpl(std::string path, Descriptor root)
        : path_(std::move(path)), root_(std::move(root)) {}

    Result<void> put(std::string_view key, const Bytes& bytes) override {
        if (!is_valid_key(key)) return bad_key(key);
        const auto parts = split(key);
        // A folder that became empty may be removed before the file is in it: once more.
        constexpr int kAttempts = 100;
        Result<void> done;
        for (int i = 0; i < kAttempts; ++i) {
            done = put_once(parts, bytes);
            if (done || done.error().code != ErrorCode::not_found) break;
        }
        if (done) return {};
        return at(key, done.error().code == ErrorCode::not_found
                           ? Error{ErrorCode::io, done.error().message}
                           : done.error());
    }

    Result<Bytes> get(std::string_view key) override {
        if (!is_valid_key(key)) return bad_key(key);
        const auto parts = split(key);
        const auto folder = open_folder(root_.get(), folder_of(parts), false);
        if (!folder) return absent(key, folder.error());
        auto file = open_file(folder->get(), parts.back());
        if (!file) return absent(key, file.error());
        struct stat status {};
        if (::fstat(file->get(), &status) != 0) return at(key, posix_error(errno));
        return Bytes::from_file(Descriptor::share(std::move(*file)), 0,
                                static_cast<std::uint64_t>(status.st_size));
    }

    Result<ObjectInfo> describe(std::string_view key) override {
        if (!is_valid_key(key)) return bad_key(key);
        const auto parts = split(key);
        const auto folder = open_folder(root_.get(), folder_of(parts), false);
        if (!folder) return absent(key, folder.error());
        struct stat status {};
        if (::fstatat(folder->get(), parts.back().c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
            return absent(key, posix_error(errno));
        }
        if (!S_ISREG(status.st_mode)) return absent(key, posix_error(ENOENT));
        return info(std::string(key), status);
    }

    Result<void> remove(std::string_view key) override {
        const auto found = describe(key);
        if (!found) return found.error();
        const auto parts = split(key);
        const auto folder = open_folder(root_.get(), folder_of(parts), false);
        if (!folder) return absent(key, folder.error());
        if (::unlinkat(folder->get(), parts.back().c_str(), 0) != 0) {
            return absent(key, posix_error(errno));
        }
        remove_empty_folders(parts);
        return {};
    }

    Result<std::vector<ObjectInfo>> list(std::string_view prefix) override {
        std::vector<ObjectInfo> infos;
        // Only the folder that the prefix names: a channel's list does not read all the others'.
        const std::string_view folder_key = prefix.substr(0, prefix.rfind('/') + 1);
        std::vector<std::string> parts;
        if (!folder_key.empty()) {
            const auto name = folder_key.substr(0, folder_key.size() - 1);
            if (!is_valid_key(name)) return infos;
            parts = split(name);
        }
        const auto folder = open_folder(root_.get(), parts, false);
        if (!folder && is_absence(folder.error())) return infos;
        if (!folder) return folder.error().in(path_);
        const auto visited = visit_files(
            folder->get(), std::string(folder_key),
            [&](int, const std::string&, const std::string& path, const struct stat& status) {
                if (path.starts_with(prefix) && is_valid_key(path)) {
                    infos.push_back(info(path, status));
                }
            });
        if (!visited) return visited.error().in(path_);
        std::sort(infos.begin(), infos.end(),
                  [](const ObjectInfo& a, const ObjectInfo& b) { return a.key < b.key; });
        return infos;
    }

private:
    static std::span<const std::string> folder_of(std::span<const std::string> parts) {
        return parts.first(parts.size() - 1);
    }

    // A link, or a part of the path that is a file, is as good as nothing.
    static bool is_absence(const Error& error) {
        return error.code == ErrorCode::not_found || error.code == ErrorCode::invalid_argument;
    }

    static Error bad_key(std::string_view key) {
        return {ErrorCode::invalid_argument, "key \"" + std::string(key) + "\": not valid"};
    }

    [[nodiscard]] Error at(std::string_view key, const Error& error) const {
        return error.in(path_ + '/' + std::string(key));
    }

    [[nodiscard]] Error absent(std::string_view key, const Error& error) const {
        return at(key, is_absence(error) ? Error{ErrorCode::not_found, error.message} : error);
    }

    Result<void> put_once(std::span<const std::string> parts, const Bytes& bytes) {
        const auto folder = open_folder(root_.get(), folder_of(parts), true);
        if (!folder) return folder.error();
        const auto file = create_temporary_file(folder->get());
        if (!file) return file.error();
        Result<void> done = write_bytes(file->descriptor.get(), 0, bytes);
        if (done && ::renameat(folder->get(), file->name.c_str(), folder->get(),
                               parts.back().c_str()) != 0) {
            done = posix_error(errno);
        }
        if (!done) ::unlinkat(folder->get(), file->name.c_str(), 0);
        return done;
    }

    // From the innermost out, as far as they are empty; never the root.
    void remove_empty_folders(std::span<const std::string> parts) {
        for (auto inner = folder_of(parts); !inner.empty(); inner = folder_of(inner)) {
            const auto outer = open_folder(root_.get(), folder_of(inner), false);
            if (!outer || ::unlinkat(outer->get(), inner.back().c_str(), AT_REMOVEDIR) != 0) return;
        }
    }

    const std::string path_;
    const Descriptor root_;
};

Error at_path(const std::string& path, const Error& error) {
    // The parent of the folder is missing only if somebody removes it just now.
    const ErrorCode code = error.code == ErrorCode::not_found ? ErrorCode::io : error.code;
    return Error{code, error.message}.in(path);
}

Result<void> try_to_write(int folder) {
    const auto file = create_temporary_file(folder);
    if (!file) return file.error();
    const auto written = write_bytes(file->descriptor.get(), 0, Bytes::from_string("w"));
    ::unlinkat(folder, file->name.c_str(), 0);
    return written;
}

}  // namespace

Result<std::shared_ptr<Store>> open_directory_store(const DirectoryStore& config) {
    const std::string& path = config.path;
    if (path.empty()) return Error{ErrorCode::invalid_argument, "the path is empty"};
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return at_path(path, posix_error(error.value()));
    Descriptor root(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!root) return at_path(path, posix_error(errno));
    if (const auto written = try_to_write(root.get()); !written) {
        return at_path(path, written.error());
    }
    const auto cleaned = visit_files(
        root.get(), "", [](int folder, const std::string& name, const std::string&, const auto&) {
            remove_if_abandoned(folder, name);
        });
    if (!cleaned) return at_path(path, cleaned.error());
    return std::shared_ptr<Store>(std::make_shared<DirectoryStoreImpl>(path, std::move(root)));
}

}  // namespace weir::store
