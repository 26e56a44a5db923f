// SPDX-License-Identifier: MIT
#include <weir/channel.hpp>

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace weir {

namespace {

int wake_fd = -1;  // for the handler, which may only write

extern "C" void on_signal(int) {
    const int error = errno;
    const std::uint64_t one = 1;
    static_cast<void>(!::write(wake_fd, &one, sizeof one));
    errno = error;
}

}  // namespace

void wait_for_signal() {
    wake_fd = eventfd(0, EFD_CLOEXEC);
    struct sigaction action {};
    struct sigaction former_int {};
    struct sigaction former_term {};
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, &former_int);
    sigaction(SIGTERM, &action, &former_term);
    // Those that a host blocked until now, so that none is lost, come in at once.
    sigset_t both;
    sigemptyset(&both);
    sigaddset(&both, SIGINT);
    sigaddset(&both, SIGTERM);
    pthread_sigmask(SIG_UNBLOCK, &both, nullptr);
    std::uint64_t count = 0;
    while (read(wake_fd, &count, sizeof count) < 0 && errno == EINTR) {
    }
    sigaction(SIGINT, &former_int, nullptr);
    sigaction(SIGTERM, &former_term, nullptr);
    close(wake_fd);
}

}  // namespace weir
