// SPDX-License-Identifier: MIT
// One input of a channel, kept alive: connects, watches the data arrive, and connects again.
// Threads: control thread only; events come on the control thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <weir/ingest.hpp>
#include <weir/result.hpp>

#include "base/executor.hpp"
#include "ingest/source.hpp"
#include "media/media_sink.hpp"

namespace weir::ingest {

struct InputEvents {
    std::function<void(const StreamInfo&)> connected;
    // `field` is below the input: "path", "url"; `cause` names no secret.
    std::function<void(const std::string& field, const std::string& cause)> lost;
};

// Where the media of a new connection goes.
using OpenDelivery = std::function<Delivery(media::Pacing)>;

class Input : public std::enable_shared_from_this<Input> {
public:
    static constexpr std::chrono::milliseconds kFirstRetry{500};
    static constexpr std::chrono::milliseconds kLastRetry{5'000};

    Input(Ingest config, OpenDelivery open, InputEvents events,
          std::shared_ptr<base::Executor> executor);
    ~Input();

    // Errors: what can be known at once, as "path: clip.mp4: No such file or directory"; such an
    // input is not tried again.
    Result<void> start();
    void stop();

    // While false the input stays connected and decodes nothing, where it can.
    void set_decoding(bool decoding);

    // What came through the present connection so far.
    [[nodiscard]] StreamInfo info() const;
    [[nodiscard]] UnitFigures figures() const;

private:
    Result<void> connect();
    void disconnect();
    void on_connected(const StreamInfo& info);
    void on_ended();
    void lose(const std::string& cause, bool retry);
    [[nodiscard]] std::string field() const;
    void watch(std::uint64_t number);
    void watch_silence();
    SourceEvents source_events();

    const Ingest config_;
    const OpenDelivery open_;
    const InputEvents events_;
    const std::shared_ptr<base::Executor> executor_;
    Delivery delivery_;
    bool decoding_ = true;
    std::shared_ptr<void> lease_;  // of the source before, or the present one
    std::unique_ptr<Source> source_;
    std::uint64_t attempt_ = 0;  // events of a former connection are late and mean nothing
    std::chrono::milliseconds retry_;
    std::uint64_t seen_ = 0;
    std::chrono::milliseconds silence_{};
    std::uint64_t watch_ = 0;  // of the present start(); an older watch ends
    bool stopped_ = true;
};

// The config's field that says where the input comes from: "path", "url", "".
std::string source_field(const Ingest& config);

}  // namespace weir::ingest
