// SPDX-License-Identifier: MIT
// Media files one after another, once or for ever.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <system_error>
#include <utility>
#include <vector>

#include "ingest/play.hpp"
#include "ingest/source.hpp"

namespace weir::ingest {

namespace {

Result<void> check_readable(const std::string& path) {
    if (::access(path.c_str(), R_OK) != 0) {
        const int cause = errno;
        return Error{cause == ENOENT ? ErrorCode::not_found : ErrorCode::unauthorized,
                     path + ": " + std::generic_category().message(cause)};
    }
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        return Error{ErrorCode::io, path + ": " + std::generic_category().message(errno)};
    }
    if (S_ISDIR(status.st_mode)) {
        return Error{ErrorCode::invalid_argument, path + ": is a directory"};
    }
    // Opening a pipe would wait for its writer, on the control thread.
    if (!S_ISREG(status.st_mode)) {
        return Error{ErrorCode::invalid_argument, path + ": is no regular file"};
    }
    return {};
}

// One file as it plays, once or again and again.
struct Reel {
    explicit Reel(std::function<std::shared_ptr<Decoder>(GstBin*)> make)
        : pipeline("weir-file"), decoder(make(pipeline.bin())) {}
    ~Reel() {
        later.call_off();
        decoder->stop();
    }

    base::Pipeline pipeline;
    std::shared_ptr<Decoder> decoder;
    Later later;  // the seek to where it begins
};

class FileSource final : public Source {
public:
    FileSource(FileInput config, Delivery delivery, SourceEvents events)
        : config_(std::move(config)), delivery_(std::move(delivery)), events_(std::move(events)) {
        paths_.push_back(config_.path);
        paths_.insert(paths_.end(), config_.more.begin(), config_.more.end());
    }

    Result<void> start() override {
        if (!delivery_.raw) {
            return Error{ErrorCode::unsupported, "a file is always decoded, and nobody wants that"};
        }
        for (current_ = 0; current_ < paths_.size(); ++current_) {
            if (auto readable = check_readable(paths_[current_]); !readable) return readable;
        }
        return open(0, {});
    }

    bool rewind() override {
        if (paths_.size() > 1) return follow(0);
        reel_->decoder->begin_round();
        // The media that is queued behind the grid plays on while the demultiplexer starts again.
        return reel_->decoder->seek({});
    }

    bool next() override { return current_ + 1 < paths_.size() && follow(current_ + 1); }

    std::string field() const override {
        return current_ == 0 ? "path" : "more[" + std::to_string(current_ - 1) + "]";
    }
    std::uint64_t arrivals() const override {
        return arrivals_before_ + (reel_ ? reel_->decoder->arrivals() : 0);
    }
    StreamInfo info() const override { return reel_ ? reel_->decoder->info() : StreamInfo{}; }
    media::MediaTime end_time() const override {
        return reel_ ? reel_->decoder->end_time() : media::MediaTime{};
    }

private:
    bool follow(std::size_t index) {
        arrivals_before_ = arrivals();
        const auto begin = end_time();
        if (auto opened = open(index, begin); !opened) events_.failed(opened.error().message);
        return true;
    }

    // The file plays from its beginning, which lies at `begin` in source time.
    Result<void> open(std::size_t index, media::MediaTime begin) {
        reel_ = nullptr;
        current_ = index;
        const std::string& path = paths_[index];
        if (auto readable = check_readable(path); !readable) return readable;
        reel_ = std::make_unique<Reel>([&](GstBin* bin) {
            return std::make_shared<Decoder>(
                bin, delivery_.format, delivery_.raw,
                DecoderEvents{flowing(), events_.ended, describe(path)});
        });
        if (opened_before_) reel_->decoder->begin_at(begin);
        auto source = reel_->pipeline.add("filesrc");
        if (!source) return source.error();
        g_object_set(*source, "location", path.c_str(), nullptr);
        auto decodebin = reel_->pipeline.add("decodebin");
        if (!decodebin) return decodebin.error();
        gst_element_link(*source, *decodebin);
        reel_->decoder->take_from(*decodebin);
        const bool first = !std::exchange(opened_before_, true);
        auto started = first && config_.start_at.count() > 0
                           ? play_from(config_.start_at, path)
                           : play(reel_->pipeline, describe(path));
        if (!started) return started.error().in(path);
        return {};
    }

    // A demultiplexer can seek when it knows what it has, which is before the first picture.
    Result<void> play_from(std::chrono::milliseconds begin, const std::string& path) {
        const auto reported = std::make_shared<std::atomic<bool>>(false);
        const auto seek = [begin, decoder = std::weak_ptr(reel_->decoder)](GstElement* pipeline) {
            if (const auto own = decoder.lock()) own->seek(begin, GST_SEEK_FLAG_ACCURATE);
            gst_element_set_state(pipeline, GST_STATE_PLAYING);
        };
        Reel* reel = reel_.get();
        reel->decoder->discard_until_seek();
        reel->pipeline.on_message([failed = describe(path), reported, reel, seek,
                                   sought = false](GstMessage* message) mutable {
            if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
                *reported = true;
                failed(base::message_text(message));
            }
            const bool ready = GST_MESSAGE_TYPE(message) == GST_MESSAGE_ASYNC_DONE &&
                               GST_MESSAGE_SRC(message) == GST_OBJECT(reel->pipeline.element());
            if (ready && !std::exchange(sought, true)) {
                reel->later.run(reel->pipeline.element(), seek);
            }
        });
        const auto paused = gst_element_set_state(reel->pipeline.element(), GST_STATE_PAUSED);
        if (paused == GST_STATE_CHANGE_FAILURE && !*reported) {
            return Error{ErrorCode::internal, "the pipeline does not start"};
        }
        return {};
    }

    // Of all files the first media of the first one counts.
    std::function<void(const StreamInfo&)> flowing() {
        return opened_before_ ? [](const StreamInfo&) {} : events_.connected;
    }

    std::function<void(std::string)> describe(const std::string& path) const {
        return [failed = events_.failed, path](std::string cause) { failed(path + ": " + cause); };
    }

    const FileInput config_;
    const Delivery delivery_;
    const SourceEvents events_;
    std::vector<std::string> paths_;
    std::size_t current_ = 0;
    bool opened_before_ = false;
    std::uint64_t arrivals_before_ = 0;  // of the files before this one
    std::unique_ptr<Reel> reel_;
};

}  // namespace

std::unique_ptr<Source> make_source(const FileInput& config, const Delivery& delivery,
                                    SourceEvents events) {
    return std::make_unique<FileSource>(config, delivery, std::move(events));
}

}  // namespace weir::ingest
