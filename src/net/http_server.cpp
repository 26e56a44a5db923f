// SPDX-License-Identifier: MIT
//
// One io_context, one thread and one listening socket for each worker; a connection stays with the
// worker that accepted it, so nothing of it is locked. Asio watches sockets and keeps time, Beast
// parses request headers; reading and sending are plain system calls (see OutgoingAnswer), because
// Asio caps one sending step at 64 KB and knows no sendfile.
//
// Only this file and stream_server.cpp include Boost's network headers: they cost seconds to
// compile.
#include "net/http_server.hpp"

#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <cerrno>
#include <ctime>
#include <exception>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <unordered_set>

#include "net/deadline.hpp"
#include "net/http_date.hpp"
#include "net/http_semantics.hpp"
#include "net/outgoing_answer.hpp"
#include "net/signals_blocked.hpp"
#include "net/tcp_listener.hpp"
#include "net/url.hpp"

namespace weir::net {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kReadBytes = 16 * 1024;
constexpr std::uint64_t kTurnBytes = 1024 * 1024;  // sent before other connections get their turn
constexpr std::chrono::milliseconds kLinger{1000};
constexpr std::chrono::milliseconds kAcceptBackoff{100};

struct Counters {
    std::atomic<std::uint64_t> connections = 0;
    std::atomic<std::uint64_t> accepted = 0;
    std::atomic<std::uint64_t> refused = 0;
    std::atomic<std::uint64_t> requests = 0;
    std::atomic<std::uint64_t> bad_requests = 0;
    std::atomic<std::uint64_t> bytes_sent = 0;
};

// What all workers share. Outlives their threads.
struct Shared {
    HttpServerOptions options;
    HttpHandler handler;
    Counters counters;
};

// Where other threads knock with an answer; shut when the worker is gone.
struct Door {
    std::mutex mutex;
    asio::io_context* io = nullptr;  // guarded by mutex
};

std::string_view view(boost::beast::string_view text) {
    return {text.data(), text.size()};
}

using Parser = http::request_parser<http::empty_body>;

// RFC 9110 7.2: what may stand in a Host field; it is compared with nothing, so only its bytes
// matter.
bool is_host(std::string_view value) {
    return value.find_first_of(" \t,/\\@?#\"<>") == std::string_view::npos;
}

// The status that refuses this well-formed header, or 0.
int refusal_of(const Parser& parser) {
    const auto& header = parser.get();
    const auto hosts = header.equal_range(http::field::host);
    const auto host_count = std::distance(hosts.first, hosts.second);
    if (host_count > 1 || (host_count == 0 && header.version() >= 11)) return 400;
    if (host_count == 1 && !is_host(view(hosts.first->value()))) return 400;
    // A Transfer-Encoding that we do not undo would hide where the next request begins.
    if (parser.chunked()) return 413;
    if (header.count(http::field::transfer_encoding) > 0) return 400;
    if (parser.content_length().value_or(0) > 0) return 413;
    const auto expect = header.find(http::field::expect);
    if (expect != header.end() && !equals_ignoring_case(view(expect->value()), "100-continue")) {
        return 417;
    }
    return 0;
}

int status_of(error_code error) {
    if (error == http::error::header_limit) return 431;
    if (error == http::error::body_limit) return 413;
    return 400;
}

std::string_view text_of(int status) {
    switch (status) {
        case 413:
            return "requests may not have a body";
        case 417:
            return "only 100-continue can be expected";
        case 431:
            return "the request header is too long";
        default:
            return "the request is malformed";
    }
}

std::optional<HttpRequest> to_request(const Parser& parser) {
    const auto& header = parser.get();
    HttpRequest request;
    request.method = view(header.method_string());
    const std::string_view target = view(header.target());
    if (target == "*" && request.method == "OPTIONS") {
        request.path = "/";  // RFC 9110 9.3.7: about the server as a whole
    } else {
        auto parsed = parse_target(target);
        if (!parsed) return std::nullopt;
        request.path = std::move(parsed->path);
        request.query = std::move(parsed->query);
    }
    for (const auto& field : header) {
        request.fields.emplace_back(view(field.name_string()), view(field.value()));
    }
    return request;
}

class Connection;

// One request that waits for its answer.
class ServerExchange final : public HttpResponder::Exchange {
public:
    ServerExchange(std::shared_ptr<Door> door, std::weak_ptr<Connection> connection)
        : door_(std::move(door)), connection_(std::move(connection)) {}

