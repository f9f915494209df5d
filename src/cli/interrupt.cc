#include "cli/interrupt.h"

#include <atomic>

namespace moat::cli {
namespace {

// A signal handler reaches nothing but what is static.
std::atomic<bool>& mark() {
    static std::atomic<bool> mark = false;
    static_assert(std::atomic<bool>::is_always_lock_free);
    return mark;
}

void set_mark(int /*signal*/) {
    mark() = true;
}

}  // namespace

InterruptGuard::InterruptGuard() {
    mark() = false;
    struct sigaction action{};
    action.sa_handler = set_mark;
    ::sigaction(SIGINT, &action, &before_);  // no SA_RESTART: reading a line ends
}

InterruptGuard::~InterruptGuard() {
    ::sigaction(SIGINT, &before_, nullptr);
}

bool InterruptGuard::interrupted() const {
    return mark();
}

bool InterruptGuard::take() {
    return mark().exchange(false);
}

}  // namespace moat::cli
