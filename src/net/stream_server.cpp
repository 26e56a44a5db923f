// SPDX-License-Identifier: MIT
//
// One io_context and one thread: media servers have few clients, and their sessions' common state
// needs no lock among themselves.
#include "net/stream_server.hpp"

#include <pthread.h>

#include <array>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <thread>
#include <type_traits>
#include <unordered_set>

#include "net/deadline.hpp"
#include "net/signals_blocked.hpp"
#include "net/tcp_listener.hpp"
#include "net/tls_certificate.hpp"

namespace weir::net {

namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using Tcp = asio::ip::tcp;
using TlsStream = ssl::stream<Tcp::socket>;
using boost::system::error_code;

constexpr std::size_t kReadBytes = 16 * 1024;
constexpr std::chrono::milliseconds kStreamAcceptBackoff{100};

std::string text_of(const Tcp::endpoint& endpoint) {
    const std::string address = endpoint.address().to_string();
    const bool v6 = endpoint.address().is_v6();
    return (v6 ? '[' + address + ']' : address) + ':' + std::to_string(endpoint.port());
}

class Connection;

// What all connections share. Outlives them.
struct Hub {
    StreamServerOptions options;
    StreamServer::MakeSession make;
    StreamServer::Refused refused;
    std::unordered_set<std::shared_ptr<Connection>> connections{};
    std::atomic<int> open{0};
};

// All of a connection that does not depend on TLS.
class Connection : public StreamConnection, public std::enable_shared_from_this<Connection> {
public:
    Connection(Hub& hub, asio::io_context& io, std::string peer)
        : hub_(hub), io_(io), deadline_(io, *this), peer_(std::move(peer)) {}

    void start() {
        session_ = hub_.make(shared_from_this());
        deadline_.set(hub_.options.setup_timeout);
        open();
    }
    void close(const std::string& reason);
    void on_deadline();

    [[nodiscard]] const std::string& peer() const override { return peer_; }
    void send(std::vector<std::byte> bytes) override;
    void finish(const std::string& reason) override;
    void pause() override { paused_ = true; }
    void resume() override;
    void expect_progress_every(std::chrono::milliseconds timeout, std::string missing) override;
    void note_progress() override;
    void expect_setup() override;
    void post(std::function<void()> task) override;

protected:
    virtual void open() = 0;                                  // calls on_open()
    virtual void read_some(std::span<std::byte> into) = 0;    // calls on_read()
    virtual void write(std::span<const std::byte> from) = 0;  // calls on_written()
    virtual Tcp::socket& socket() = 0;

    void on_open(error_code error);
    void on_read(error_code error, std::size_t size);
    void on_written(error_code error);

private:
    enum class State { opening, open, finishing, draining, closed };

    void read();
    void write_next();
    void drain();

