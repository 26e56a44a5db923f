// SPDX-License-Identifier: MIT
#include "store/memory_store.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "store/descriptor.hpp"
#include "store/posix.hpp"

namespace weir::store {
namespace {

// The memory file; lives as long as any range of it is held, also after the store.
struct MemoryFile {
    // Spelt out: clang takes parentheses for an aggregate from version 16 on.
    MemoryFile(Descriptor file, std::uint64_t page)
        : descriptor(std::move(file)), page_size(page) {}

    Descriptor descriptor;
    std::uint64_t page_size;
    std::atomic<std::uint64_t> live_bytes = 0;
};

// The bytes of one object. Offsets are never used again: the file is sparse and its address space
// lasts for centuries, so nothing has to be found for a new object.
class Range {
public:
    Range(std::shared_ptr<MemoryFile> file, std::uint64_t offset, std::uint64_t size)
        : file_(std::move(file)), fd_(file_->descriptor.get()), offset_(offset), size_(size) {
        file_->live_bytes += size_;
    }
    Range(const Range&) = delete;
    Range& operator=(const Range&) = delete;
    ~Range() {
        if (size_ > 0) {
            ::fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                        static_cast<off_t>(offset_), static_cast<off_t>(pages(*file_, size_)));
        }
        file_->live_bytes -= size_;
    }

    // What `size` bytes take in the file: two objects never share a page, or its memory would
    // stay while one of them lives.
    static std::uint64_t pages(const MemoryFile& file, std::uint64_t size) {
        return (size + file.page_size - 1) / file.page_size * file.page_size;
    }

    // The hole is punched when the last copy of these Bytes is gone.
    static Bytes bytes(const std::shared_ptr<Range>& range) {
        return Bytes::from_file({range, &range->fd_}, range->offset_, range->size_);
    }

    Result<void> write(const Bytes& content) const { return write_bytes(fd_, offset_, content); }

private:
    std::shared_ptr<MemoryFile> file_;
    const int fd_;
    const std::uint64_t offset_;
    const std::uint64_t size_;
};

struct Object {
    Bytes bytes;
    std::chrono::system_clock::time_point modified;
};

Error bad_key(std::string_view key) {
    return {ErrorCode::invalid_argument, "key \"" + std::string(key) + "\": not valid"};
}

Error not_found(std::string_view key) {
    return {ErrorCode::not_found, std::string(key) + ": not found"};
}

class MemoryStoreImpl final : public Store {
public:
    MemoryStoreImpl(std::shared_ptr<MemoryFile> file, std::uint64_t max_bytes)
        : file_(std::move(file)), max_bytes_(max_bytes) {}

    Result<void> put(std::string_view key, const Bytes& bytes) override {
        if (!is_valid_key(key)) return bad_key(key);
        const std::shared_ptr<Range> range = reserve(key, bytes.size());
        if (!range) {
            return Error{ErrorCode::unavailable, std::string(key) + ": the store is full (" +
                                                     std::to_string(max_bytes_) + " bytes)"};
        }
        if (const auto written = range->write(bytes); !written) return written.error().in(key);
        Object object{Range::bytes(range), std::chrono::system_clock::now()};
        const std::lock_guard lock(mutex_);
        std::swap(objects_[std::string(key)], object);
        return {};  // the former object is dropped after the lock: that is a system call
    }

    Result<Bytes> get(std::string_view key) override {
        if (!is_valid_key(key)) return bad_key(key);
        const std::lock_guard lock(mutex_);
        const auto found = objects_.find(key);
        if (found == objects_.end()) return not_found(key);
        return found->second.bytes;
    }

    Result<ObjectInfo> describe(std::string_view key) override {
        if (!is_valid_key(key)) return bad_key(key);
        const std::lock_guard lock(mutex_);
        const auto found = objects_.find(key);
        if (found == objects_.end()) return not_found(key);
        return info(*found);
    }

    Result<void> remove(std::string_view key) override {
        if (!is_valid_key(key)) return bad_key(key);
        Objects::node_type removed;
        const std::lock_guard lock(mutex_);
        const auto found = objects_.find(key);
        if (found == objects_.end()) return not_found(key);
        removed = objects_.extract(found);
        return {};
    }

    Result<std::vector<ObjectInfo>> list(std::string_view prefix) override {
        std::vector<ObjectInfo> infos;
        const std::lock_guard lock(mutex_);
        for (auto object = objects_.lower_bound(prefix);
             object != objects_.end() && object->first.starts_with(prefix); ++object) {
            infos.push_back(info(*object));
        }
        return infos;
    }

private:
    using Objects = std::map<std::string, Object, std::less<>>;

    static ObjectInfo info(const Objects::value_type& object) {
        return {object.first, object.second.bytes.size(), object.second.modified};
    }

    // Null when there is no room. What the new bytes replace makes room for them.
    std::shared_ptr<Range> reserve(std::string_view key, std::uint64_t size) {
        const std::lock_guard lock(mutex_);
        const auto former = objects_.find(key);
        const std::uint64_t replaced = former == objects_.end() ? 0 : former->second.bytes.size();
        const std::uint64_t live = file_->live_bytes;
        const std::uint64_t others = live - std::min(live, replaced);
        if (size > max_bytes_ || others > max_bytes_ - size) return nullptr;
        const std::uint64_t offset = end_;
        end_ += Range::pages(*file_, size);
        return std::make_shared<Range>(file_, offset, size);
    }

    const std::shared_ptr<MemoryFile> file_;
    const std::uint64_t max_bytes_;
    std::mutex mutex_;  // guards all below
    Objects objects_;
    std::uint64_t end_ = 0;  // of the file's used part
};

}  // namespace

Result<std::shared_ptr<Store>> open_memory_store(const MemoryStore& config) {
    Descriptor descriptor(::memfd_create("weir-store", MFD_CLOEXEC));
    if (!descriptor) return Error{ErrorCode::unavailable, posix_error(errno).message}.in("memfd");
    auto file = std::make_shared<MemoryFile>(std::move(descriptor),
                                             static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
    return std::shared_ptr<Store>(
        std::make_shared<MemoryStoreImpl>(std::move(file), config.max_bytes));
}

}  // namespace weir::store
