// SPDX-License-Identifier: MIT
#include "net/gzip.hpp"

#include <zlib.h>

#include <gsl/util>

namespace weir::net {

std::optional<std::string> gzip(std::string_view text) {
    constexpr int kGzipWindow = 15 + 16;  // zlib.h: adding 16 writes a gzip header, without a time
    constexpr int kMemoryLevel = 8;
    z_stream stream{};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, kMemoryLevel,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        return std::nullopt;
    }
    const auto end = gsl::finally([&stream] { deflateEnd(&stream); });

    std::string packed(deflateBound(&stream, text.size()), '\0');
    // zlib takes its input through a pointer to non-const, but only reads it.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = gsl::narrow_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = gsl::narrow_cast<uInt>(packed.size());
    if (stream.avail_in != text.size() || stream.avail_out != packed.size() ||
        deflate(&stream, Z_FINISH) != Z_STREAM_END) {
        return std::nullopt;
    }
    packed.resize(stream.total_out);
    return packed;
}

}  // namespace weir::net
