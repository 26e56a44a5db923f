// SPDX-License-Identifier: MIT
#include "playout/filler.hpp"

namespace weir::playout {

using media::MediaTime;

Fill fill_for(const InputLoss& config, std::optional<MediaTime> silence) {
    if (silence && *silence <= MediaTime{}) return Fill::picture;
    MediaTime black{};  // for how long it has been black by now
    if (silence) {
        if (*silence < config.repeat_duration) return Fill::repeat;
        black = *silence - config.repeat_duration;
    } else {
        // Nothing to repeat, and nobody knows since when: who has a slate sees it at once.
        black = config.black_duration;
    }
    return config.slate.empty() || black < config.black_duration ? Fill::black : Fill::slate;
}

void FillTotals::add(Fill fill, MediaTime duration) {
    switch (fill) {
        case Fill::picture:
            return;
        case Fill::repeat:
            repeat_ += duration;
            return;
        case Fill::black:
            black_ += duration;
            return;
        case Fill::slate:
            slate_ += duration;
            return;
    }
}

}  // namespace weir::playout
