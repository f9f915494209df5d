#include "app/grpc_service.h"

namespace moat::app {

Result<GrpcService> GrpcService::start(
    const Config& config, std::vector<RpcMethod> methods, access::Authenticator& authenticator
) {
    GrpcService out;
    if (!config.grpc_listen) return out;
    adapters::grpc_rpc::RpcServerSettings settings{.listen = *config.grpc_listen};
    if (config.tls)
        settings.tls = adapters::grpc_rpc::TlsFiles{
            .certificate = config.tls->certificate, .key = config.tls->key
        };
    auto server = adapters::grpc_rpc::RpcServer::start(std::move(methods), authenticator, settings);
    if (server)
        out.server_ = *std::move(server);
    else if (config.grpc_listen_chosen || server.error().code != ErrorCode::io)
        return server.error();
    else
        out.failure_ = server.error().message + ".";
    return out;
}

const HostPort* GrpcService::address() const {
    return server_ ? &server_->address() : nullptr;
}

void GrpcService::stop(std::chrono::milliseconds grace) {
    if (server_) server_->stop(grace);
}

}  // namespace moat::app