    Hub& hub_;
    asio::io_context& io_;
    Deadline<Connection> deadline_;
    const std::string peer_;
    std::unique_ptr<StreamSession> session_;
    State state_ = State::opening;
    std::string reason_;  // why it finishes
    bool paused_ = false;
    bool reading_ = false;
    bool writing_ = false;
    std::optional<std::chrono::milliseconds> idle_;
    std::string missing_;  // when it ends for that
    std::array<std::byte, kReadBytes> buffer_{};
    std::deque<std::vector<std::byte>> queue_;
    std::size_t queue_bytes_ = 0;
};

// ---- Connection: reading ----------------------------------------------------------------------

void Connection::on_open(error_code error) {
    if (state_ == State::closed) return;
    if (error) return close("TLS: " + error.message());
    if (state_ == State::opening) state_ = State::open;
    read();
    write_next();
}

void Connection::read() {
    const bool wanted = (state_ == State::open && !paused_) || state_ == State::finishing ||
                        state_ == State::draining;
    if (!wanted || reading_) return;
    reading_ = true;
    read_some(buffer_);
}

void Connection::on_read(error_code error, std::size_t size) {
    reading_ = false;
    if (state_ == State::closed) return;
    if (error) {
        const bool ended = error == asio::error::eof || error == ssl::error::stream_truncated;
        return close(!reason_.empty() ? reason_ : ended ? "the client left" : error.message());
    }
    if (state_ == State::open) {
        session_->on_bytes(std::span(buffer_).first(size));
    }
    read();
}

void Connection::resume() {
    if (!paused_) return;
    paused_ = false;
    if (idle_) deadline_.set(*idle_);
    read();
}

// ---- Connection: writing and ending -----------------------------------------------------------

void Connection::send(std::vector<std::byte> bytes) {
    if (state_ == State::closed || state_ == State::draining || bytes.empty()) return;
    queue_bytes_ += bytes.size();
    queue_.push_back(std::move(bytes));
    if (queue_bytes_ > hub_.options.max_queue_bytes) {
        // Not from here: whoever sends is not prepared for the end of the connection.
        return post([this] { close("the client does not read what it is told"); });
    }
    write_next();
}

void Connection::write_next() {
    if (writing_ || state_ == State::opening || state_ == State::closed) return;
    if (queue_.empty()) {
        if (state_ == State::finishing) drain();
        return;
    }
    writing_ = true;
    write(queue_.front());
}

void Connection::on_written(error_code error) {
    writing_ = false;
    if (state_ == State::closed) return;
    if (error) return close(reason_.empty() ? error.message() : reason_);
    queue_bytes_ -= queue_.front().size();
    queue_.pop_front();
    write_next();
}

void Connection::finish(const std::string& reason) {
    if (state_ == State::closed || state_ == State::finishing || state_ == State::draining) return;
    reason_ = reason;
    idle_.reset();
    state_ = State::finishing;
    deadline_.set(hub_.options.linger);
    write_next();
    read();
}

// Closing while bytes of the client are unread would make the kernel send a reset, which may
// overtake our last answer.
void Connection::drain() {
    state_ = State::draining;
    error_code ignored;
    socket().shutdown(Tcp::socket::shutdown_send, ignored);
}

void Connection::close(const std::string& reason) {
    if (state_ == State::closed) return;
    state_ = State::closed;
    const auto self = shared_from_this();
    error_code ignored;
    socket().close(ignored);
    deadline_.cancel();
    hub_.open--;
    session_->on_closed(reason);
    session_.reset();
    hub_.connections.erase(self);
}

void Connection::post(std::function<void()> task) {
    asio::post(io_, [weak = weak_from_this(), task = std::move(task)] {
        const auto self = weak.lock();
        if (self && self->state_ != State::closed) task();
    });
}

// ---- Connection: time -------------------------------------------------------------------------

void Connection::expect_progress_every(std::chrono::milliseconds timeout, std::string missing) {
    idle_ = timeout;
    missing_ = std::move(missing);
    note_progress();
}

void Connection::note_progress() {
    if (idle_) deadline_.set(*idle_);
}

void Connection::expect_setup() {
    idle_.reset();
    deadline_.set(hub_.options.setup_timeout);
}

void Connection::on_deadline() {
    if (state_ == State::closed) return;
    if (paused_ && idle_) return deadline_.set(*idle_);  // it is us who do not read
    if (!reason_.empty()) return close(reason_);
    close(idle_ ? missing_ + " for " + std::to_string(idle_->count()) + " ms"
                : "it took too long to say what it wants");
}

// ---- Connection: with and without TLS ---------------------------------------------------------

template <class Stream>
class ConnectionOver final : public Connection {
public:
    template <class... More>
    ConnectionOver(Hub& hub, asio::io_context& io, std::string peer, Tcp::socket socket,
                   More&... more)
        : Connection(hub, io, std::move(peer)), stream_(std::move(socket), more...) {}

private:
    static constexpr bool kTls = std::is_same_v<Stream, TlsStream>;

    std::shared_ptr<ConnectionOver> self() {
        return std::static_pointer_cast<ConnectionOver>(shared_from_this());
    }
    void open() override {
        if constexpr (kTls) {
            stream_.async_handshake(ssl::stream_base::server,
                                    [self = self()](error_code error) { self->on_open(error); });
        } else {
            on_open({});
        }
    }
    void read_some(std::span<std::byte> into) override {
        stream_.async_read_some(
            asio::buffer(into.data(), into.size()),
            [self = self()](error_code error, std::size_t size) { self->on_read(error, size); });
    }
    void write(std::span<const std::byte> from) override {
        asio::async_write(
            stream_, asio::buffer(from.data(), from.size()),
            [self = self()](error_code error, std::size_t) { self->on_written(error); });
    }
    Tcp::socket& socket() override {
        if constexpr (kTls) {
            return stream_.next_layer();
        } else {
            return stream_;
        }
    }

