// SPDX-License-Identifier: MIT
// A buffer's bytes, for as long as one looks at them.
// Threads: as a value; one owner.
#pragma once

#include <gst/gst.h>

#include <cstddef>
#include <span>

namespace weir::segment {

// Empty when the buffer is null or cannot be mapped.
class Mapped {
public:
    explicit Mapped(GstBuffer* buffer) : buffer_(buffer) {
        good_ = buffer && gst_buffer_map(buffer, &map_, GST_MAP_READ);
    }
    ~Mapped() {
        if (good_) gst_buffer_unmap(buffer_, &map_);
    }
    Mapped(const Mapped&) = delete;
    Mapped& operator=(const Mapped&) = delete;

    [[nodiscard]] std::span<const std::byte> bytes() const {
        if (!good_) return {};
        return std::as_bytes(std::span(map_.data, map_.size));
    }

private:
    GstBuffer* buffer_;
    GstMapInfo map_{};
    bool good_ = false;
};

// Of caps; null without.
inline GstBuffer* codec_data(const GstStructure* caps) {
    const GValue* value = gst_structure_get_value(caps, "codec_data");
    return value && GST_VALUE_HOLDS_BUFFER(value) ? gst_value_get_buffer(value) : nullptr;
}

}  // namespace weir::segment
