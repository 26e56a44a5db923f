// SPDX-License-Identifier: MIT
#include "net/tls_certificate.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <system_error>
#include <utility>

#include "base/log.hpp"

namespace weir::net {

namespace {

constexpr std::chrono::seconds kLookEvery{1};

// From what OpenSSL has noted since its notes were cleared: the first one is the cause.
Error last_error(const char* field, const std::string& file) {
    const unsigned long number = ERR_get_error();
    ERR_clear_error();
    const char* reason = ERR_reason_error_string(number);
    std::string cause = reason ? reason : "cannot be used";
    if (ERR_SYSTEM_ERROR(number)) {
        cause = std::generic_category().message(ERR_GET_REASON(number));
    }
    return Error{ErrorCode::invalid_argument, cause}.in(file).in(field);
}

// OpenSSL would ask for a passphrase on the terminal.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) {
    return 0;
}

// RFC 7301: a client that names protocols must hear ours, or that we have none of them.
// `protocol`: std::string.
int choose_protocol(SSL* /*session*/, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* offered, unsigned int offered_size, void* protocol) {
    const std::string& ours = *static_cast<const std::string*>(protocol);
    const std::span<const unsigned char> list(offered, offered_size);
    for (std::size_t at = 0; at < list.size(); at += 1U + list[at]) {
        const auto name =
            list.subspan(at + 1).first(std::min<std::size_t>(list[at], list.size() - at - 1));
        if (!std::equal(name.begin(), name.end(), ours.begin(), ours.end())) continue;
        *chosen = name.data();
        *chosen_size = static_cast<unsigned char>(name.size());
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

void set_protocol(SSL_CTX* context, const std::string& protocol) {
    // Lives as long as the context, which has it as its application's data.
    static const int kIndex =
        SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr,
                                 [](void* /*parent*/, void* name, CRYPTO_EX_DATA*, int, long,
                                    void*) { delete static_cast<std::string*>(name); });
    auto* name = new std::string(protocol);
    SSL_CTX_set_ex_data(context, kIndex, name);
    SSL_CTX_set_alpn_select_cb(context, &choose_protocol, name);
}

}  // namespace

Result<std::shared_ptr<ssl_ctx_st>> load_tls_context(const TlsFiles& files,
                                                     const std::string& protocol) {
    const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
    if (!context) return last_error("certificate_file", files.certificate_file);
    SSL_CTX* const raw = context.get();
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    // A client cannot make us compute for ever on one connection, and an end without notice is an
    // end, not a fault.
    SSL_CTX_set_options(
        raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    // Thousands of idle connections: no buffers for those. Returning clients bring their tickets.
    SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_default_passwd_cb(raw, &no_passphrase);
    if (!protocol.empty()) set_protocol(raw, protocol);

    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(raw, files.certificate_file.c_str()) != 1) {
        return last_error("certificate_file", files.certificate_file);
    }
    if (SSL_CTX_use_PrivateKey_file(raw, files.private_key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(raw) != 1) {
        return last_error("private_key_file", files.private_key_file);
    }
    return context;
}

Result<std::unique_ptr<TlsCertificate>> TlsCertificate::load(const TlsFiles& files,
                                                             const std::string& protocol) {
    std::unique_ptr<TlsCertificate> certificate(new TlsCertificate(files, protocol));
    if (const auto loaded = certificate->reload(); !loaded) return loaded.error();
    return certificate;
}

Result<void> TlsCertificate::reload() {
    const std::lock_guard lock(mutex_);
    return load_locked();
}

Result<void> TlsCertificate::load_locked() {
    looked_ = Clock::now();
    stamp_ = look();  // before: what is written meanwhile is seen the next time
    auto context = load_tls_context(files_, protocol_);
    failure_ = context ? "" : context.error().message;
    if (!context) return context.error();
    context_ = std::move(*context);
    return {};
}

std::shared_ptr<ssl_ctx_st> TlsCertificate::current() {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    if (now - looked_ < kLookEvery) return context_;
    looked_ = now;
    // After a failure again and again: the second file may have followed within the same tick of
    // the clock that stamps files.
    if (failure_.empty() && look() == stamp_) return context_;
    const std::string former = failure_;
    if (const auto loaded = load_locked()) {
        GST_INFO("the certificate was read again");
    } else if (failure_ != former) {
        GST_WARNING("the former certificate stays in use: %s", failure_.c_str());
    }
    return context_;
}

TlsCertificate::Stamp TlsCertificate::look() const {
    Stamp stamp;
    const std::array<const std::string*, 2> names = {&files_.certificate_file,
                                                     &files_.private_key_file};
    for (std::size_t i = 0; i < names.size(); ++i) {
        struct stat info {};
        if (stat(names[i]->c_str(), &info) != 0) continue;
        stamp.inodes[i] = info.st_ino;
        stamp.sizes[i] = info.st_size;
        stamp.modified[i] = std::chrono::seconds(info.st_mtim.tv_sec) +
                            std::chrono::nanoseconds(info.st_mtim.tv_nsec);
    }
    return stamp;
}

}  // namespace weir::net
