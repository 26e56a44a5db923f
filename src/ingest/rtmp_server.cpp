// SPDX-License-Identifier: MIT
#include "ingest/rtmp_server.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "ingest/rtmp_session.hpp"
#include "net/stream_server.hpp"

namespace weir::ingest {

namespace {

using SteadyClock = std::chrono::steady_clock;

// Lines for those who are refused: a flood of them must not become a flood of lines.
class RefusalLog {
public:
    void note(const std::string& peer, const std::string& reason) {
        const auto now = SteadyClock::now();
        const std::lock_guard lock(mutex_);
        if (now - second_ >= std::chrono::seconds(1)) {
            second_ = now;
            lines_ = 0;
        }
        if (lines_ >= kLinesASecond) {
            ++untold_;
            return;
        }
        ++lines_;
        const auto untold = std::exchange(untold_, 0);
        if (untold > 0) GST_WARNING("RTMP: %d connections were refused without a line", untold);
        GST_WARNING("RTMP: %s: %s", peer.c_str(), reason.c_str());
    }

private:
    static constexpr int kLinesASecond = 50;
    std::mutex mutex_;  // guards all below
    SteadyClock::time_point second_{};
    int lines_ = 0;
    int untold_ = 0;
};

bool same_secret(const std::string& a, const std::string& b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

// Clients split the path of their URL into application and key in different ways: only the whole
// means something.
std::string path_of(const std::string& app, const std::string& key) {
    return app + '/' + key;
}

bool is_below(const std::string& path, const std::string& folder) {
    return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

bool allowed_by_host(const RtmpListen& config, const PublishRequest& request) {
    if (!config.authorize || !*config.authorize) return true;
    try {
        return (*config.authorize)(request);
    } catch (...) {  // the host's own; nothing of it may reach the network thread
        return false;
    }
}

}  // namespace

class RtmpServer {
public:
    // Errors: as StreamServer::create.
    static Result<std::shared_ptr<RtmpServer>> create(const RtmpListen& config);

    [[nodiscard]] int port() const { return stream_->port(); }
    [[nodiscard]] const RtmpListen& first_config() const { return first_config_; }

    // For leases, with the registry locked.
    // `seen` gets all leases that were looked at: giving back the last reference takes both locks.
    Result<std::shared_ptr<RtmpLease>> lease(const std::shared_ptr<RtmpServer>& self,
                                             const RtmpListen& config,
                                             std::vector<std::shared_ptr<RtmpLease>>& seen);
    void remove(const PublishPoint* point);

    // For connections.
    [[nodiscard]] bool has_app(const std::string& app);
    // Null when nobody listens for it. The request's key is set.
    std::shared_ptr<PublishPoint> find(const RtmpTarget& target, PublishRequest& request);
    RefusalLog& refusals() { return refusals_; }

private:
    struct Entry {
        std::shared_ptr<PublishPoint> point;
        std::weak_ptr<RtmpLease> lease;
    };
    explicit RtmpServer(RtmpListen config) : first_config_(std::move(config)) {}

    const RtmpListen first_config_;
    RefusalLog refusals_;
    std::mutex mutex_;  // guards entries_
    std::vector<Entry> entries_;
    std::unique_ptr<net::StreamServer> stream_;  // last: its thread uses all above
};

namespace {

// ---- Connection -------------------------------------------------------------------------------

// One client. On the network thread only.
class RtmpConnection final : public net::StreamSession {
public:
    RtmpConnection(RtmpServer& server, const std::shared_ptr<net::StreamConnection>& connection)
        : server_(server),
          connection_(*connection),
          handle_(connection),
          session_({[this](const std::string& app) { return on_connect(app); },
                    [this](const RtmpTarget& target) { return on_publish(target); },
                    [this](const FlvUnit& unit) { on_media(unit); }, [this] { on_unpublish(); }}) {}

    void on_bytes(std::span<const std::byte> bytes) override {
        if (over_) return;
        held_up_ = false;
        const auto pushed = session_.push(bytes);
        connection_.send(session_.take_output());
        if (!pushed) return finish(pushed.error().message);
        if (held_up_) connection_.pause();
    }

    void on_closed(const std::string& reason) override {
        leave();
        if (over_) return;  // told when it was decided
        if (published_) {
            GST_INFO("RTMP: publisher %s: %s", connection_.peer().c_str(), reason.c_str());
        } else {
            server_.refusals().note(connection_.peer(), reason);
        }
    }

private:
    // What other threads have in their hands.
    class Handle final : public Publisher {
    public:
        Handle(std::weak_ptr<net::StreamConnection> connection, RtmpConnection& session)
            : connection_(std::move(connection)), session_(session) {}
        void resume() override {
            if (const auto open = connection_.lock()) open->post([open] { open->resume(); });
        }
        void dismiss(const std::string& why) override {
            // The session lives as long as its connection is open, and else nothing is run.
            if (const auto open = connection_.lock()) {
                open->post([session = &session_, why] { session->on_dismissed(why); });
            }
        }

    private:
        const std::weak_ptr<net::StreamConnection> connection_;
        RtmpConnection& session_;
    };

    Result<void> on_connect(const std::string& app) {
        if (server_.has_app(app)) return {};
        return Error{ErrorCode::not_found, "there is no such application here"};
    }

    Result<void> on_publish(const RtmpTarget& target) {
        PublishRequest request{connection_.peer(), target.app, target.stream_key, target.query};
        auto point = server_.find(target, request);
        if (!point) return Error{ErrorCode::not_found, "nobody listens for this stream"};
        if (!allowed_by_host(point->config(), request)) {
            return Error{ErrorCode::unauthorized, "publishing this stream is not allowed"};
        }
        const auto id = point->begin(std::make_shared<Handle>(handle_, *this));
        if (!id) return id.error();
        point_ = std::move(point);
        id_ = *id;
        published_ = true;
        connection_.expect_progress_every(point_->config().idle_timeout, "no media came");
        GST_INFO("RTMP: %s publishes", connection_.peer().c_str());
        return {};
    }

    void on_media(const FlvUnit& unit) {
        connection_.note_progress();
        held_up_ = !point_->push(id_, unit);
    }

    void on_unpublish() {
        leave();
        connection_.expect_setup();
    }

    void on_dismissed(const std::string& why) {
        if (over_) return;
        session_.dismiss(why);
        connection_.send(session_.take_output());
        finish(why);
    }

    void finish(const std::string& why) {
        over_ = true;
        server_.refusals().note(connection_.peer(), why);
        leave();
        connection_.finish(why);
    }

    void leave() {
        held_up_ = false;
        if (const auto point = std::exchange(point_, nullptr)) point->end(id_);
    }

    RtmpServer& server_;
    net::StreamConnection& connection_;
    const std::weak_ptr<net::StreamConnection> handle_;
    RtmpSession session_;
    std::shared_ptr<PublishPoint> point_;  // while it publishes
    std::uint64_t id_ = 0;
    bool published_ = false;
    bool held_up_ = false;
    bool over_ = false;
};

// ---- Registry ---------------------------------------------------------------------------------

// Held while a server is made or taken down, so that one that comes back finds its port free.
struct Registry {
    std::mutex mutex;  // guards servers; before RtmpServer's
    std::map<std::pair<std::string, int>, std::weak_ptr<RtmpServer>> servers;
};

Registry& registry() {
    static auto* const instance = new Registry;  // leases may outlive main()
    return *instance;
}

Error contradiction(const char* field, const RtmpListen& config) {
    return Error{ErrorCode::invalid_argument,
                 "another input on port " + std::to_string(config.port) + " has another one"}
        .in(field);
}

Result<std::shared_ptr<RtmpServer>> find_or_make(Registry& all, const RtmpListen& config) {
    const auto found = all.servers.find({config.address, config.port});
    if (auto server = found == all.servers.end() ? nullptr : found->second.lock()) {
        const RtmpListen& first = server->first_config();
        if (first.certificate_file != config.certificate_file) {
            return contradiction("certificate_file", config);
        }
        if (first.private_key_file != config.private_key_file) {
            return contradiction("private_key_file", config);
        }
        return server;
    }
    std::erase_if(all.servers, [](const auto& entry) { return entry.second.expired(); });
    auto server = RtmpServer::create(config);
    if (server) all.servers[{config.address, (*server)->port()}] = *server;
    return server;
}

}  // namespace

// ---- Server -----------------------------------------------------------------------------------

Result<std::shared_ptr<RtmpServer>> RtmpServer::create(const RtmpListen& config) {
    std::shared_ptr<RtmpServer> server(new RtmpServer(config));
    net::StreamServerOptions options;
    options.address = config.address;
    options.port = config.port;
    options.certificate_file = config.certificate_file;
    options.private_key_file = config.private_key_file;
    RtmpServer& self = *server;
    auto stream = net::StreamServer::create(
        options,
        [&self](const std::shared_ptr<net::StreamConnection>& connection) {
            return std::make_unique<RtmpConnection>(self, connection);
        },
        [&self](const std::string& peer) {
            self.refusals_.note(peer, "there are too many connections");
        });
    if (!stream) return stream.error();
    server->stream_ = std::move(*stream);
    return server;
}

Result<std::shared_ptr<RtmpLease>> RtmpServer::lease(
    const std::shared_ptr<RtmpServer>& self, const RtmpListen& config,
    std::vector<std::shared_ptr<RtmpLease>>& seen) {
    RtmpListen own = config;
    own.port = port();
    const std::lock_guard lock(mutex_);
    for (const Entry& entry : entries_) {
        const RtmpListen& other = entry.point->config();
        const auto live = entry.lease.lock();
        seen.push_back(live);
        if (!live || other.app != config.app || other.stream_key != config.stream_key) continue;
        if (other == own) return live;
        return Error{ErrorCode::already_exists, "another input listens for this stream"}.in(
            "stream_key");
    }
    auto point = std::make_shared<PublishPoint>(own);
    auto lease = std::make_shared<RtmpLease>(self, point);
    entries_.push_back({std::move(point), lease});
    return lease;
}

void RtmpServer::remove(const PublishPoint* point) {
    const std::lock_guard lock(mutex_);
    std::erase_if(entries_, [&](const Entry& entry) { return entry.point.get() == point; });
}

bool RtmpServer::has_app(const std::string& app) {
    const std::lock_guard lock(mutex_);
    return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
        const std::string& own = entry.point->config().app;
        return own == app || is_below(own, app) || is_below(app, own);
    });
}

std::shared_ptr<PublishPoint> RtmpServer::find(const RtmpTarget& target, PublishRequest& request) {
    const std::string path = path_of(target.app, target.stream_key);
    const std::lock_guard lock(mutex_);
    std::shared_ptr<PublishPoint> any;
    for (const Entry& entry : entries_) {
        const RtmpListen& config = entry.point->config();
        const bool exact =
            !config.stream_key.empty() && same_secret(path, path_of(config.app, config.stream_key));
        const bool open = config.stream_key.empty() && is_below(path, config.app) &&
                          path.size() > config.app.size() + 1;
        if (!exact && (!open || any)) continue;
        any = entry.point;
        request.app = config.app;
        request.stream_key = path.substr(config.app.size() + 1);
        if (exact) break;
    }
    return any;
}

// ---- Leases -----------------------------------------------------------------------------------

RtmpLease::~RtmpLease() {
    server_->remove(point_.get());
    point_->close("nobody listens for this stream any more");
    const std::lock_guard lock(registry().mutex);
    server_.reset();
}

int RtmpLease::port() const {
    return server_->port();
}

Result<std::shared_ptr<RtmpLease>> lease_publish_point(const RtmpListen& config) {
    base::ensure_gst_initialised();
    Registry& all = registry();
    std::vector<std::shared_ptr<RtmpLease>> seen;  // goes after the lock
    const std::lock_guard lock(all.mutex);
    auto server = find_or_make(all, config);
    if (!server) return server.error();
    return (*server)->lease(*server, config, seen);
}

}  // namespace weir::ingest
