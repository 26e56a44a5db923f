// SPDX-License-Identifier: MIT
//
// One io_context, one thread and one listening socket for each worker; a connection stays with the
// worker that accepted it, so nothing of it is locked. Asio watches sockets and keeps time; reading
// and sending are plain system calls (see OutgoingAnswer), because Asio caps one sending step at 64
// KB and knows no sendfile.
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
#include "net/http_exchange.hpp"
#include "net/http_parser.hpp"
#include "net/http_semantics.hpp"
#include "net/outgoing_answer.hpp"
#include "net/signals_blocked.hpp"
#include "net/tcp_listener.hpp"
#include "net/tls_certificate.hpp"
#include "net/tls_session.hpp"

namespace weir::net {

namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kRequestReadBytes = 16 * 1024;
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
    std::unique_ptr<TlsCertificate> certificate;  // null: without TLS
    Counters counters;
};

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

// An IPv4 client of an IPv6 socket by its own address.
std::string address_of(const Tcp::endpoint& peer) {
    const asio::ip::address address = peer.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
    }
    return address.to_string();
}

class HttpConnection;

class Worker {
public:
    Worker(Shared& shared, TcpListener listener);

    // The thread's work: returns some time after stop().
    void run();
    // From any thread: accepts no more, ends what can end, and the rest after stop_timeout.
    void stop();
    // After the thread ended: answers that still come fall on the floor.
    void shut_mailbox();

    void forget(const std::shared_ptr<HttpConnection>& connection);
    [[nodiscard]] Shared& shared() { return shared_; }
    [[nodiscard]] const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }
    [[nodiscard]] asio::io_context& io() { return io_; }
    [[nodiscard]] std::string_view date();
    [[nodiscard]] std::span<char> scratch() { return scratch_; }

private:
    void accept();
    void on_accept(error_code error, Tcp::socket socket);
    void deliver();
    void begin_stop();
    void close_all();
    void leave_when_empty();

    Shared& shared_;
    asio::io_context io_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
    Tcp::acceptor acceptor_{io_};
    Tcp::endpoint peer_;  // of the client that is being accepted
    asio::steady_timer accept_timer_{io_};
    asio::steady_timer stop_timer_{io_};
    const std::shared_ptr<Mailbox> mailbox_ =
        std::make_shared<Mailbox>([this] { asio::post(io_, [this] { deliver(); }); });
    std::unordered_set<std::shared_ptr<HttpConnection>> connections_;
    std::array<char, kRequestReadBytes> scratch_{};
    std::string date_;
    std::time_t date_second_ = -1;
    bool stopping_ = false;
};

// One client. Reads a request, lets the handler answer it, sends the answer, and so on; whatever
// happens, at most one system event is awaited in each direction.
class HttpConnection final : public ServerExchange::Owner,
                             public std::enable_shared_from_this<HttpConnection> {
public:
    HttpConnection(Worker& worker, Tcp::socket socket, std::string peer, ssl_ctx_st* tls)
        : worker_(worker),
          socket_(std::move(socket)),
          deadline_(worker.io(), *this),
          peer_(std::move(peer)) {
        if (tls) tls_ = std::make_unique<TlsSession>(*tls, socket_.native_handle());
    }

    void start();
    void close();
    // No further requests: closes at once unless an answer is under way.
    void wind_down();
    // What was not said inside the handler.
    void on_news() override;
    void on_deadline() { close(); }

private:
    enum class State {
        opening,   // TLS is agreed upon
        reading,   // a request is awaited, or its rest
        held,      // the handler has it
        sending,   // the answer, or what there is of it
        growing,   // all there is of the answer is sent, and more will come
        draining,  // all is sent: the client gets time to read it before its last bytes are refused
        closed
    };

    void advance();
    bool open();
    bool take_request();
    bool may_be_complete();
    bool parse();
    void handle(HttpRequest request);
    void refuse(int status);
    void note_request(const HttpRequest* request);
    void take_news();
    void begin_answer(HttpResponse response, ServerExchange::News news);
    void send_more(std::string head, Body body, bool ended);
    bool send();
    void end_answer();
    void let_go(bool aborted);
    void begin_draining();

    void await_readable();
    void on_readable(error_code error);
    ssize_t receive(std::span<char> into);
    void on_bytes(std::string_view bytes);
    void on_end_of_stream();
    void await_writable();

    [[nodiscard]] const HttpServerOptions& options() const { return worker_.shared().options; }
    [[nodiscard]] std::size_t most_pending() const {
        return options().max_header_bytes + kRequestReadBytes;
    }

    Worker& worker_;
    Tcp::socket socket_;
    Deadline<HttpConnection> deadline_;

    State state_ = State::reading;
    std::unique_ptr<TlsSession> tls_;
    bool awaiting_readable_ = false;
    bool end_of_stream_ = false;  // the client sends no more
    bool header_begun_ = false;   // the header deadline runs
    bool keep_alive_ = false;
    bool http_1_0_ = false;
    bool head_request_ = false;
    bool grows_ = false;  // more of the answer will come than what is being sent
    bool reset_ = false;  // the client must not take the connection's end for the answer's
    const std::string peer_;
    std::string pending_;        // received and not parsed yet, at most most_pending()
    std::size_t looked_at_ = 0;  // of pending_, for a header's end
    int tries_ = 0;              // to read the header that comes in
    OutgoingAnswer outgoing_;
    std::shared_ptr<ServerExchange> exchange_;  // from the request to the end of its answer
    std::unique_ptr<HttpAccess> access_;        // likewise, when somebody wants to know
    std::chrono::steady_clock::time_point began_;
};

