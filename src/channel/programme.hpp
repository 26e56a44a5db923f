// SPDX-License-Identifier: MIT
// One programme, from its start to its end. Channel has one after another.
// Threads: start() and what changes it on the control thread; finish() and stop() on any thread,
// one of them once; events on the control thread, the playout's or the publisher's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weir/channel.hpp>
#include <weir/config.hpp>
#include <weir/event.hpp>
#include <weir/result.hpp>
#include <weir/store.hpp>

#include "base/clock.hpp"
#include "base/executor.hpp"
#include "channel/frame_taps.hpp"
#include "channel/thumbnailer.hpp"
#include "media/timeline.hpp"
#include "origin/view.hpp"

namespace weir::channel {

struct ProgrammeEvents {
    std::function<void(EventDetail)> event;
    // Its timelines exist: they can be served from now on.
    std::function<void(std::vector<origin::View>)> begun;
    std::function<void()> first_slot;
    std::function<void(std::string)> failed;  // the output pipeline died
    // The programme cannot go on: finish it and begin another.
    std::function<void(std::string reason)> over;
};

// What a programme leaves for the next one at the same address, so that numbers never go back.
struct Continuation {
    std::int64_t slot = 0;                    // the first one that is surely not used
    std::int64_t discontinuity_sequence = 0;  // above every one that was seen

    // Each number at its highest.
    void raise_to(const Continuation& other) {
        slot = std::max(slot, other.slot);
        discontinuity_sequence = std::max(discontinuity_sequence, other.discontinuity_sequence);
    }
};

// What a programme needs from its channel.
class InputSet;

struct ProgrammeContext {
    std::shared_ptr<Store> store;
    std::shared_ptr<base::Clock> clock;
    std::shared_ptr<base::Executor> executor;
    Continuation continuation{};
    std::shared_ptr<FrameTaps> taps;
    std::shared_ptr<Thumbnailer> thumbnailer;  // null: none
    std::shared_ptr<InputSet> inputs{};        // of the programme before, still open; null: none
};

class Programme {
public:
    virtual ~Programme() = default;

    // Opens the inputs. Errors: what can be known at once, with the field.
    virtual Result<void> start() = 0;

    // What can be changed while it runs; the caller has validated `config` and compared what
    // cannot. Errors: with the field; then nothing is changed but what comes before it.
    virtual Result<void> update(const ChannelConfig& config) = 0;

    // The host's choice of the input (nothing: the failover's), from `at` on.
    // Errors: unavailable when too many are scheduled already.
    virtual Result<void> choose_input(std::optional<std::size_t> input, media::MediaTime at) = 0;

    // No more output until resume(). Errors: unsupported.
    virtual Result<void> pause() = 0;
    virtual Result<void> resume() = 0;

    // Before finish(), on the control thread: gives the inputs away as they are, for the programme
    // that follows at once. Null: it cannot; finish() closes them.
    virtual std::shared_ptr<InputSet> hand_over() { return nullptr; }

    // Ends on the grid and waits until every playlist has its end.
    // Errors: timed_out when the encoder did not deliver in time; finished all the same.
    virtual Result<void> finish() = 0;

    // Ends at once, unfinished.
    virtual void stop() = 0;

    [[nodiscard]] virtual std::string id() const = 0;
    [[nodiscard]] virtual Continuation continuation() const = 0;
    [[nodiscard]] virtual bool input_lost() const = 0;
    [[nodiscard]] virtual ChannelStats stats() const = 0;
};

// With encoders, or of passthrough only, as the ladder wants it.
std::shared_ptr<Programme> make_programme(const ChannelConfig& config, ProgrammeContext context,
                                          ProgrammeEvents events);

// "20261122T083856123Z".
std::string programme_id(media::MediaTime start);

// EXT-X-DISCONTINUITY-SEQUENCE of the first slot.
std::int64_t first_discontinuity(media::MediaTime start, const Continuation& continuation);

}  // namespace weir::channel
