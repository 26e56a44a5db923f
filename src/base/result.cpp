// SPDX-License-Identifier: MIT
#include <weir/result.hpp>

#include <cstdio>
#include <cstdlib>

namespace weir {

std::string_view to_string(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_argument:
            return "invalid_argument";
        case ErrorCode::not_found:
            return "not_found";
        case ErrorCode::already_exists:
            return "already_exists";
        case ErrorCode::unauthorized:
            return "unauthorized";
        case ErrorCode::unavailable:
            return "unavailable";
        case ErrorCode::timed_out:
            return "timed_out";
        case ErrorCode::unsupported:
            return "unsupported";
        case ErrorCode::corrupt:
            return "corrupt";
        case ErrorCode::io:
            return "io";
        case ErrorCode::internal:
            return "internal";
    }
    return "unknown";
}

namespace detail {

void abort_on(const Error& error) {
    const std::string code(to_string(error.code));
    std::fprintf(stderr, "weir: value() of an error: %s: %s\n", code.c_str(),
                 error.message.c_str());
    std::abort();
}

}  // namespace detail
}  // namespace weir
