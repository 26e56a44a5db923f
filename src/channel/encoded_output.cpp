// SPDX-License-Identifier: MIT
#include "channel/encoded_output.hpp"

namespace weir::channel {

EncodedOutput::EncodedOutput(EncodedOutputOptions options, EncodedOutputEvents events,
                             PublisherOptions publishing, std::shared_ptr<Store> store,
                             std::vector<media::Track> tracks)
    : options_(std::move(options)),
      events_(std::move(events)),
      timeline_(std::make_shared<media::Timeline>(options_.programme, std::move(tracks),
                                                  options_.discontinuity_sequence)),
      publisher_(std::make_unique<Publisher>(
          std::move(publishing), std::move(store), timeline_,
          PublisherEvents{events_.on_slot, events_.on_store, events_.on_finished})) {}

Result<std::vector<Branch>> EncodedOutput::begin_run(const RunPlan& plan,
                                                     std::function<void()> on_end) {
    {
        const std::lock_guard lock(mutex_);
        if (runs_begun_++ > 0) {
            timeline_->change_tracks(plan.first_number, make_tracks(plan.ladder), plan.run);
        } else {
            timeline_->announce_run(plan.run);
        }
        ++runs_open_;
    }
    const auto running = std::make_shared<std::size_t>(0);
    auto branches =
        make_branches(plan, [self = shared_from_this(), running, on_end = std::move(on_end)] {
            self->on_branch_end(*running, on_end);
        });
    if (branches) *running = branches->size();
    return branches;
}

void EncodedOutput::on_branch_end(std::size_t& running, const std::function<void()>& on_end) {
    bool last = false;
    {
        const std::lock_guard lock(mutex_);
        if (--running > 0) return;
        last = --runs_open_ == 0 && expect_end_;
    }
    if (last) publisher_->finish();
    if (on_end) on_end();
}

void EncodedOutput::expect_end() {
    {
        const std::lock_guard lock(mutex_);
        expect_end_ = true;
        if (runs_open_ > 0) return;
    }
    publisher_->finish();
}

}  // namespace weir::channel
