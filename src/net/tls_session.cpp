// SPDX-License-Identifier: MIT
#include "net/tls_session.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace weir::net {

TlsSession::TlsSession(ssl_ctx_st& context, int socket) : session_(SSL_new(&context), &SSL_free) {
    failed_ = !session_ || SSL_set_fd(session_.get(), socket) != 1;
    if (!failed_) SSL_set_accept_state(session_.get());
}

TlsSession::Status TlsSession::handshake() {
    if (failed_) return Status::failed;
    ERR_clear_error();
    const int result = SSL_do_handshake(session_.get());
    return result == 1 ? Status::ok : status_of(result);
}

TlsSession::Outcome TlsSession::read(std::span<char> into) {
    if (failed_) return {};
    ERR_clear_error();
    std::size_t bytes = 0;
    const int result = SSL_read_ex(session_.get(), into.data(), into.size(), &bytes);
    return {result == 1 ? Status::ok : status_of(result), bytes};
}

TlsSession::Outcome TlsSession::write(std::span<const char> from) {
    if (failed_) return {};
    ERR_clear_error();
    std::size_t bytes = 0;
    const int result = SSL_write_ex(session_.get(), from.data(), from.size(), &bytes);
    return {result == 1 ? Status::ok : status_of(result), bytes};
}

bool TlsSession::has_pending() const {
    return !failed_ && SSL_has_pending(session_.get()) == 1;
}

void TlsSession::end() {
    if (failed_ || SSL_in_init(session_.get())) return;
    ERR_clear_error();
    SSL_shutdown(session_.get());  // what does not fit into the socket is not sent
}

TlsSession::Status TlsSession::status_of(int result) {
    switch (SSL_get_error(session_.get(), result)) {
        case SSL_ERROR_WANT_READ:
            return Status::wants_read;
        case SSL_ERROR_WANT_WRITE:
            return Status::wants_write;
        case SSL_ERROR_ZERO_RETURN:
            return Status::ended;
        default:
            failed_ = true;
            return Status::failed;
    }
}

}  // namespace weir::net
