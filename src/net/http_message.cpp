// SPDX-License-Identifier: MIT
#include "net/http_message.hpp"

#include <algorithm>

#include "net/http_semantics.hpp"

namespace weir::net {

namespace {

char to_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return to_lower(x) == to_lower(y); });
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

void HttpResponder::give_up() {
    if (exchange_) std::move(*this).respond(error_response(500, "the request was not answered"));
}

}  // namespace weir::net
