// SPDX-License-Identifier: MIT
#include "channel/input_set.hpp"

#include <algorithm>
#include <utility>

namespace weir::channel {

using namespace std::chrono_literals;

namespace {
constexpr auto kSecondTrack = 250ms;  // between two looks for an input's other track
constexpr int kLooks = 4;             // before it is described without
constexpr auto kTrackPatience = 2s;   // before a missing track is an alert

// Two of them may want one port.
bool listens(const Ingest& config) {
    return std::holds_alternative<RtmpListen>(config) ||
           std::holds_alternative<SrtListen>(config) || std::holds_alternative<RtpListen>(config);
}
}  // namespace

InputSet::InputSet(Standby standby, bool audio_wanted, OpenInput open,
                   std::shared_ptr<base::Executor> executor, InputSetEvents events)
    : standby_(standby),
      audio_wanted_(audio_wanted),
      open_(std::move(open)),
      executor_(std::move(executor)),
      events_(std::move(events)) {}

InputSet::~InputSet() {
    stop();
}

std::string InputSet::field(std::size_t index, const std::string& name) const {
    const std::string path = "inputs[" + std::to_string(index) + "]";
    // ": cause": it concerns all of the input.
    return name.empty() || name.starts_with(':') ? path + name : path + "." + name;
}

InputSet::Entry InputSet::make_entry(const Ingest& config, InputKey key) {
    Entry entry{.key = key, .config = config};
    // Called on the control thread, and not after the input was stopped.
    entry.input = std::make_shared<ingest::Input>(
        config, [this, key](media::Pacing pacing) { return open(key, pacing); },
        ingest::InputEvents{
            [this, key](const ingest::StreamInfo& info) { on_connected(key, info); },
            [this, key](const std::string& name, const std::string& cause) {
                on_lost(key, name, cause);
            }},
        executor_);
    return entry;
}

ingest::Delivery InputSet::open(InputKey key, media::Pacing pacing) {
    auto delivery = open_(key, pacing);
    const auto index = index_of(key);
    if (!index) return delivery;
    auto relay = std::make_shared<InputRelay>(delivery);
    entries_[*index].relay = relay;
    entries_[*index].pacing = pacing;
    return relay->delivery();
}

std::optional<std::size_t> InputSet::index_of(InputKey key) const {
    const auto found = std::find_if(entries_.begin(), entries_.end(),
                                    [key](const Entry& entry) { return entry.key == key; });
    if (found == entries_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - entries_.begin());
}

std::vector<InputKey> InputSet::plan(const std::vector<Ingest>& inputs) {
    std::vector<InputKey> keys;
    for (const auto& input : inputs) {
        const auto known = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
            const bool taken = std::find(keys.begin(), keys.end(), entry.key) != keys.end();
            return !taken && entry.config == input;
        });
        keys.push_back(known != entries_.end() ? known->key : ++last_key_);
    }
    return keys;
}

Result<void> InputSet::apply(const std::vector<Ingest>& inputs, const std::vector<InputKey>& keys) {
    const std::vector<Entry> before = entries_;
    std::vector<Entry> former = std::exchange(entries_, {});
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const auto known = std::find_if(former.begin(), former.end(),
                                        [&](const Entry& entry) { return entry.key == keys[i]; });
        if (known != former.end()) {
            entries_.push_back(std::move(*known));
            former.erase(known);
        } else {
            entries_.push_back(make_entry(inputs[i], keys[i]));
        }
    }
    // Those first: a new listener may want the port of one that goes. The others go when all that
    // is new could be started.
    for (auto& gone : former) {
        if (listens(gone.config)) gone.input->stop();
    }
    if (auto started = run_all(); !started) {
        take_back(before);
        return started;
    }
    for (auto& gone : former) gone.input->stop();
    if (std::exchange(handed_over_, false)) {
        for (auto& entry : entries_) attach(entry);
    }
    return {};
}

Result<void> InputSet::run_all() {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        if (i > 0 && standby_ == Standby::cold) continue;
        if (auto started = run(i); !started) return started;
        if (i > 0 && standby_ == Standby::warm) entries_[i].input->set_decoding(false);
    }
    return {};
}

// The inputs are those that there were.
void InputSet::take_back(const std::vector<Entry>& before) {
    const std::vector<Entry> refused = std::exchange(entries_, before);
    for (const Entry& entry : refused) {
        if (!index_of(entry.key)) entry.input->stop();
    }
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        Entry& entry = entries_[i];
        const auto stayed = std::find_if(refused.begin(), refused.end(), [&](const Entry& other) {
            return other.key == entry.key;
        });
        if (stayed != refused.end()) entry.running = stayed->running;
        if (stayed != refused.end() || !listens(entry.config)) continue;
        if (!std::exchange(entry.running, false)) continue;
        entry.connected = false;
        if (auto started = run(i); !started) on_lost(entry.key, "", started.error().message);
    }
}

Result<void> InputSet::run(std::size_t index) {
    Entry& entry = entries_[index];
    if (std::exchange(entry.running, true)) return {};
    auto started = entry.input->start();
    if (started) return {};
    entry.running = false;
    return Error{started.error().code, field(index, started.error().message)};
}

