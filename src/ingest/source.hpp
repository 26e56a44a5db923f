// SPDX-License-Identifier: MIT
// One connection of an input: the pipeline that fetches and decodes it. Any end of it, good or bad,
// is reported once; another attempt is another Source.
// Threads: made, started and destroyed on the control thread; events come from GStreamer's threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <weir/ingest.hpp>
#include <weir/result.hpp>

#include "ingest/decoder.hpp"
#include "ingest/delivery.hpp"
#include "ingest/unit_meter.hpp"

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
    // After the end: plays what follows, without a break in source time; false if nothing does.
    virtual bool next() { return false; }
    // Which of the input's fields says where the media comes from just now; "": the usual one.
    [[nodiscard]] virtual std::string field() const { return {}; }
    // While false the source stays connected and decodes nothing, where it can (warm standby).
    virtual void set_decoding(bool) {}
    // Silence means nothing now: nobody is there yet, or what came waits for room.
    [[nodiscard]] virtual bool waiting() const { return false; }
    // Counts what came through, for a watchdog.
    [[nodiscard]] virtual std::uint64_t arrivals() const = 0;
    // What the next attempt finds as this one left it: a listener's port, a publisher that stays.
    // The input keeps it until it is stopped.
    [[nodiscard]] virtual std::shared_ptr<void> lease() const { return nullptr; }
    [[nodiscard]] virtual StreamInfo info() const = 0;
    // What arrives, for health; nothing for raw media.
    [[nodiscard]] virtual UnitFigures figures() const { return {}; }
    // How much there was to play so far; zero: nothing that lasts.
    [[nodiscard]] virtual media::MediaTime end_time() const { return {}; }
};

// One overload for each alternative of Ingest.
std::unique_ptr<Source> make_source(const TestPattern& config, const Delivery& delivery,
                                    SourceEvents events);
std::unique_ptr<Source> make_source(const FileInput& config, const Delivery& delivery,
                                    SourceEvents events);
std::unique_ptr<Source> make_source(const RtmpPull& config, const Delivery& delivery,
                                    SourceEvents events);
std::unique_ptr<Source> make_source(const RtmpListen& config, const Delivery& delivery,
                                    SourceEvents events);
std::unique_ptr<Source> make_source(const SrtListen& config, const Delivery& delivery,
                                    SourceEvents events);
std::unique_ptr<Source> make_source(const SrtCall& config, const Delivery& delivery,
                                    SourceEvents events);
std::unique_ptr<Source> make_source(const RtpListen& config, const Delivery& delivery,
                                    SourceEvents events);
std::unique_ptr<Source> make_source(const HlsPull& config, const Delivery& delivery,
                                    SourceEvents events);
std::unique_ptr<Source> make_source(const RtspPull& config, const Delivery& delivery,
                                    SourceEvents events);
std::unique_ptr<Source> make_source(const AppInput& config, const Delivery& delivery,
                                    SourceEvents events);
std::unique_ptr<Source> make_source(const GstInput& config, const Delivery& delivery,
                                    SourceEvents events);

}  // namespace weir::ingest
