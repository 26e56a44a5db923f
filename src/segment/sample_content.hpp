// SPDX-License-Identifier: MIT
// What of an access unit goes into a CMAF sample: parameter sets are in the track's header and
// nowhere else.
// Threads: one thread at a time.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <weir/result.hpp>

#include "media/codec_config.hpp"

namespace weir::segment {

struct SampleContent {
    std::vector<std::span<const std::byte>> pieces;  // of the access unit, in their order
    bool sync = false;                               // decoding can begin with it
    bool disposable = false;                         // no other frame needs it
};

// `unit` as GStreamer's parsers give it: AVC and HEVC with lengths of four bytes, AV1 as OBUs with
// sizes, one temporal unit. Errors: corrupt; unsupported: its parameter sets are not those of
// `config`.
Result<SampleContent> read_video_sample(const media::CodecConfig& config,
                                        std::span<const std::byte> unit);

}  // namespace weir::segment
