// SPDX-License-Identifier: MIT
// libFuzzer entry: parameter sets come from the network. What is read of them can be written again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "media/codec_config.hpp"
#include "media/codecs.hpp"
#include "media/parameter_sets.hpp"
#include "segment/sample_content.hpp"

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

// What a file says of a stream is bounded by the stream, and samples lie within their units.
void check_config(const weir::Result<CodecConfig>& config, std::span<const std::byte> bytes) {
    if (!config) return;
    if (config->codecs.empty() || config->sample_entry.size() != 4 || config->box.size() != 4 ||
        config->payload.size() > 2 * bytes.size() + 64) {
        std::abort();
    }
    if (config->is_video()) {
        if (config->width < 1 || config->height < 1 || config->width > 65'536) std::abort();
        const auto content = weir::segment::read_video_sample(*config, bytes);
        std::size_t size = 0;
        if (content) {
            for (const auto piece : content->pieces) size += piece.size();
        }
        if (size > bytes.size()) std::abort();
    } else if (config->channels < 1 || config->sample_rate < 7350) {
        std::abort();
    }
}

void check_configs(std::span<const std::byte> bytes) {
    check_config(avc_config_of_record(bytes), bytes);
    check_config(hevc_config_of_record(bytes), bytes);
    check_config(av1_config(bytes), bytes);
    check_config(aac_config(bytes), bytes);
    check_config(opus_config(bytes), bytes);
    const auto samples = opus_packet_samples(bytes);
    if (samples && (*samples < 120 || *samples > 5760)) std::abort();
    // Without a record around them.
    ParameterSets sets;
    for (std::size_t at = 0; at + 1 < bytes.size() && sets.size() < 100;) {
        const auto size = std::min(std::to_integer<std::size_t>(bytes[at]), bytes.size() - at - 1);
        const auto set = bytes.subspan(at + 1, size);
        sets.emplace_back(set.begin(), set.end());
        at += 1 + size;
    }
    check_config(avc_config(sets), bytes);
    check_config(hevc_config(sets), bytes);
    for (const char* entry : {"avc1", "hvc1", "av01"}) {
        CodecConfig config{.sample_entry = entry};
        config.sets = sets;
        static_cast<void>(weir::segment::read_video_sample(config, bytes));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    check_video(bytes);
    check_audio(bytes);
    check_configs(bytes);
    return 0;
}