    void answer(HttpResponse response) override;

    // The exchange whose handler runs on this thread: it needs no detour through the io_context.
    static thread_local const ServerExchange* current;
    std::optional<HttpResponse> immediate;  // the answer, when it was given inside the handler

private:
    const std::shared_ptr<Door> door_;
    const std::weak_ptr<Connection> connection_;
};

thread_local const ServerExchange* ServerExchange::current = nullptr;

class Worker {
public:
    Worker(Shared& shared, TcpListener listener);

    // The thread's work: returns some time after stop().
    void run();
    // From any thread: accepts no more, ends what can end, and the rest after stop_timeout.
    void stop();
    // After the thread ended: answers that still come fall on the floor.
    void shut_door();

    void forget(const std::shared_ptr<Connection>& connection);
    [[nodiscard]] Shared& shared() { return shared_; }
    [[nodiscard]] const std::shared_ptr<Door>& door() const { return door_; }
    [[nodiscard]] asio::io_context& io() { return io_; }
    [[nodiscard]] std::string_view date();
    [[nodiscard]] std::span<char> scratch() { return scratch_; }

private:
    void accept();
    void on_accept(error_code error, Tcp::socket socket);
    void begin_stop();
    void close_all();
    void leave_when_empty();

    Shared& shared_;
    asio::io_context io_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
    Tcp::acceptor acceptor_{io_};
    asio::steady_timer accept_timer_{io_};
    asio::steady_timer stop_timer_{io_};
    std::shared_ptr<Door> door_ = std::make_shared<Door>();
    std::unordered_set<std::shared_ptr<Connection>> connections_;
    std::array<char, kReadBytes> scratch_{};
    std::string date_;
    std::time_t date_second_ = -1;
    bool stopping_ = false;
};

// One client. Reads a request, lets the handler answer it, sends the answer, and so on; whatever
// happens, at most one system event is awaited in each direction.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(Worker& worker, Tcp::socket socket)
        : worker_(worker), socket_(std::move(socket)), deadline_(worker.io(), *this) {}

    void start();
    void close();
    // No further requests: closes at once unless an answer is under way.
    void wind_down();
    // The answer that was not given inside the handler.
    void answer(HttpResponse response);
    void on_deadline() { close(); }

private:
    enum class State {
        reading,   // a request is awaited, or its rest
        held,      // the handler has it
        sending,   // the answer
        draining,  // all is sent: the client gets time to read it before its last bytes are refused
        closed
    };

    void advance();
    bool take_request();
    bool parse();
    void handle(HttpRequest request);
    void refuse(int status);
    void begin_answer(const HttpResponse& response);
    bool send();
    void end_answer();
    void begin_draining();

    void await_readable();
    void on_readable(error_code error);
    void on_bytes(std::string_view bytes);
    void on_end_of_stream();
    void await_writable();

    [[nodiscard]] const HttpServerOptions& options() const { return worker_.shared().options; }
    [[nodiscard]] std::size_t most_pending() const {
        return options().max_header_bytes + kReadBytes;
    }

    Worker& worker_;
    Tcp::socket socket_;
    Deadline<Connection> deadline_;

    State state_ = State::reading;
    bool awaiting_readable_ = false;
    bool end_of_stream_ = false;  // the client sends no more
    bool header_begun_ = false;   // the header deadline runs
    bool keep_alive_ = false;
    bool http_1_0_ = false;
    bool head_request_ = false;
    std::string pending_;  // received and not parsed yet, at most most_pending()
    std::optional<Parser> parser_;
    OutgoingAnswer outgoing_;
};

