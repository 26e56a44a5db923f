// SPDX-License-Identifier: MIT
// Reads the header of a request (RFC 9112), and refuses whatever two readers could read in two
// ways: what a proxy in front takes for one request must not be two for us.
//
// Own code because a library's generic field container cost more than all the rest of a request; a
// fuzz target compares it with Beast's parser, which must accept whatever this one does.
//
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <string_view>

#include "net/http_message.hpp"

namespace weir::net {

struct RequestHeader {
    enum class Outcome {
        incomplete,  // more bytes are needed
        complete,
        refused  // with `status`; what follows has no known beginning
    };
    Outcome outcome = Outcome::incomplete;
    int status = 0;
    std::size_t size = 0;  // of a complete header, with its empty line

    HttpRequest request;  // but its peer
    bool http_1_0 = false;
    bool keep_alive = false;
};

// The header at the beginning of `bytes`; `most` is how long it may be. Requests with a body are
// refused: nothing that weir serves needs one. What is refused as complete has http_1_0 and the
// request's method set as far as they are known.
RequestHeader parse_request_header(std::string_view bytes, std::size_t most);

}  // namespace weir::net
