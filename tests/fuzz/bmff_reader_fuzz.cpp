// SPDX-License-Identifier: MIT
// libFuzzer entry: boxes come from the network. Whatever is read lies within the bytes, and written
// again it is the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "media/box.hpp"

using namespace weir::media;

namespace {

void require(bool good) {
    if (!good) std::abort();
}

void walk(std::span<const std::byte> bytes, int depth) {
    const auto boxes = read_boxes(bytes);
    BoxReader reader(bytes);
    std::size_t sum = 0;
    while (true) {
        const auto next = reader.next();
        if (!next) {
            require(!boxes);
            require(!reader.next());
            return;
        }
        if (!*next) break;
        const BoxView& box = **next;
        require(box.bytes.data() == bytes.data() + sum);
        require(box.payload.size() + box.header_size == box.bytes.size());
        sum += box.bytes.size();
        FieldReader fields(box.payload);
        while (fields.left() > 0) static_cast<void>(fields.number(1 + fields.left() % 8));
        if (depth > 0) walk(box.payload, depth - 1);
        static_cast<void>(find_box(box.payload, {"trak", "mdia", "minf"}));
        BoxWriter writer;
        writer.header(fourcc_text(box.type), box.payload.size());
        writer.bytes(box.payload);
        const std::string again = writer.take();
        const auto read = read_boxes(std::as_bytes(std::span(again)));
        require(read && read->size() == 1 && read->front().type == box.type);
        require(read->front().payload.size() == box.payload.size());
    }
    require(boxes && sum == bytes.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kLongest = 1 << 16;
    if (size > kLongest) return 0;
    walk(std::as_bytes(std::span(data, size)), 4);
    return 0;
}
