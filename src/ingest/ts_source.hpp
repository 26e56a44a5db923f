// SPDX-License-Identifier: MIT
// What all receivers of MPEG transport streams have in common: their pipeline ends in a sink that
// hands the bytes to a TsFeed.
// Threads: as Source.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "base/pipeline.hpp"
#include "ingest/farewell.hpp"
#include "ingest/source.hpp"
#include "ingest/ts_feed.hpp"

namespace weir::ingest {

class TsSource : public Source {
public:
    ~TsSource() override;

    void set_decoding(bool decoding) override { feed_.set_decoding(decoding); }
    std::uint64_t arrivals() const override { return feed_.arrivals(); }
    StreamInfo info() const override { return feed_.info(); }
    UnitFigures figures() const override { return feed_.figures(); }
    // Until the first bytes come.
    bool waiting() const override { return !receiving_; }

protected:
    TsSource(const std::string& name, const Delivery& delivery, const TsSelection& select,
             SourceEvents events);

    // What comes out of `last` is the stream. Errors: unsupported.
    Result<void> receive_from(GstElement* last);
    // The sender is there, though nothing may have come yet.
    void note_sender() { receiving_ = true; }

    // The sender is gone, for this reason; the pipeline's end of stream follows.
    void note_loss(const std::string& cause) {
        farewell_.begin([failed = failed_, cause] { failed(cause); });
    }

    // Stops the pipeline and all its threads; a derived class whose members they use calls it
    // first.
    void shut_down();

    [[nodiscard]] base::Pipeline& pipeline() { return pipeline_; }
    [[nodiscard]] const SourceEvents& events() const { return events_; }

private:
    GstFlowReturn on_bytes(GstElement* appsink);

    const std::function<void(std::string)> failed_;
    Farewell farewell_;
    const SourceEvents events_;
    std::atomic<bool> receiving_{false};
    base::Pipeline pipeline_;
    UnitFeed feed_;
    TsFeed ts_;
};

}  // namespace weir::ingest
