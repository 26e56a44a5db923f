// SPDX-License-Identifier: MIT
/// @file
/// What a channel tells its host while it runs. Events are for programs; log lines are for people.
/// Threads: values; delivered as Channel::on_event says.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include <weir/export.hpp>

namespace weir {

/// The states of a channel. idle → starting → running ⇄ recovering → stopping → idle; from starting
/// to recovering when no input came, and back to idle when it could not start; failed from any of
/// them, and from failed back to starting.
enum class ChannelState {
    idle,        ///< nothing runs
    starting,    ///< the input is being opened, the first slot encoded
    running,     ///< segments are published, the input delivers
    recovering,  ///< segments are published, the input is lost and is being reopened
    stopping,    ///< stop() or finish() is at work
    failed       ///< the output pipeline died; the programme is as far as it came
};

/// The state's name as written in this header.
WEIR_API std::string_view to_string(ChannelState state);

/// The channel changed its state; `reason` says why when that is not obvious.
struct StateChanged {
    ChannelState state = ChannelState::idle;
    std::string reason;
};

/// An input delivers media.
struct InputConnected {
    int input = 0;            ///< index into ChannelConfig::inputs
    std::string description;  ///< "video 854x480 24/1 fps, audio 48000 Hz 6 channels"
};

/// An input stopped or could not be opened. It is tried again by itself, except a file that came to
/// its end: the programme then goes on in black until finish().
struct InputLost {
    int input = 0;
    std::string field;  ///< "inputs[0].path"
    std::string cause;  ///< "clip.mp4: No such file or directory"
};

/// Another input is on the programme, or would be if the channel were not paused.
struct InputSwitched {
    int from = 0;  ///< index into ChannelConfig::inputs
    int to = 0;
    std::chrono::sys_time<std::chrono::nanoseconds> time;  ///< of its first frame
    std::string reason;                                    ///< "input 0 is lost"
};

/// The output stands still, or goes on: by Channel::pause() and resume(), or ChannelConfig::idle.
struct Paused {
    bool paused = true;
};

/// A programme began: everything until ProgrammeFinished lies below /<channel>/<programme>/.
struct ProgrammeStarted {
    std::string programme;
};

/// One slot can be fetched in every rendition.
struct SegmentPublished {
    std::string programme;
    std::int64_t number = 0;  ///< the slot, which is the media sequence number
    std::chrono::sys_time<std::chrono::nanoseconds> start;  ///< PROGRAM-DATE-TIME
    std::chrono::nanoseconds duration{};
};

/// Every playlist of the programme has its ENDLIST.
struct ProgrammeFinished {
    std::string programme;
    std::chrono::nanoseconds duration{};
};

/// A condition that somebody should know of, set once and cleared once.
struct Alert {
    /// One word, for programs: "clock_unsynchronised", "clock_step", "no_video", "no_audio",
    /// "encoder_overload", "store", "recording".
    std::string code;
    bool set = true;   ///< false: the condition has passed
    std::string text;  ///< field and cause, for people
};

using EventDetail = std::variant<StateChanged, InputConnected, InputLost, InputSwitched, Paused,
                                 ProgrammeStarted, SegmentPublished, ProgrammeFinished, Alert>;

/// One event of one channel.
struct Event {
    std::string channel;
    std::chrono::sys_time<std::chrono::nanoseconds> time;  ///< UTC when it was raised
    EventDetail detail;
};

/// The event as one line of JSON without a line break: {"event":"segment_published",...}.
WEIR_API std::string to_json(const Event& event);

}  // namespace weir
