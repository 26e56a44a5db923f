// SPDX-License-Identifier: MIT
// Where one connection's media goes.
// Threads: values.
#pragma once

#include <memory>

#include "media/media_sink.hpp"
#include "media/unit_sink.hpp"

namespace weir::ingest {

struct Delivery {
    media::RawFormat format;                 // of what goes to `raw`
    std::shared_ptr<media::MediaSink> raw;   // null: nothing is decoded
    std::shared_ptr<media::UnitSink> units;  // null: nobody wants access units
};

}  // namespace weir::ingest
