// SPDX-License-Identifier: MIT
// A programme's slate: an input of its own whose lane the playout shows when the others have
// nothing. Threads: control thread only.
#pragma once

#include <memory>
#include <string>

#include "base/executor.hpp"
#include "channel/alerts.hpp"
#include "ingest/input.hpp"
#include "playout/playout.hpp"

namespace weir::channel {

class Slate {
public:
    Slate(const media::RawFormat& format, std::shared_ptr<playout::Playout> playout,
          std::shared_ptr<Alerts> alerts, std::shared_ptr<base::Executor> executor);
    ~Slate();  // close()

    // From now on this picture or film is the slate; "": none. What is wrong with it is the alert
    // "slate".
    void open(const std::string& path);
    void close();

private:
    const media::RawFormat format_;
    const std::shared_ptr<playout::Playout> playout_;
    const std::shared_ptr<Alerts> alerts_;
    const std::shared_ptr<base::Executor> executor_;
    std::shared_ptr<ingest::Input> input_;
};

}  // namespace weir::channel
