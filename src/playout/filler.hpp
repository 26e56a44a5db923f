// SPDX-License-Identifier: MIT
// What viewers see while the chosen input delivers nothing: its last picture again, then black,
// then the slate. Counts for how long.
// Threads: one thread at a time. Pure: has no clock.
#pragma once

#include <optional>

#include <weir/config.hpp>

#include "media/time.hpp"

namespace weir::playout {

enum class Fill { picture, repeat, black, slate };

// `silence`: the time of this tick minus that of the last new picture; empty: there has been none.
// The slate follows black only if there is one.
Fill fill_for(const InputLoss& config, std::optional<media::MediaTime> silence);

// Time filled so far.
class FillTotals {
public:
    // A tick that lasts so long showed this.
    void add(Fill fill, media::MediaTime duration);

    [[nodiscard]] std::chrono::milliseconds repeat() const { return milliseconds(repeat_); }
    [[nodiscard]] std::chrono::milliseconds black() const { return milliseconds(black_); }
    [[nodiscard]] std::chrono::milliseconds slate() const { return milliseconds(slate_); }

private:
    static std::chrono::milliseconds milliseconds(media::MediaTime time) {
        return std::chrono::duration_cast<std::chrono::milliseconds>(time);
    }

    // In nanoseconds: a tick is no whole number of milliseconds.
    media::MediaTime repeat_{};
    media::MediaTime black_{};
    media::MediaTime slate_{};
};

}  // namespace weir::playout
