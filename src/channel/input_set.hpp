// SPDX-License-Identifier: MIT
// A programme's inputs: opens them, tells what they carry and when they are lost, and keeps those
// on standby that are not on the programme. Threads: control thread only; deliveries are opened
// there too.
#pragma once

#include <chrono>
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

#include "base/executor.hpp"
#include "channel/input_relay.hpp"
#include "ingest/input.hpp"

namespace weir::channel {

struct InputSetEvents {
    std::function<void(EventDetail)> event;
    std::function<void(const std::string& code, bool set, const std::string& text)> alert;
};

// One input for as long as it is in the list, wherever it stands.
using InputKey = std::uint64_t;

// Where the media of an input goes.
using OpenInput = std::function<ingest::Delivery(InputKey key, media::Pacing pacing)>;

class InputSet : public std::enable_shared_from_this<InputSet> {
public:
    InputSet(Standby standby, bool audio_wanted, OpenInput open,
             std::shared_ptr<base::Executor> executor, InputSetEvents events);
    ~InputSet();  // stop()

    // The keys that these inputs have or will have: those that are there already, the same value
    // that is, keep theirs.
    std::vector<InputKey> plan(const std::vector<Ingest>& inputs);
    // From now on these are the inputs. Errors: what can be known at once, with the field; the
    // inputs are then those that there were.
    Result<void> apply(const std::vector<Ingest>& inputs, const std::vector<InputKey>& keys);
    void stop();

    // The programme is over: nothing goes to it, and no event, while the inputs stay as they are.
    // Until take_over() and apply() nothing may happen on the control thread in between.
    void hand_over();
    // Another programme has them, with the inputs of its next apply().
    void take_over(OpenInput open, InputSetEvents events);

    // Which input is on the programme, and whether it is well: the others go on standby.
    void on_air(std::size_t index, bool well);

    // None of them delivers.
    [[nodiscard]] bool all_lost() const;
    // The rate of the first input that says one.
    [[nodiscard]] std::optional<Rational> frame_rate() const;
    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    // What the inputs themselves know of their health, in the list's order.
    [[nodiscard]] std::vector<InputStats> stats() const;

private:
    struct Entry {
        InputKey key = 0;
        Ingest config;
        std::shared_ptr<ingest::Input> input;
        std::shared_ptr<InputRelay> relay{};  // of its present connection, or of its last
        media::Pacing pacing = media::Pacing::live;
        bool running = false;
        bool connected = false;
        bool lost = false;
        std::string loss;  // the last cause
        std::optional<Rational> frame_rate;
    };

    Entry make_entry(const Ingest& config, InputKey key);
    // Where it stands now; nothing: it was removed.
    [[nodiscard]] std::optional<std::size_t> index_of(InputKey key) const;
    Result<void> run(std::size_t index);
    ingest::Delivery open(InputKey key, media::Pacing pacing);
    void attach(Entry& entry);
    Result<void> run_all();
    void take_back(const std::vector<Entry>& before);
    void on_connected(InputKey key, const ingest::StreamInfo& info);
    void on_lost(InputKey key, const std::string& field, const std::string& cause);
    void describe(InputKey key, int looks_left);
    void check_tracks(InputKey key);
    [[nodiscard]] std::string field(std::size_t index, const std::string& name) const;
    [[nodiscard]] std::string code(const char* name, std::size_t index) const;

    const Standby standby_;
    const bool audio_wanted_;
    OpenInput open_;
    const std::shared_ptr<base::Executor> executor_;
    InputSetEvents events_;
    bool handed_over_ = false;
    std::vector<Entry> entries_;
    InputKey last_key_ = 0;
};

}  // namespace weir::channel