void ServerExchange::answer(HttpResponse response) {
    if (current == this) {
        immediate = std::move(response);
        return;
    }
    const std::lock_guard lock(door_->mutex);
    if (!door_->io) return;
    asio::post(*door_->io, [weak = connection_, late = std::move(response)]() mutable {
        if (const auto connection = weak.lock()) connection->answer(std::move(late));
    });
}

// ---- Connection: from request to answer -----------------------------------------------------

void Connection::start() {
    error_code ignored;
    socket_.native_non_blocking(true, ignored);
    socket_.set_option(Tcp::no_delay(true), ignored);
    header_begun_ = true;  // a new client has to say something within the header deadline
    deadline_.set(options().header_timeout);
    advance();
}

void Connection::advance() {
    while (true) {
        switch (state_) {
            case State::reading:
                if (take_request()) break;
                if (state_ != State::reading) break;
                return await_readable();
            case State::held:
            case State::draining:
                return await_readable();
            case State::sending:
                if (!send()) return;
                break;
            case State::closed:
                return;
        }
    }
}

// Whether a whole request, good or bad, was there.
bool Connection::take_request() {
    // RFC 9112 2.2: empty lines before a request are ignored.
    while (!parser_ && pending_.starts_with("\r\n")) pending_.erase(0, 2);
    if (!pending_.empty() && parse()) return true;
    if (end_of_stream_) close();
    return false;
}

bool Connection::parse() {
    if (!parser_) {
        parser_.emplace();
        parser_->header_limit(static_cast<std::uint32_t>(options().max_header_bytes));
    }
    error_code error;
    const std::size_t used = parser_->put(asio::buffer(pending_), error);
    pending_.erase(0, used);
    if (error == http::error::need_more) return false;
    if (error) return refuse(status_of(error)), true;

    const auto& header = parser_->get();
    http_1_0_ = header.version() < 11;
    head_request_ = header.method() == http::verb::head;
    keep_alive_ = parser_->keep_alive();
    if (const int status = refusal_of(*parser_)) return refuse(status), true;
    auto request = to_request(*parser_);
    if (!request) return refuse(400), true;
    parser_.reset();
    handle(std::move(*request));
    return true;
}

void Connection::handle(HttpRequest request) {
    worker_.shared().counters.requests++;
    state_ = State::held;
    deadline_.clear();  // how long a request is held is the handler's decision
    const auto exchange = std::make_shared<ServerExchange>(worker_.door(), weak_from_this());
    ServerExchange::current = exchange.get();
    worker_.shared().handler(std::move(request), HttpResponder(exchange));
    ServerExchange::current = nullptr;
    if (exchange->immediate) begin_answer(*exchange->immediate);
}

// What follows a malformed request has no known beginning, so the connection ends.
void Connection::refuse(int status) {
    worker_.shared().counters.bad_requests++;
    parser_.reset();
    keep_alive_ = false;
    begin_answer(error_response(status, text_of(status)));
}

void Connection::answer(HttpResponse response) {
    if (state_ != State::held) return;
    begin_answer(response);
    advance();
}

void Connection::begin_answer(const HttpResponse& response) {
    outgoing_ = OutgoingAnswer(response, {.date = worker_.date(),
                                          .http_1_0 = http_1_0_,
                                          .keep_alive = keep_alive_,
                                          .head_request = head_request_});
    head_request_ = false;
    state_ = State::sending;
    deadline_.set(options().idle_timeout);
}

// False when the answer waits for the client to read.
bool Connection::send() {
    std::uint64_t sent = 0;
    const auto progress = outgoing_.send_some(socket_.native_handle(), kTurnBytes, sent);
    worker_.shared().counters.bytes_sent += sent;
    if (progress == OutgoingAnswer::Progress::failed) {
        close();
    } else if (progress == OutgoingAnswer::Progress::done) {
        end_answer();
    } else {
        if (sent > 0) deadline_.set(options().idle_timeout);
        await_writable();
        return false;
    }
    return true;
}

