// SPDX-License-Identifier: MIT
// An HTTPS client, and certificates for its peer.
// Threads: one thread at a time.
#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace weir::test {

// Writes a self-signed certificate and its key.
inline void make_certificate(const std::string& certificate, const std::string& key,
                             const std::string& name) {
    const std::string command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "
        "/CN=" +
        name + " -keyout '" + key + "' -out '" + certificate + "' 2> /dev/null";
    REQUIRE(std::system(command.c_str()) == 0);
}

class TlsClient {
public:
    // The protocols that it names, in ALPN's form: "\x08http/1.1".
    explicit TlsClient(int port, std::string_view protocols = {}, int version = 0) {
        if (version != 0) SSL_CTX_set_max_proto_version(context_.get(), version);
        if (version != 0) SSL_CTX_set_security_level(context_.get(), 0);
        session_.reset(SSL_new(context_.get()));
        if (!protocols.empty()) {
            SSL_set_alpn_protos(session_.get(),
                                reinterpret_cast<const unsigned char*>(protocols.data()),
                                static_cast<unsigned>(protocols.size()));
        }
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const timeval patience{20, 0};
        setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
                     SSL_set_fd(session_.get(), fd_) == 1 && SSL_connect(session_.get()) == 1;
    }
    TlsClient(const TlsClient&) = delete;
    TlsClient& operator=(const TlsClient&) = delete;
    ~TlsClient() { close(fd_); }

    [[nodiscard]] bool connected() const { return connected_; }
    // Of the certificate that the server showed.
    [[nodiscard]] std::string name() const {
        const std::unique_ptr<X509, decltype(&X509_free)> certificate(
            SSL_get1_peer_certificate(session_.get()), &X509_free);
        std::array<char, 100> text{};
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName,
                                  text.data(), static_cast<int>(text.size()));
        return text.data();
    }
    [[nodiscard]] std::string protocol() const {
        const unsigned char* name = nullptr;
        unsigned size = 0;
        SSL_get0_alpn_selected(session_.get(), &name, &size);
        return {reinterpret_cast<const char*>(name), size};
    }

    bool send(std::string_view text) {
        return SSL_write(session_.get(), text.data(), static_cast<int>(text.size())) > 0;
    }
    // All that comes up to this text, with it, or until the end.
    std::string receive_until(std::string_view text) {
        std::string received;
        std::array<char, 16384> buffer{};
        while (received.find(text) == std::string::npos) {
            const int got =
                SSL_read(session_.get(), buffer.data(), static_cast<int>(buffer.size()));
            if (got <= 0) {
                regular_end_ = SSL_get_error(session_.get(), got) == SSL_ERROR_ZERO_RETURN;
                break;
            }
            received.append(buffer.data(), static_cast<std::size_t>(got));
        }
        return received;
    }
    // Whether the server said that this was all.
    [[nodiscard]] bool regular_end() const { return regular_end_; }

private:
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{SSL_CTX_new(TLS_client_method()),
                                                               &SSL_CTX_free};
    int fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    std::unique_ptr<SSL, decltype(&SSL_free)> session_{nullptr, &SSL_free};
    bool connected_ = false;
    bool regular_end_ = false;
};

}  // namespace weir::test