    Stream stream_;
};

// ---- Server -----------------------------------------------------------------------------------

class AsioStreamServer final : public StreamServer {
public:
    AsioStreamServer(const StreamServerOptions& options, MakeSession make, Refused refused,
                     std::optional<ssl::context> tls, TcpListener listener)
        : hub_{options, std::move(make), std::move(refused)},
          tls_(std::move(tls)),
          port_(listener.port()) {
        const auto protocol = listener.is_ipv6() ? Tcp::v6() : Tcp::v4();
        acceptor_.assign(protocol, listener.release());
    }
    ~AsioStreamServer() override {
        if (!thread_.joinable()) return;
        asio::post(io_, [this] { stop(); });
        thread_.join();
    }

    void start() {
        const SignalsBlocked guard;
        thread_ = std::thread([this] {
            pthread_setname_np(pthread_self(), "weir-stream");
            accept();
            io_.run();
        });
    }

    [[nodiscard]] int port() const override { return port_; }
    [[nodiscard]] int connections() const override { return hub_.open; }
    void post(std::function<void()> task) override { asio::post(io_, std::move(task)); }

private:
    void accept() {
        acceptor_.async_accept(
            [this](error_code error, Tcp::socket socket) { on_accept(error, std::move(socket)); });
    }
    void on_accept(error_code error, Tcp::socket socket);
    void admit(Tcp::socket socket);
    void stop();

    Hub hub_;
    std::optional<ssl::context> tls_;
    const int port_;
    asio::io_context io_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
    Tcp::acceptor acceptor_{io_};
    asio::steady_timer accept_timer_{io_};
    bool stopping_ = false;
    std::thread thread_;
};

void AsioStreamServer::on_accept(error_code error, Tcp::socket socket) {
    if (stopping_) return;
    if (error) {
        // Out of descriptors or memory: the client stays in the backlog, and trying again at once
        // would spin.
        accept_timer_.expires_after(kStreamAcceptBackoff);
        accept_timer_.async_wait([this](error_code cancelled) {
            if (!cancelled && !stopping_) accept();
        });
        return;
    }
    admit(std::move(socket));
    accept();
}

void AsioStreamServer::admit(Tcp::socket socket) {
    error_code error;
    const auto endpoint = socket.remote_endpoint(error);
    if (error) return;  // gone already
    std::string peer = text_of(endpoint);
    if (hub_.open >= hub_.options.max_connections) return hub_.refused(peer);
    socket.set_option(Tcp::no_delay(true), error);
    std::shared_ptr<Connection> connection;
    if (tls_) {
        connection = std::make_shared<ConnectionOver<TlsStream>>(hub_, io_, std::move(peer),
                                                                 std::move(socket), *tls_);
    } else {
        connection = std::make_shared<ConnectionOver<Tcp::socket>>(hub_, io_, std::move(peer),
                                                                   std::move(socket));
    }
    hub_.open++;
    hub_.connections.insert(connection);
    connection->start();
}

void AsioStreamServer::stop() {
    stopping_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    accept_timer_.cancel();
    const auto all = hub_.connections;  // they leave the set while we walk
    for (const auto& connection : all) connection->close("the server stops");
    work_.reset();  // run() returns when the cancelled operations have been told
}

Result<std::optional<ssl::context>> make_tls(const StreamServerOptions& options) {
    if (options.certificate_file.empty() && options.private_key_file.empty()) {
        return std::optional<ssl::context>();
    }
    auto loaded = load_tls_context({options.certificate_file, options.private_key_file}, "");
    if (!loaded) return loaded.error();
    SSL_CTX_up_ref(loaded->get());  // Asio's context gives one back
    return std::optional<ssl::context>(std::in_place, loaded->get());
}

}  // namespace

Result<std::unique_ptr<StreamServer>> StreamServer::create(const StreamServerOptions& options,
                                                           MakeSession make, Refused refused) {
    try {
        auto tls = make_tls(options);
        if (!tls) return tls.error();
        auto listeners = listen_on(options.address, options.port, 1);
        if (!listeners) return listeners.error();
        auto server =
            std::make_unique<AsioStreamServer>(options, std::move(make), std::move(refused),
                                               std::move(*tls), std::move(listeners->front()));
        server->start();
        return std::unique_ptr<StreamServer>(std::move(server));
    } catch (const std::exception& cause) {  // Asio and std::thread, out of descriptors or threads
        return Error{ErrorCode::io, cause.what()}.in("stream server");
    }
}

}  // namespace weir::net
