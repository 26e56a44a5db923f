// SPDX-License-Identifier: MIT
// A server's certificate: from files, and from the same files again when they have changed.
//
// Threads: TlsCertificate is thread-safe; a context may be used by several threads.
#pragma once

#include <sys/stat.h>

#include <array>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include <weir/result.hpp>

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace weir::net {

struct TlsFiles {
    std::string certificate_file;  // PEM, with the chain
    std::string private_key_file;  // PEM, without a passphrase
};

// What OpenSSL makes of the files: TLS 1.2 and later. `protocol` is the one that the server speaks
// ("http/1.1"), for clients that name theirs (ALPN); "" for protocols without a name.
// Errors: invalid_argument, "certificate_file: path: cause".
Result<std::shared_ptr<ssl_ctx_st>> load_tls_context(const TlsFiles& files,
                                                     const std::string& protocol);

class TlsCertificate {
public:
    static Result<std::unique_ptr<TlsCertificate>> load(const TlsFiles& files,
                                                        const std::string& protocol);

    // For a new connection. Looks whether the files have changed, once a second at most.
    std::shared_ptr<ssl_ctx_st> current();
    // Reads the files now. What was there stays when they are wrong.
    Result<void> reload();

private:
    using Clock = std::chrono::steady_clock;
    // Which file lies there in which state: it is written anew, or another one is moved there.
    struct Stamp {
        std::array<ino_t, 2> inodes{};
        std::array<off_t, 2> sizes{};
        std::array<std::chrono::nanoseconds, 2> modified{};

        friend bool operator==(const Stamp&, const Stamp&) = default;
    };

    TlsCertificate(TlsFiles files, std::string protocol)
        : files_(std::move(files)), protocol_(std::move(protocol)) {}
    [[nodiscard]] Stamp look() const;
    Result<void> load_locked();

    const TlsFiles files_;
    const std::string protocol_;
    std::mutex mutex_;  // guards all below
    std::shared_ptr<ssl_ctx_st> context_;
    Stamp stamp_;
    Clock::time_point looked_;
    std::string failure_;  // what was wrong when it was last loaded
};

}  // namespace weir::net
