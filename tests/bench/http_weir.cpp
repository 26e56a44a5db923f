// SPDX-License-Identifier: MIT
// Serves what http.py measures: playlists out of memory, segments out of a memory file, requests
// that are held until somebody asks for /answer. Prints its port; ends when its input does.
//
// Usage: http_weir THREADS [CERTIFICATE KEY]
// Threads: the endpoint's own state is locked.
#include <sys/mman.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <thread>

#include "net/http_semantics.hpp"
#include "origin/origin_impl.hpp"
#include "origin/playlist_cache.hpp"

namespace {

using namespace weir;

Bytes in_memory_file(std::size_t size) {
    const std::string content(size, 'x');
    auto* fd = new int(memfd_create("segment", MFD_CLOEXEC));
    if (write(*fd, content.data(), size) != static_cast<ssize_t>(size)) std::abort();
    return Bytes::from_file({fd,
                             [](int* held) {
                                 close(*held);
                                 delete held;
                             }},
                            0, size);
}

std::string playlist(std::size_t size) {
    std::string text = "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:2\n";
    for (int i = 0; text.size() < size; ++i) {
        text += "#EXTINF:2.00000,\n720p/" + std::to_string(900'000'000 + i) + "-a.ts\n";
    }
    text.resize(size, '\n');
    return text;
}

class BenchEndpoint final : public origin::Endpoint {
public:
    BenchEndpoint() : answerer_([this] { answer_when_asked(); }) {
        const auto add_playlist = [this](const char* name, std::size_t size) {
            entities_[name] = origin::playlist_entity(playlist(size), "max-age=1");
        };
        const auto add_segment = [this](const char* name, std::size_t size) {
            net::Entity& entity = entities_[name];
            entity.content_type = "video/mp2t";
            entity.cache_control = "public, max-age=31536000, immutable";
            entity.etag = '"' + std::string(name) + '"';
            entity.body = in_memory_file(size);
        };
        add_playlist("20k.m3u8", 20'000);
        add_playlist("200k.m3u8", 200'000);
        add_segment("250k.ts", 250'000);
        add_segment("1m.ts", 1'000'000);
    }
    ~BenchEndpoint() override {
        {
            const std::lock_guard lock(mutex_);
            ends_ = true;
        }
        changed_.notify_one();
        answerer_.join();
    }

    void handle(const net::HttpRequest& request, std::string_view path,
                net::HttpResponder responder) override {
        if (path == "held") {
            const std::lock_guard lock(mutex_);
            held_.push_back({request, std::move(responder)});
            return;
        }
        if (path == "answer") {
            {
                const std::lock_guard lock(mutex_);
                asked_ = true;
            }
            changed_.notify_one();
            return std::move(responder).respond({204, {}, {}});
        }
        const auto found = entities_.find(path);
        if (found == entities_.end()) {
            return std::move(responder).respond(net::error_response(404, "there is nothing here"));
        }
        const net::Entity entity = found->second;  // a copy, as the playlist cache gives it
        std::move(responder).respond(net::answer(request, entity));
    }

private:
    struct Held {
        net::HttpRequest request;
        net::HttpResponder responder;
    };

    // As the thread that publishes a part does.
    void answer_when_asked() {
        std::unique_lock lock(mutex_);
        while (true) {
            changed_.wait(lock, [this] { return asked_ || ends_; });
            if (ends_) return;
            asked_ = false;
            std::vector<Held> all = std::exchange(held_, {});
            lock.unlock();
            const net::Entity entity = entities_.find("20k.m3u8")->second;
            for (Held& held : all) {
                std::move(held.responder).respond(net::answer(held.request, entity));
            }
            all.clear();
            lock.lock();
        }
    }

    std::map<std::string, net::Entity, std::less<>> entities_;
    std::mutex mutex_;  // guards all below
    std::condition_variable changed_;
    std::vector<Held> held_;
    bool asked_ = false;
    bool ends_ = false;
    std::thread answerer_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2 && argc != 4) return 2;
    OriginConfig config{.port = 0,
                        .threads = std::atoi(argv[1]),
                        .max_connections = 20'000,
                        .idle_timeout = std::chrono::minutes(5)};
    if (argc == 4) {
        config.certificate_file = argv[2];
        config.private_key_file = argv[3];
    }
    origin::Service service;
    service.open(config).value();
    service.mount("/b", std::make_shared<BenchEndpoint>()).value();
    std::printf("%d\n", service.port());
    std::fflush(stdout);
    while (std::getchar() != EOF) continue;
    service.stop();
    return 0;
}
