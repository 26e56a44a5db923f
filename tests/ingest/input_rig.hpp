// SPDX-License-Identifier: MIT
// An input on an executor of its own, and what it reports and delivers.
// Threads: one owner.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ingest/input.hpp"
#include "ingest/recording_sink.hpp"
#include "ingest/recording_units.hpp"

namespace weir::test {

inline const media::RawFormat kSmall{
    .width = 64, .height = 36, .sample_rate = 48'000, .channels = 2};

// What a connection's media goes to.
struct Wanted {
    std::size_t room = 1'000'000;  // of the raw sink
    bool raw = true;
    bool units = false;
    media::RawFormat format = kSmall;
};

class Rig {
public:
    explicit Rig(const Ingest& config, Wanted wanted = {}) {
        input_ = std::make_shared<ingest::Input>(
            config,
            [this, wanted](media::Pacing pacing) {
                const std::lock_guard lock(mutex_);
                pacing_ = pacing;
                sinks_.push_back(std::make_shared<RecordingSink>(wanted.room));
                units_.push_back(std::make_shared<RecordingUnits>());
                changed_.notify_all();
                return ingest::Delivery{wanted.format, wanted.raw ? sinks_.back() : nullptr,
                                        wanted.units ? units_.back() : nullptr};
            },
            ingest::InputEvents{[this](const ingest::StreamInfo&) {
                                    const std::lock_guard lock(mutex_);
                                    ++connected_;
                                    changed_.notify_all();
                                },
                                [this](const std::string& field, const std::string& cause) {
                                    const std::lock_guard lock(mutex_);
                                    lost_.push_back(field + ": " + cause);
                                    changed_.notify_all();
                                }},
            executor_);
    }
    ~Rig() {
        stop();
        executor_->run([this] { input_.reset(); });
    }

    Result<void> start() {
        Result<void> result;
        executor_->run([&] { result = input_->start(); });
        return result;
    }
    void stop() {
        executor_->run([this] { input_->stop(); });
    }
    ingest::StreamInfo info() {
        ingest::StreamInfo info;
        executor_->run([&] { info = input_->info(); });
        return info;
    }

    bool wait_lost(std::size_t times) {
        return wait([&] { return lost_.size() >= times; });
    }
    bool wait_connected(int times) {
        return wait([&] { return connected_ >= times; });
    }
    bool wait_opened(std::size_t times) {
        return wait([&] { return sinks_.size() >= times; });
    }
    std::vector<std::string> lost() {
        const std::lock_guard lock(mutex_);
        return lost_;
    }
    std::shared_ptr<RecordingSink> sink() {
        const std::lock_guard lock(mutex_);
        return sinks_.back();
    }
    std::shared_ptr<RecordingSink> sink(std::size_t connection) {
        const std::lock_guard lock(mutex_);
        return sinks_.at(connection);
    }
    std::shared_ptr<RecordingUnits> units() {
        const std::lock_guard lock(mutex_);
        return units_.back();
    }
    std::size_t opened() {
        const std::lock_guard lock(mutex_);
        return sinks_.size();
    }
    int connected() {
        const std::lock_guard lock(mutex_);
        return connected_;
    }
    media::Pacing pacing() {
        const std::lock_guard lock(mutex_);
        return *pacing_;
    }

private:
    template <class Condition>
    bool wait(const Condition& condition) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(30), condition);
    }

    const std::shared_ptr<base::Executor> executor_ = std::make_shared<base::Executor>();
    std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<media::Pacing> pacing_;
    int connected_ = 0;
    std::vector<std::string> lost_;
    std::vector<std::shared_ptr<RecordingSink>> sinks_;
    std::vector<std::shared_ptr<RecordingUnits>> units_;
    std::shared_ptr<ingest::Input> input_;  // last: its functions use all above
};

}  // namespace weir::test
