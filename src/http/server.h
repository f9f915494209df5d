#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/authenticator.h"
#include "base/host_port.h"
#include "base/result.h"
#include "http/admission.h"
#include "http/router.h"

namespace moat::http {

struct TlsFiles {
    std::filesystem::path certificate;  // PEM, the chain included
    std::filesystem::path key;          // PEM
};

struct ServerLimits {
    std::size_t max_connections = 4096;
    std::size_t max_workers = 1024;  // handlers that run at once, quick ones aside
    std::size_t max_waiting = 1024;  // and wait for a worker; beyond: 503
    std::size_t max_body_bytes_held = std::size_t{1} << 30;  // of all requests; beyond: 503

    using Milliseconds = std::chrono::milliseconds;
    Milliseconds handshake{10'000};
    Milliseconds idle{120'000};        // between requests
    Milliseconds head{10'000};         // from the first byte of a request to the end of its head
    Milliseconds body_stall{30'000};   // without a byte of the body
    Milliseconds write_stall{60'000};  // without the client taking a byte
    Milliseconds linger{2'000};        // for the client to read our last words
    // A body slower than this on average is given up too, once body_stall has passed.
    std::size_t min_body_bytes_per_second = 1024;
};

struct ServerSettings {
    std::vector<HostPort> listen;  // port 0: any free one
    std::optional<TlsFiles> tls;   // on every listener
    Admission::Settings admission;
    ServerLimits limits;
};

// Serves HTTP/1.1 and 1.0 on one I/O thread; handlers run on worker threads.
//
// Threads: any. Borrows: router and authenticator, which must outlive it.
class Server {
  public:
    // Listens and serves. Errors: invalid_argument (certificate, address), io (port in use ...).
    static Result<std::unique_ptr<Server>> start(
        const Router& router, access::Authenticator& authenticator, const ServerSettings& settings
    );
    // stop() with no grace.
    ~Server();

    // What it listens on, with the real ports.
    const std::vector<HostPort>& addresses() const;

    // Accepts no more, lets running requests end for `grace`, then cancels them (stop token,
    // failing writes) and waits for their handlers. Blocks. Calling it again does nothing.
    void stop(std::chrono::milliseconds grace);

  private:
    class Impl;
    explicit Server(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace moat::http