void InputSet::hand_over() {
    handed_over_ = true;
    for (auto& entry : entries_) {
        if (entry.relay) entry.relay->detach();
    }
    open_ = nullptr;
    events_ = {};
}

void InputSet::take_over(OpenInput open, InputSetEvents events) {
    open_ = std::move(open);
    events_ = std::move(events);
}

// An input that was running before this programme.
void InputSet::attach(Entry& entry) {
    if (!entry.running || !entry.relay || entry.relay->is_over()) return;
    if (!entry.relay->attach(open_(entry.key, entry.pacing))) {
        // It decodes to another size, or not at all.
        entry.input->stop();
        entry.running = entry.connected = false;
    } else if (entry.connected) {
        check_tracks(entry.key);
    }
}

void InputSet::stop() {
    for (auto& entry : entries_) {
        entry.input->stop();
        entry.running = entry.connected = false;
    }
}

// On standby are those behind the one that is on; what goes before it has to be watched, for it
// is to be chosen again. While the chosen one is unwell all are needed.
void InputSet::on_air(std::size_t index, bool well) {
    if (standby_ == Standby::hot) return;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        Entry& entry = entries_[i];
        const bool needed = i <= index || !well;
        if (standby_ == Standby::warm) {
            entry.input->set_decoding(needed);
        } else if (needed) {
            if (auto started = run(i); !started) on_lost(entry.key, "", started.error().message);
        } else if (std::exchange(entry.running, false)) {
            entry.input->stop();
            entry.connected = false;
        }
    }
}

void InputSet::on_connected(InputKey key, const ingest::StreamInfo& info) {
    const auto index = index_of(key);
    if (!index) return;
    Entry& entry = entries_[*index];
    entry.connected = true;
    entry.lost = false;
    // The audio may come first; the picture's rate is asked for again when the programme begins.
    if (!entry.frame_rate) entry.frame_rate = info.frame_rate;
    executor_->post_after(kSecondTrack, weak_from_this(),
                          [this, key] { describe(key, kLooks - 1); });
    executor_->post_after(kTrackPatience, weak_from_this(), [this, key] { check_tracks(key); });
}

void InputSet::describe(InputKey key, int looks_left) {
    const auto index = index_of(key);
    if (!index || !entries_[*index].connected) return;
    const auto info = entries_[*index].input->info();
    // Senders of transport streams may have sound by half a second later than pictures.
    const bool whole = !info.video.empty() && (!info.audio.empty() || !audio_wanted_);
    if (!whole && looks_left > 0) {
        executor_->post_after(kSecondTrack, weak_from_this(),
                              [this, key, looks_left] { describe(key, looks_left - 1); });
        return;
    }
    std::string text = info.video.empty() ? "no video" : "video " + info.video;
    text += info.audio.empty() ? ", no audio" : ", audio " + info.audio;
    events_.event(InputConnected{.input = static_cast<int>(*index), .description = text});
}

// With one input its alerts have plain names; with several each has its own.
std::string InputSet::code(const char* name, std::size_t index) const {
    return entries_.size() == 1 ? name : std::string(name) + "_" + std::to_string(index);
}

void InputSet::check_tracks(InputKey key) {
    const auto index = index_of(key);
    if (!index || !entries_[*index].connected) return;
    const Entry& entry = entries_[*index];
    const auto info = entry.input->info();
    const auto where = field(*index, ingest::source_field(entry.config));
    events_.alert(code("no_video", *index), info.video.empty(),
                  where + ": there is no video in it; black is shown");
    if (audio_wanted_) {
        events_.alert(code("no_audio", *index), info.audio.empty(),
                      where + ": there is no audio in it; it is silent");
    }
}

void InputSet::on_lost(InputKey key, const std::string& name, const std::string& cause) {
    const auto index = index_of(key);
    if (!index) return;
    Entry& entry = entries_[*index];
    entry.connected = false;
    // The same attempt that fails in the same way, again and again, is told once.
    if (std::exchange(entry.lost, true) && cause == entry.loss) return;
    entry.loss = cause;
    events_.event(
        InputLost{.input = static_cast<int>(*index), .field = field(*index, name), .cause = cause});
}

bool InputSet::all_lost() const {
    return std::none_of(entries_.begin(), entries_.end(),
                        [](const Entry& entry) { return entry.connected; });
}

std::optional<Rational> InputSet::frame_rate() const {
    for (const auto& entry : entries_) {
        const auto rate = entry.input->info().frame_rate;
        if (rate) return rate;
        if (entry.frame_rate) return entry.frame_rate;
    }
    return std::nullopt;
}

std::vector<InputStats> InputSet::stats() const {
    std::vector<InputStats> all;
    for (const auto& entry : entries_) {
        const auto figures = entry.input->figures();
        all.push_back({.connected = entry.connected,
                       .bitrate_bps = figures.bitrate_bps,
                       .frame_rate = figures.frame_rate,
                       .units_dropped = figures.dropped,
                       .jitter = figures.jitter,
                       .keyframe_age = figures.keyframe_age,
                       .skew = figures.skew});
    }
    return all;
}

}  // namespace weir::channel
