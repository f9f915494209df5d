#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "access/authenticator.h"
#include "base/host_port.h"
#include "base/result.h"
#include "base/rpc.h"

namespace moat::adapters::grpc_rpc {

struct TlsFiles {
    std::filesystem::path certificate;  // PEM, the chain included
    std::filesystem::path key;          // PEM
};

struct RpcServerSettings {
    HostPort listen;              // port 0: any free one
    std::optional<TlsFiles> tls;  // none: cleartext HTTP/2
    std::size_t max_message_bytes = 104'858'000;
    std::size_t max_bytes_held = std::size_t{1} << 30;  // of messages being read, of all callers
    std::size_t max_workers = 64;                       // methods that run at once
    std::size_t max_waiting = 1024;                     // and wait; beyond: UNAVAILABLE
};

// Serves methods of one message each way over gRPC. Who calls is known by the metadata
// "authorization: Bearer KEY" (or "x-api-key"); a path that is no method is UNIMPLEMENTED.
//
// Threads: any. gRPC's own carry the bytes, a pool of workers runs the methods.
// Borrows: the authenticator, which must outlive it. Owns: the port, alone (a second server there
// is
//          an error, not a share of the calls).
class RpcServer {
  public:
    // Errors: invalid_argument (certificate), io (the port is in use).
    static Result<std::unique_ptr<RpcServer>> start(
        std::vector<RpcMethod> methods,
        access::Authenticator& authenticator,
        const RpcServerSettings& settings
    );
    ~RpcServer();  // stop() with no grace

    const HostPort& address() const;  // with the real port

    // Takes no more calls, lets running ones end for `grace`, then cancels them and waits for their
    // methods. Blocks. Calling it again does nothing.
    void stop(std::chrono::milliseconds grace);

  private:
    class Impl;
    explicit RpcServer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace moat::adapters::grpc_rpc
