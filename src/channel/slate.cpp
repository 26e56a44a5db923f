// SPDX-License-Identifier: MIT
#include "channel/slate.hpp"

#include <utility>

namespace weir::channel {

Slate::Slate(const media::RawFormat& format, std::shared_ptr<playout::Playout> playout,
             std::shared_ptr<Alerts> alerts, std::shared_ptr<base::Executor> executor)
    : format_(format),
      playout_(std::move(playout)),
      alerts_(std::move(alerts)),
      executor_(std::move(executor)) {}

Slate::~Slate() {
    close();
}

void Slate::open(const std::string& path) {
    close();
    if (path.empty()) return playout_->set_slate(nullptr);
    const auto lane = playout_->make_lane();
    playout_->set_slate(lane);
    input_ = std::make_shared<ingest::Input>(
        FileInput{.path = path, .loop = true},
        [format = format_, lane](media::Pacing pacing) {
            return ingest::Delivery{.format = format, .raw = lane->open(pacing), .units = nullptr};
        },
        ingest::InputEvents{
            [alerts = alerts_](const ingest::StreamInfo&) { alerts->set("slate", false, ""); },
            [alerts = alerts_, lane](const std::string&, const std::string& cause) {
                // A picture comes to its end at once, and stays.
                if (lane->has_delivered()) return;
                alerts->set("slate", true, "input_loss.slate: " + cause);
            }},
        executor_);
    if (auto started = input_->start(); !started) {
        alerts_->set("slate", true, "input_loss.slate: " + started.error().message);
    }
}

void Slate::close() {
    if (input_) input_->stop();
    input_.reset();
}

}  // namespace weir::channel
