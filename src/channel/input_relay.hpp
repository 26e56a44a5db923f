// SPDX-License-Identifier: MIT
// One connection's way into a programme, which the connection may outlive: when the programme is
// over what comes waits (or, encoded, is dropped) until the next one has it.
// Threads: thread-safe; pushes come from the connection's threads.
#pragma once

#include <memory>

#include "ingest/delivery.hpp"

namespace weir::channel {

class InputRelay {
public:
    // Gives to `to` first.
    explicit InputRelay(const ingest::Delivery& to);

    // What the connection gets instead.
    [[nodiscard]] const ingest::Delivery& delivery() const { return delivery_; }

    // The connection is over.
    [[nodiscard]] bool is_over() const;
    // Nothing is given to the programme any more, and no call of it is under way.
    void detach();
    // To another programme's. False: it wants another kind of media.
    bool attach(const ingest::Delivery& to);

private:
    class Raw;
    class Units;

    const std::shared_ptr<Raw> raw_;      // null: nothing is decoded
    const std::shared_ptr<Units> units_;  // null: nobody wants access units
    const ingest::Delivery delivery_;
};

}  // namespace weir::channel
