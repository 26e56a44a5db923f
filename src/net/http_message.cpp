// SPDX-License-Identifier: MIT
#include "net/http_message.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <gsl/assert>

#include "net/http_semantics.hpp"

namespace weir::net {

namespace {

char to_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// For exchanges that know whole answers only.
class CollectingStream final : public BodyStream {
public:
    CollectingStream(std::shared_ptr<HttpResponder::Exchange> exchange, HttpResponse head)
        : exchange_(std::move(exchange)), response_(std::move(head)) {}
    ~CollectingStream() override { abort(); }

    bool write(Bytes bytes) override {
        if (!exchange_) return false;
        response_.body.append(std::move(bytes));
        return true;
    }
    void end() override {
        if (const auto exchange = std::move(exchange_)) exchange->answer(std::move(response_));
    }
    void abort() override {
        if (!exchange_) return;
        response_ = error_response(500, "the answer broke off");
        end();
    }

private:
    std::shared_ptr<HttpResponder::Exchange> exchange_;
    HttpResponse response_;
};

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return to_lower(x) == to_lower(y); });
}

// Eight bytes at a time: every byte of every field passes here, in and out.
bool has_control(std::string_view text) {
    constexpr std::uint64_t kOnes = 0x0101010101010101U;
    constexpr std::uint64_t kTops = 0x80 * kOnes;
    std::uint64_t found = 0;  // a top bit is set when there is such a byte
    const auto look = [&found](std::uint64_t word) {
        const std::uint64_t no_del = word ^ (0x7f * kOnes);
        found |= ((word - 0x20 * kOnes) & ~word) | ((no_del - kOnes) & ~no_del);
    };
    std::uint64_t word = 0;
    while (text.size() >= sizeof(word)) {
        std::memcpy(&word, text.data(), sizeof(word));
        look(word);
        text.remove_prefix(sizeof(word));
    }
    word = 0x20 * kOnes;
    std::memcpy(&word, text.data(), text.size());
    look(word);
    return (found & kTops) != 0;
}

std::string_view HttpRequest::field(std::string_view name) const {
    for (const auto& [field_name, value] : fields) {
        if (equals_ignoring_case(field_name, name)) return value;
    }
    return {};
}

std::string HttpRequest::list_field(std::string_view name) const {
    std::string joined;
    for (const auto& [field_name, value] : fields) {
        if (!equals_ignoring_case(field_name, name)) continue;
        if (!joined.empty()) joined += ", ";
        joined += value;
    }
    return joined;
}

std::shared_ptr<BodyStream> HttpResponder::Exchange::begin(HttpResponse head) {
    return std::make_shared<CollectingStream>(shared_from_this(), std::move(head));
}

HttpResponder::HttpResponder(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}

HttpResponder& HttpResponder::operator=(HttpResponder&& other) noexcept {
    if (this != &other) {
        give_up();
        exchange_ = std::move(other.exchange_);
    }
    return *this;
}

HttpResponder::~HttpResponder() {
    give_up();
}

void HttpResponder::respond(HttpResponse response) && {
    if (const auto exchange = std::move(exchange_)) exchange->answer(std::move(response));
}

std::shared_ptr<BodyStream> HttpResponder::begin(HttpResponse head) && {
    Expects(exchange_ != nullptr);
    const auto exchange = std::move(exchange_);
    return exchange->begin(std::move(head));
}

bool HttpResponder::abandoned() const {
    return !exchange_ || exchange_->abandoned();
}

void HttpResponder::on_abandoned(std::function<void()> callback) {
    if (exchange_) exchange_->on_abandoned(std::move(callback));
}

void HttpResponder::give_up() {
    if (!exchange_) return;
    std::move(*this).respond(error_response(500, "the request was not answered"));
}

}  // namespace weir::net