void Connection::end_answer() {
    outgoing_ = {};
    if (!keep_alive_) return begin_draining();
    state_ = State::reading;
    header_begun_ = !pending_.empty();
    deadline_.set(header_begun_ ? options().header_timeout : options().idle_timeout);
    if (pending_.empty() && pending_.capacity() > kReadBytes / 4) pending_ = {};
}

// Closing while bytes of the client are unread would make the kernel send a reset, which may
// overtake our last answer (RFC 9112 9.6).
void Connection::begin_draining() {
    if (end_of_stream_) return close();
    error_code ignored;
    socket_.shutdown(Tcp::socket::shutdown_send, ignored);
    state_ = State::draining;
    pending_ = {};
    deadline_.set(kLinger);
}

// ---- Connection: what the socket and the clock say
// -----------------------------------------------

void Connection::await_readable() {
    if (awaiting_readable_ || end_of_stream_ || pending_.size() >= most_pending()) return;
    awaiting_readable_ = true;
    socket_.async_wait(Tcp::socket::wait_read, [self = shared_from_this()](error_code error) {
        self->awaiting_readable_ = false;
        self->on_readable(error);
    });
}

void Connection::on_readable(error_code error) {
    if (state_ == State::closed) return;
    if (error) return close();
    const std::size_t room = std::min(kReadBytes, most_pending() - pending_.size());
    const std::span<char> buffer = worker_.scratch().first(room);
    const ssize_t got = recv(socket_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got == 0) {
        on_end_of_stream();
    } else if (got > 0) {
        on_bytes({buffer.data(), static_cast<std::size_t>(got)});
    } else if (errno != EAGAIN && errno != EINTR) {
        return close();
    }
    // While sending, the next writable event goes on; reading on then would take in more than
    // needed.
    if (state_ != State::sending) advance();
}

void Connection::on_bytes(std::string_view bytes) {
    if (state_ == State::draining) return;
    pending_ += bytes;
    if (state_ != State::reading || header_begun_) return;
    header_begun_ = true;
    deadline_.set(options().header_timeout);
}

// A client that only half-closes after its request looks the same as one that left. While the
// answer is held, the second is what happens in practice: viewers close their players.
void Connection::on_end_of_stream() {
    end_of_stream_ = true;
    if (state_ == State::held || state_ == State::draining) close();
}

void Connection::await_writable() {
    socket_.async_wait(Tcp::socket::wait_write, [self = shared_from_this()](error_code error) {
        if (self->state_ != State::sending) return;
        if (error) return self->close();
        self->advance();
    });
}

void Connection::wind_down() {
    keep_alive_ = false;
    if (state_ != State::held && state_ != State::sending) close();
}

void Connection::close() {
    if (state_ == State::closed) return;
    state_ = State::closed;
    error_code ignored;
    socket_.close(ignored);
    deadline_.cancel();
    outgoing_ = {};
    worker_.shared().counters.connections--;
    worker_.forget(shared_from_this());
}

// ---- Worker ----------------------------------------------------------------------------------

Worker::Worker(Shared& shared, TcpListener listener) : shared_(shared) {
    const auto protocol = listener.is_ipv6() ? Tcp::v6() : Tcp::v4();
    acceptor_.assign(protocol, listener.release());
    door_->io = &io_;
}

void Worker::run() {
    pthread_setname_np(pthread_self(), "weir-net");
    accept();
    io_.run();
}

void Worker::stop() {
    asio::post(io_, [this] { begin_stop(); });
}

void Worker::shut_door() {
    const std::lock_guard lock(door_->mutex);
    door_->io = nullptr;
}

void Worker::accept() {
    acceptor_.async_accept(
        [this](error_code error, Tcp::socket socket) { on_accept(error, std::move(socket)); });
}

