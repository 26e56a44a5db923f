// SPDX-License-Identifier: MIT
// A small channel, and what it tells.
#pragma once

#include <weir/weir.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "support/playlist_reader.hpp"
#include "support/temporary_folder.hpp"

namespace weir::test::channel_rig {

using namespace std::chrono_literals;
using weir::Alert;
using weir::Channel;
using weir::ChannelConfig;
using weir::ChannelState;
using weir::ErrorCode;
using weir::Event;
using weir::StateChanged;

// Collects a channel's events and waits for one, with a deadline that only a failure meets.
class Events {
public:
    explicit Events(Channel& channel)
        : subscription_(channel.on_event([this](const Event& event) {
              const std::lock_guard lock(mutex_);
              events_.push_back(event);
              wake_.notify_all();
          })) {}

    template <class T, class Match>
    bool wait_for(Match match) {
        std::unique_lock lock(mutex_);
        return wake_.wait_for(lock, 30s, [&] {
            for (const auto& event : events_) {
                const auto* detail = std::get_if<T>(&event.detail);
                if (detail && match(*detail)) return true;
            }
            return false;
        });
    }
    template <class T>
    std::size_t count() {
        const std::lock_guard lock(mutex_);
        return static_cast<std::size_t>(std::count_if(
            events_.begin(), events_.end(),
            [](const auto& event) { return std::holds_alternative<T>(event.detail); }));
    }
    template <class T>
    bool wait_count(std::size_t wanted) {
        std::unique_lock lock(mutex_);
        return wake_.wait_for(lock, 30s, [&] {
            return static_cast<std::size_t>(
                       std::count_if(events_.begin(), events_.end(), [](const auto& event) {
                           return std::holds_alternative<T>(event.detail);
                       })) >= wanted;
        });
    }
    std::vector<Event> all() {
        const std::lock_guard lock(mutex_);
        return events_;
    }

private:
    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<Event> events_;
    weir::Subscription subscription_;
};

inline ChannelConfig small_config() {
    return {
        .name = "news",
        .inputs = {weir::TestPattern{.width = 320, .height = 180, .clock = false}},
        .ladder = {.video = {{.name = "high", .width = 320, .height = 180, .bitrate_bps = 400'000},
                             {.name = "low", .width = 160, .height = 90, .bitrate_bps = 150'000}},
                   .audio = {{}},
                   .gop = 500ms,
                   .preset = "ultrafast"},
        .outputs = {weir::HlsSink{.segment_duration = 1000ms, .window = 4000ms}}};
}

inline std::string read(weir::Store& store, const std::string& key) {
    auto bytes = store.get(key);
    REQUIRE_MESSAGE(bytes.has_value(), key);
    return bytes->read().value();
}

}  // namespace weir::test::channel_rig