// ---- Connection: from request to answer -----------------------------------------------------

void HttpConnection::start() {
    error_code ignored;
    socket_.native_non_blocking(true, ignored);
    socket_.set_option(Tcp::no_delay(true), ignored);
    if (tls_) state_ = State::opening;
    header_begun_ = true;  // a new client has to say something within the header deadline
    deadline_.set(options().header_timeout);
    advance();
}

void HttpConnection::advance() {
    while (true) {
        switch (state_) {
            case State::opening:
                if (!open()) return;
                break;
            case State::reading:
                if (take_request()) break;
                if (state_ != State::reading) break;
                return await_readable();
            case State::held:
            case State::growing:
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

// False while the client's part of the handshake is awaited, or when it failed.
bool HttpConnection::open() {
    switch (tls_->handshake()) {
        case TlsSession::Status::ok:
            state_ = State::reading;
            return true;
        case TlsSession::Status::wants_read:
            await_readable();
            return false;
        case TlsSession::Status::wants_write:
            await_writable();
            return false;
        default:
            worker_.shared().counters.bad_requests++;
            close();
            return false;
    }
}

// Whether a whole request, good or bad, was there.
bool HttpConnection::take_request() {
    // RFC 9112 2.2: empty lines before a request are ignored.
    while (pending_.starts_with("\r\n")) pending_.erase(0, 2);
    if (!pending_.empty() && may_be_complete() && parse()) return true;
    if (end_of_stream_) close();
    return false;
}

// A header that comes byte by byte is not read from its beginning each time.
bool HttpConnection::may_be_complete() {
    constexpr int kTries = 8;  // so many times, in case it is malformed at its beginning
    const std::size_t from = std::exchange(looked_at_, pending_.size());
    if (++tries_ <= kTries || pending_.size() >= options().max_header_bytes) return true;
    return pending_.find("\n\r\n", from < 3 ? 0 : from - 3) != std::string::npos;
}

bool HttpConnection::parse() {
    RequestHeader header = parse_request_header(pending_, options().max_header_bytes);
    if (header.outcome == RequestHeader::Outcome::incomplete) return false;
    pending_.erase(0, header.size);
    looked_at_ = 0;
    tries_ = 0;
    http_1_0_ = header.http_1_0;
    head_request_ = header.request.method == "HEAD";
    keep_alive_ = header.keep_alive;
    if (header.outcome == RequestHeader::Outcome::refused) {
        refuse(header.status);
    } else {
        handle(std::move(header.request));
    }
    return true;
}

void HttpConnection::handle(HttpRequest request) {
    worker_.shared().counters.requests++;
    request.peer = peer_;
    note_request(&request);
    state_ = State::held;
    deadline_.clear();  // how long a request is held is the handler's decision
    exchange_ =
        std::make_shared<ServerExchange>(worker_.mailbox(), *this, options().max_stream_behind);
    {
        const ServerExchange::Here here(*exchange_);
        worker_.shared().handler(std::move(request), HttpResponder(exchange_));
    }
    take_news();
}

// What follows a malformed request has no known beginning, so the connection ends.
void HttpConnection::refuse(int status) {
    worker_.shared().counters.bad_requests++;
    note_request(nullptr);
    keep_alive_ = false;
    begin_answer(error_response(status, text_of(status)), {});
}

// The request that is answered from now on; null for a malformed one.
void HttpConnection::note_request(const HttpRequest* request) {
    if (!options().on_access) return;
    began_ = std::chrono::steady_clock::now();
    access_ = std::make_unique<HttpAccess>();
    access_->time = std::chrono::system_clock::now();
    access_->peer = peer_;
    if (!request) return;
    access_->method = request->method;
    access_->path = request->path;
    access_->query = request->query;
    access_->user_agent = request->field("User-Agent");
}

void HttpConnection::on_news() {
    const auto keep = shared_from_this();
    // What comes while something is being sent is asked for later, but its breaking off.
    if (state_ == State::sending && !exchange_->aborted()) return;
    take_news();
    advance();
}

// Goes on with what the handler has given since the last time. Not while something is being sent.
void HttpConnection::take_news() {
    if (exchange_->aborted()) {
        reset_ = true;
        return close();
    }
    ServerExchange::News news = exchange_->take();
    if (news.head) {
        HttpResponse head = std::move(*news.head);
        return begin_answer(std::move(head), std::move(news));
    }
    if (state_ == State::held) return;
    Body body(std::move(news.body));
    if (body.size() == 0 && !news.ended) {
        state_ = State::growing;
        return deadline_.clear();  // when more comes is the handler's decision
    }
    send_more({}, std::move(body), news.ended);
}

// `news`: of a stream that begins with this response.
void HttpConnection::begin_answer(HttpResponse response, ServerExchange::News news) {
    if (news.streams && http_1_0_) keep_alive_ = false;
    if (access_) access_->status = response.status;
    std::string head = format_head(response, {.date = worker_.date(),
                                              .http_1_0 = http_1_0_,
                                              .keep_alive = keep_alive_,
                                              .grows = news.streams});
    const bool without_body = head_request_ || never_has_body(response.status);
    head_request_ = false;
    grows_ = news.streams && !without_body;
    Body body;
    if (!without_body) body = std::move(response.body);
    if (grows_) body.append(Body(std::move(news.body)));
    send_more(std::move(head), std::move(body), news.ended);
}

void HttpConnection::send_more(std::string head, Body body, bool ended) {
    if (grows_ && !http_1_0_) make_chunk(head, body, ended);
    if (ended) grows_ = false;
    outgoing_ = OutgoingAnswer(std::move(head), std::move(body));
    state_ = State::sending;
    deadline_.set(options().idle_timeout);
}

// False when the answer waits for the client to read.
bool HttpConnection::send() {
    std::uint64_t sent = 0;
    const auto progress = tls_ ? outgoing_.send_some(*tls_, worker_.scratch(), kTurnBytes, sent)
                               : outgoing_.send_some(socket_.native_handle(), kTurnBytes, sent);
    worker_.shared().counters.bytes_sent += sent;
    if (access_) access_->bytes += sent;
    if (progress == OutgoingAnswer::Progress::failed) {
        close();
    } else if (progress == OutgoingAnswer::Progress::done) {
        outgoing_ = {};
        grows_ ? take_news() : end_answer();
    } else {
        if (sent > 0) deadline_.set(options().idle_timeout);
        await_writable();
        return false;
    }
    return true;
}

void HttpConnection::end_answer() {
    let_go(false);
    if (!keep_alive_) return begin_draining();
    state_ = State::reading;
    header_begun_ = !pending_.empty();
    deadline_.set(header_begun_ ? options().header_timeout : options().idle_timeout);
    if (pending_.empty() && pending_.capacity() > kRequestReadBytes / 4) pending_ = {};
}

// The request is over, by its answer's end or the connection's.
void HttpConnection::let_go(bool aborted) {
    if (access_) {
        access_->aborted = aborted;
        access_->duration = std::chrono::duration_cast<std::chrono::microseconds>(
            std::chrono::steady_clock::now() - began_);
        options().on_access(*std::exchange(access_, nullptr));
    }
    if (const auto exchange = std::move(exchange_)) exchange->finish(aborted);
}

// Closing while bytes of the client are unread would make the kernel send a reset, which may
// overtake our last answer (RFC 9112 9.6).
void HttpConnection::begin_draining() {
    if (end_of_stream_) return close();
    if (tls_) tls_->end();
    error_code ignored;
    socket_.shutdown(Tcp::socket::shutdown_send, ignored);
    state_ = State::draining;
    pending_ = {};
    deadline_.set(kLinger);
}

// ---- Connection: what the socket and the clock say
// -----------------------------------------------

void HttpConnection::await_readable() {
    if (awaiting_readable_ || end_of_stream_ || pending_.size() >= most_pending()) return;
    awaiting_readable_ = true;
    if (tls_ && tls_->has_pending()) {
        // The socket may stay silent: what it had is in OpenSSL's hands.
        return asio::post(worker_.io(), [self = shared_from_this()] {
            self->awaiting_readable_ = false;
            self->on_readable({});
        });
    }
    socket_.async_wait(Tcp::socket::wait_read, [self = shared_from_this()](error_code error) {
        self->awaiting_readable_ = false;
        self->on_readable(error);
    });
}

void HttpConnection::on_readable(error_code error) {
    if (state_ == State::closed) return;
    if (error) return close();
    if (state_ == State::opening) return advance();
    const std::size_t room = std::min(kRequestReadBytes, most_pending() - pending_.size());
    const std::span<char> buffer = worker_.scratch().first(room);
    const ssize_t got = receive(buffer);
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

// As recv().
ssize_t HttpConnection::receive(std::span<char> into) {
    if (!tls_) return recv(socket_.native_handle(), into.data(), into.size(), MSG_DONTWAIT);
    const TlsSession::Outcome outcome = tls_->read(into);
    switch (outcome.status) {
        case TlsSession::Status::ok:
            return static_cast<ssize_t>(outcome.bytes);
        case TlsSession::Status::ended:
            return 0;
        case TlsSession::Status::failed:
            errno = EPROTO;
            return -1;
        default:
            errno = EAGAIN;
            return -1;
    }
}

void HttpConnection::on_bytes(std::string_view bytes) {
    if (state_ == State::draining) return;
    pending_ += bytes;
    if (state_ != State::reading || header_begun_) return;
    header_begun_ = true;
    deadline_.set(options().header_timeout);
}

// A client that only half-closes after its request looks the same as one that left. While the
// answer is held, the second is what happens in practice: viewers close their players.
void HttpConnection::on_end_of_stream() {
    end_of_stream_ = true;
    if (state_ != State::reading && state_ != State::sending) close();
}

void HttpConnection::await_writable() {
    socket_.async_wait(Tcp::socket::wait_write, [self = shared_from_this()](error_code error) {
        if (self->state_ != State::sending && self->state_ != State::opening) return;
        if (error) return self->close();
        self->advance();
    });
}

void HttpConnection::wind_down() {
    keep_alive_ = false;
    if (state_ != State::held && state_ != State::sending && state_ != State::growing) close();
}

void HttpConnection::close() {
    if (state_ == State::closed) return;
    error_code ignored;
    if (tls_ && state_ == State::reading) tls_->end();
    state_ = State::closed;
    if (reset_) socket_.set_option(Tcp::socket::linger(true, 0), ignored);
    socket_.close(ignored);
    deadline_.cancel();
    outgoing_ = {};
    let_go(true);
    worker_.shared().counters.connections--;
    worker_.forget(shared_from_this());
}

// ---- Worker ----------------------------------------------------------------------------------

Worker::Worker(Shared& shared, TcpListener listener) : shared_(shared) {
    const auto protocol = listener.is_ipv6() ? Tcp::v6() : Tcp::v4();
    acceptor_.assign(protocol, listener.release());
}

void Worker::run() {
    pthread_setname_np(pthread_self(), "weir-net");
    accept();
    io_.run();
}

void Worker::stop() {
    asio::post(io_, [this] { begin_stop(); });
}

void Worker::shut_mailbox() {
    mailbox_->shut();
    deliver();
}

void Worker::deliver() {
    for (const auto& exchange : mailbox_->take()) exchange->deliver();
}

void Worker::accept() {
    acceptor_.async_accept(peer_, [this](error_code error, Tcp::socket socket) {
        on_accept(error, std::move(socket));
    });
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
        const auto tls = shared_.certificate ? shared_.certificate->current() : nullptr;
        const std::shared_ptr<HttpConnection> connection(
            new HttpConnection(*this, std::move(socket), address_of(peer_), tls.get()));
        connections_.insert(connection);
        connection->start();
    }
    accept();
}

void Worker::forget(const std::shared_ptr<HttpConnection>& connection) {
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
                   std::unique_ptr<TlsCertificate> certificate, std::vector<TcpListener> listeners)
        : shared_{options, std::move(handler), std::move(certificate), {}},
          port_(listeners.front().port()) {
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
    Result<void> reload_certificate() override;
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

Result<void> AsioHttpServer::reload_certificate() {
    if (shared_.certificate) return shared_.certificate->reload();
    return Error{ErrorCode::invalid_argument, "certificate_file: none is configured"};
}

void AsioHttpServer::stop() {
    const std::lock_guard lock(stop_mutex_);
    if (threads_.empty()) return;
    for (const auto& worker : workers_) worker->stop();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    for (const auto& worker : workers_) worker->shut_mailbox();
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::create(const HttpServerOptions& options,
                                                       HttpHandler handler) {
    std::unique_ptr<TlsCertificate> certificate;
    if (!options.certificate_file.empty() || !options.private_key_file.empty()) {
        auto loaded =
            TlsCertificate::load({options.certificate_file, options.private_key_file}, "http/1.1");
        if (!loaded) return loaded.error();
        certificate = std::move(*loaded);
    }
    auto listeners = listen_on(options.address, options.port, std::max(options.threads, 1));
    if (!listeners) return listeners.error();
    try {
        auto server = std::make_unique<AsioHttpServer>(
            options, std::move(handler), std::move(certificate), std::move(*listeners));
        server->start();
        return std::unique_ptr<HttpServer>(std::move(server));
    } catch (const std::exception& cause) {  // Asio and std::thread, out of descriptors or threads
        return Error{ErrorCode::io, cause.what()}.in("http server");
    }
}

}  // namespace weir::net
