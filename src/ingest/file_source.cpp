// SPDX-License-Identifier: MIT
// A media file, once or for ever.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <system_error>
#include <utility>

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

class FileSource final : public Source {
public:
    FileSource(FileInput config, const media::RawFormat& format,
               const std::shared_ptr<media::MediaSink>& sink, SourceEvents events)
        : config_(std::move(config)),
          events_(std::move(events)),
          pipeline_("weir-file"),
          decoder_(std::make_shared<Decoder>(
              pipeline_.bin(), format, sink,
              DecoderEvents{events_.connected, events_.ended, describe(events_.failed)})) {}

    Result<void> start() override {
        if (auto readable = check_readable(config_.path); !readable) return readable;
        auto source = pipeline_.add("filesrc");
        if (!source) return source.error();
        g_object_set(*source, "location", config_.path.c_str(), nullptr);
        auto decodebin = pipeline_.add("decodebin");
        if (!decodebin) return decodebin.error();
        gst_element_link(*source, *decodebin);
        decoder_->take_from(*decodebin);
        auto started = play(pipeline_, describe(events_.failed));
        if (!started) return started.error().in(config_.path);
        return {};
    }

    bool rewind() override {
        decoder_->begin_round();
        // The media that is queued behind the grid plays on while the demultiplexer starts again.
        return gst_element_seek_simple(pipeline_.element(), GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH,
                                       0) != FALSE;
    }

    const Decoder& decoder() const override { return *decoder_; }

private:
    std::function<void(std::string)> describe(std::function<void(std::string)> failed) const {
        return [failed = std::move(failed), path = config_.path](std::string cause) {
            failed(path + ": " + cause);
        };
    }

    const FileInput config_;
    const SourceEvents events_;
    base::Pipeline pipeline_;
    std::shared_ptr<Decoder> decoder_;
};

}  // namespace

std::unique_ptr<Source> make_file_source(const FileInput& config, const media::RawFormat& format,
                                         const std::shared_ptr<media::MediaSink>& sink,
                                         SourceEvents events) {
    return std::make_unique<FileSource>(config, format, sink, std::move(events));
}

}  // namespace weir::ingest
