// SPDX-License-Identifier: MIT
// libFuzzer entry: parameter sets come from the network. What is read of them can be written again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "media/codecs.hpp"
#include "media/parameter_sets.hpp"

using namespace weir::media;

namespace {

void check_video(std::span<const std::byte> bytes) {
    const auto config = read_avc_config(bytes);
    if (config) {
        if (config->sps.empty() || config->prefix.size() < config->sps.size() + 4) std::abort();
        static_cast<void>(avc_codec_string(config->sps));
    }
    const auto format =
        read_picture_format(config ? std::span<const std::byte>(config->sps) : bytes);
    if (format && (format->width < 1 || format->height < 1 || format->width > 16'384 ||
                   format->height > 16'384 || format->frame_rate.denominator < 1)) {
        std::abort();
    }
}

void check_audio(std::span<const std::byte> bytes) {
    static_cast<void>(read_adts_format(bytes));
    const auto format = read_audio_specific_config(bytes);
    static_cast<void>(aac_codec_string(bytes));
    if (!format) return;
    const std::size_t size = std::min(bytes.size(), kLongestAdtsFrame - kAdtsHeader);
    const auto header = adts_header(*format, size);
    std::vector<std::byte> frame(header.begin(), header.end());
    frame.insert(frame.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    const auto again = read_adts_format(frame);
    if (!again || *again != *format || format->sample_rate() < 7350) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    check_video(bytes);
    check_audio(bytes);
    return 0;
}