void Worker::on_accept(error_code error, Tcp::socket socket) {
    if (stopping_) return;
    if (error) {
        // Out of descriptors or memory: the client stays in the backlog, and trying again at once
        // would spin.
        accept_timer_.expires_after(kAcceptBackoff);
        accept_timer_.async_wait([this](error_code cancelled) {
            if (!cancelled && !stopping_) accept();
        });
        return;
    }
    Counters& counters = shared_.counters;
    counters.accepted++;
    const auto cap = static_cast<std::uint64_t>(shared_.options.max_connections);
    if (counters.connections++ >= cap) {
        counters.connections--;
        counters.refused++;
    } else {
        // Not make_shared: a responder that outlives its connection must not keep its memory.
        const std::shared_ptr<Connection> connection(new Connection(*this, std::move(socket)));
        connections_.insert(connection);
        connection->start();
    }
    accept();
}

void Worker::forget(const std::shared_ptr<Connection>& connection) {
    connections_.erase(connection);
    if (stopping_) leave_when_empty();
}

void Worker::begin_stop() {
    stopping_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    accept_timer_.cancel();
    const auto all = connections_;  // they leave the set while we walk
    for (const auto& connection : all) connection->wind_down();
    stop_timer_.expires_after(shared_.options.stop_timeout);
    stop_timer_.async_wait([this](error_code cancelled) {
        if (!cancelled) close_all();
    });
    leave_when_empty();
}

void Worker::close_all() {
    const auto all = connections_;
    for (const auto& connection : all) connection->close();
    leave_when_empty();
}

void Worker::leave_when_empty() {
    if (!connections_.empty()) return;
    stop_timer_.cancel();
    work_.reset();  // run() returns when the cancelled operations have been told
}

std::string_view Worker::date() {
    const std::time_t now = std::time(nullptr);
    if (now != date_second_) {
        date_second_ = now;
        date_ = to_http_date(HttpTime(std::chrono::seconds(now)));
    }
    return date_;
}

// ---- Server ----------------------------------------------------------------------------------

class AsioHttpServer final : public HttpServer {
public:
    AsioHttpServer(const HttpServerOptions& options, HttpHandler handler,
                   std::vector<TcpListener> listeners)
        : shared_{options, std::move(handler), {}}, port_(listeners.front().port()) {
        for (TcpListener& listener : listeners) {
            workers_.push_back(std::make_unique<Worker>(shared_, std::move(listener)));
        }
    }
    ~AsioHttpServer() override { stop(); }

    void start() {
        const SignalsBlocked guard;
        for (const auto& worker : workers_) threads_.emplace_back(&Worker::run, worker.get());
    }

    [[nodiscard]] int port() const override { return port_; }
    [[nodiscard]] HttpServerStats stats() const override;
    void stop() override;

private:
    Shared shared_;
    const int port_;
    std::mutex stop_mutex_;  // guards threads_
    std::vector<std::unique_ptr<Worker>> workers_;
    std::vector<std::thread> threads_;
};

HttpServerStats AsioHttpServer::stats() const {
    const Counters& now = shared_.counters;
    return {now.connections, now.accepted,     now.refused,
            now.requests,    now.bad_requests, now.bytes_sent};
}

void AsioHttpServer::stop() {
    const std::lock_guard lock(stop_mutex_);
    if (threads_.empty()) return;
    for (const auto& worker : workers_) worker->stop();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    for (const auto& worker : workers_) worker->shut_door();
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::create(const HttpServerOptions& options,
                                                       HttpHandler handler) {
    auto listeners = listen_on(options.address, options.port, std::max(options.threads, 1));
    if (!listeners) return listeners.error();
    try {
        auto server =
            std::make_unique<AsioHttpServer>(options, std::move(handler), std::move(*listeners));
        server->start();
        return std::unique_ptr<HttpServer>(std::move(server));
    } catch (const std::exception& cause) {  // Asio and std::thread, out of descriptors or threads
        return Error{ErrorCode::io, cause.what()}.in("http server");
    }
}

}  // namespace weir::net
