// SPDX-License-Identifier: MIT
// Keeps the host's signals away from the network's threads.
// Threads: one thread at a time.
#pragma once

#include <csignal>

namespace weir::net {

// Blocks every signal while threads are made, so that the host's signals reach the host's threads,
// and sendfile to a closed connection says EPIPE. Faults must stay deliverable.
class SignalsBlocked {
public:
    SignalsBlocked() {
        sigset_t all;
        sigfillset(&all);
        for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGPROF}) {
            sigdelset(&all, fault);
        }
        pthread_sigmask(SIG_BLOCK, &all, &before_);
    }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    sigset_t before_{};
};

}  // namespace weir::net
