#include "cli/interrupt.h"

#include <atomic>
#include <cerrno>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"

namespace moat::cli {
namespace {

// A signal handler reaches nothing but what is static. The mark is an eventfd, so that a wait for
// it and for other input cannot miss a signal that comes just before the wait.
std::atomic<int>& mark() {
    static std::atomic<int> descriptor = -1;
    static_assert(std::atomic<int>::is_always_lock_free);
    return descriptor;
}

void set_mark(int /*signal*/) {
    const int before = errno;
    (void)::eventfd_write(mark(), 1);  // fails only when 2^64 - 2 have come
    errno = before;
}

}  // namespace

InterruptGuard::InterruptGuard() {
    mark() = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    CHECK(mark() >= 0, "no descriptor for interrupts");
    struct sigaction action{};
    action.sa_handler = set_mark;
    ::sigaction(SIGINT, &action, &before_);
}

InterruptGuard::~InterruptGuard() {
    ::sigaction(SIGINT, &before_, nullptr);
    ::close(mark().exchange(-1));
}

bool InterruptGuard::interrupted() const {
    pollfd wait{descriptor(), POLLIN, 0};
    return ::poll(&wait, 1, 0) == 1;
}

bool InterruptGuard::take() {
    eventfd_t count = 0;
    return ::eventfd_read(descriptor(), &count) == 0;
}

int InterruptGuard::descriptor() const {
    return mark();
}

}  // namespace moat::cli
