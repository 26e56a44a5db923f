// SPDX-License-Identifier: MIT
// One connection of an input: the pipeline that fetches and decodes it. Any end of it, good or bad,
// is reported once; another attempt is another Source.
// Threads: made, started and destroyed on the control thread; events come from GStreamer's threads.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <weir/ingest.hpp>
#include <weir/result.hpp>

#include "ingest/decoder.hpp"
#include "media/media_sink.hpp"

namespace weir::ingest {

struct SourceEvents {
    std::function<void(const StreamInfo&)> connected;  // the first media came through; once
    std::function<void()> ended;                       // it came to its end
    std::function<void(std::string)> failed;           // the cause; may come more than once
};

class Source {
public:
    virtual ~Source() = default;
    // Errors: what can be known at once: not_found, unsupported, internal.
    virtual Result<void> start() = 0;
    // Plays from the beginning again, without a break in source time; false if it cannot.
    virtual bool rewind() { return false; }
    [[nodiscard]] virtual const Decoder& decoder() const = 0;
};

std::unique_ptr<Source> make_test_pattern(const TestPattern& config, const media::RawFormat& format,
                                          const std::shared_ptr<media::MediaSink>& sink,
                                          SourceEvents events);
std::unique_ptr<Source> make_file_source(const FileInput& config, const media::RawFormat& format,
                                         const std::shared_ptr<media::MediaSink>& sink,
                                         SourceEvents events);
std::unique_ptr<Source> make_rtmp_pull(const RtmpPull& config, const media::RawFormat& format,
                                       const std::shared_ptr<media::MediaSink>& sink,
                                       SourceEvents events);

}  // namespace weir::ingest
