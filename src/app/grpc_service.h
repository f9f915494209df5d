#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "access/authenticator.h"
#include "adapters/grpc/rpc_server.h"
#include "app/config.h"
#include "base/rpc.h"

namespace moat::app {

// The gRPC port, if there is one. Threads: one.
class GrpcService {
  public:
    GrpcService() = default;

    // On config.grpc_listen, with the certificate of HTTP. A port that nobody chose and that is in
    // use is no error, but a failure() to tell. Borrows: the authenticator.
    // Errors: invalid_argument, io.
    static Result<GrpcService> start(
        const Config& config, std::vector<RpcMethod> methods, access::Authenticator& authenticator
    );

    const HostPort* address() const;  // nullptr: none
    const std::string& failure() const { return failure_; }
    void stop(std::chrono::milliseconds grace);

  private:
    std::unique_ptr<adapters::grpc_rpc::RpcServer> server_;
    std::string failure_;
};

}  // namespace moat::app
