#include "app/serve.h"

#include <csignal>
#include <pthread.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

#include "app/serve_arguments.h"
#include "app/server_app.h"
#include "app/version.h"
#include "cli/console.h"

namespace moat::app {
namespace {

// Requests that run get this long to end; ingest goes on at the next start, by its queue.
constexpr auto kGrace = std::chrono::seconds(5);
// Whatever hangs after that must not keep the service manager waiting.
constexpr unsigned kHardLimitSeconds = 30;

int fail(const Error& error) {
    fmt::print(stderr, "Error: {}\n", error.message);
    return 1;
}

// SIGTERM and SIGINT wait for sigwait() in every thread; SIGPIPE is an error code of a write.
sigset_t hold_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    // Children end when their socket closes, but a Ctrl-C in the terminal reaches them too.
    std::signal(SIGPIPE, SIG_IGN);
    return signals;
}

void wait_for(const sigset_t& signals) {
    int number = 0;
    // EINTR cannot happen to sigwait; any other result would be a bug of ours.
    CHECK(sigwait(&signals, &number) == 0);
    log::info("stopping on signal {}", number);
}

void announce(const ServerApp& app) {
    std::string addresses;
    for (const HostPort& address : app.addresses())
        addresses += (addresses.empty() ? "" : ", ") + address.url();
    fmt::print("Moat {} is ready on {}\n", kVersion, addresses);
    const bool chinese = cli::language_from_environment() == cli::Language::chinese;
    for (const ServerApp::Notice& notice : app.notices())
        fmt::print("  {}\n", chinese ? notice.chinese : notice.english);
    (void)std::fflush(stdout);  // nothing is lost but the line itself
}

void end_at_the_next_signal(const sigset_t& signals) {
    ::alarm(kHardLimitSeconds);
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

}  // namespace

int serve(const std::string& program, const std::vector<std::string>& arguments) {
    const auto parsed = parse_serve_arguments(program, arguments);
    if (const int* status = std::get_if<int>(&parsed)) return *status;
    auto config = make_config(std::get<ServeFlags>(parsed), process_environment());
    if (!config) return fail(config.error());
    log::set_level(config->log_level);
    for (const std::string& warning : config->warnings)
        log::warning("{}", warning);

    const sigset_t signals = hold_signals();
    auto app = ServerApp::start(*std::move(config));
    if (!app) return fail(app.error());
    announce(**app);
    wait_for(signals);
    end_at_the_next_signal(signals);
    (*app)->stop(kGrace);
    app->reset();
    log::info("stopped");
    return 0;
}

}  // namespace moat::app
