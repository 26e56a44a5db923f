// SPDX-License-Identifier: MIT
#include "channel/output_switch.hpp"

#include <algorithm>
#include <utility>

namespace weir::channel {

void OutputSwitch::change(std::shared_ptr<OutputPipeline> next, media::MediaTime time) {
    std::shared_ptr<OutputPipeline> replaced;
    const std::lock_guard lock(mutex_);
    replaced = std::exchange(next_, std::move(next));
    next_time_ = time;
    if (replaced) {
        replaced->end();
        ended_.push_back(std::move(replaced));
    }
}

void OutputSwitch::end() {
    const std::lock_guard lock(mutex_);
    for (auto* pipeline : {&current_, &next_}) {
        if (!*pipeline) continue;
        (*pipeline)->end();
        ended_.push_back(std::move(*pipeline));
    }
}

void OutputSwitch::set_time_burn_in(bool shown) {
    const std::lock_guard lock(mutex_);
    if (current_) current_->set_time_burn_in(shown);
    if (next_) next_->set_time_burn_in(shown);
}

void OutputSwitch::retire(const OutputPipeline* pipeline) {
    std::shared_ptr<OutputPipeline> gone;
    {
        const std::lock_guard lock(mutex_);
        const auto found = std::find_if(ended_.begin(), ended_.end(),
                                        [&](const auto& p) { return p.get() == pipeline; });
        if (found == ended_.end()) return;
        gone = std::move(*found);
        ended_.erase(found);
    }
    gone->shut_down();
}

void OutputSwitch::shut_down() {
    std::vector<std::shared_ptr<OutputPipeline>> all;
    {
        const std::lock_guard lock(mutex_);
        all = std::move(ended_);
        ended_.clear();
        for (auto* pipeline : {&current_, &next_}) {
            if (*pipeline) all.push_back(std::move(*pipeline));
        }
    }
    for (const auto& pipeline : all) pipeline->shut_down();
}

void OutputSwitch::push_frame(base::MiniPtr<GstBuffer> frame) {
    std::shared_ptr<OutputPipeline> former;
    std::shared_ptr<OutputPipeline> current;
    {
        const std::lock_guard lock(mutex_);
        const media::MediaTime time(static_cast<std::int64_t>(GST_BUFFER_PTS(frame.get())));
        if (next_ && time >= next_time_) {
            former = std::exchange(current_, std::move(next_));
            if (former) ended_.push_back(former);
        }
        current = current_;
    }
    if (former) former->end();
    if (current) current->push_frame(std::move(frame));
}

void OutputSwitch::push_audio(base::MiniPtr<GstBuffer> samples) {
    const auto current = [&] {
        const std::lock_guard lock(mutex_);
        return current_;
    }();
    if (current) current->push_audio(std::move(samples));
}

}  // namespace weir::channel
