// SPDX-License-Identifier: MIT
// The one deadline of a connection, which moves with nearly every byte. For the servers' .cpp files
// only: no other header of the project shows Asio.
// Threads: that of the io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>

namespace weir::net {

// Owner: has shared_from_this() and on_deadline(), and this as a member.
template <class Owner>
class Deadline {
public:
    Deadline(boost::asio::io_context& io, Owner& owner) : owner_(owner), timer_(io) {}

    void set(std::chrono::milliseconds from_now) {
        at_ = Clock::now() + from_now;
        // A timer that goes off too early looks at at_ and sleeps on: so a busy connection never
        // touches its timer.
        if (at_ < armed_) arm();
    }
    void clear() { at_ = kNever; }
    // Lets go of the owner.
    void cancel() {
        clear();
        timer_.cancel();
    }

private:
    using Clock = std::chrono::steady_clock;
    static constexpr Clock::time_point kNever = Clock::time_point::max();

    void arm() {
        armed_ = at_;
        timer_.expires_at(at_);
        timer_.async_wait([this, keep = owner_.shared_from_this()](
                              const boost::system::error_code& error) { on_timer(error); });
    }
    void on_timer(const boost::system::error_code& error) {
        if (error) return;  // armed anew, or over
        armed_ = kNever;
        if (Clock::now() >= at_) return owner_.on_deadline();
        if (at_ != kNever) arm();
    }

    Owner& owner_;
    boost::asio::steady_timer timer_;
    Clock::time_point at_ = kNever;
    Clock::time_point armed_ = kNever;  // when timer_ goes off
};

}  // namespace weir::net
