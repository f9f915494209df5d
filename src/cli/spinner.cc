#include "cli/spinner.h"

#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <mutex>

namespace moat::cli {
namespace {

constexpr auto kStep = std::chrono::milliseconds(100);

void write(const char* text) {
    std::fputs(text, stderr);
    std::fflush(stderr);
}

void spin(const std::stop_token& stop) {
    // Signals are for the thread that reads and waits.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);

    constexpr const char* kFrames[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    std::size_t frame = 0;
    // Nothing shows when the wait is short.
    while (!stopped.wait_for(lock, stop, kStep, [&] { return stop.stop_requested(); })) {
        write("\r");
        write(kFrames[frame++ % std::size(kFrames)]);
        write(" ");
    }
    if (frame > 0) write("\r\x1b[K");
}

}  // namespace

Spinner::Spinner(const Console& console) {
    if (console.error_is_terminal) thread_ = std::jthread(spin);
}

void Spinner::stop() {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    thread_.join();
}

}  // namespace moat::cli
