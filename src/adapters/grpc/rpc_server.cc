#include "adapters/grpc/rpc_server.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <grpc/support/log.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/byte_buffer.h>

#include "access/policy.h"
#include "base/check.h"
#include "base/file.h"
#include "base/log.h"
#include "base/worker_pool.h"

namespace moat::adapters::grpc_rpc {
namespace {

grpc::StatusCode code_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_argument:
            return grpc::StatusCode::INVALID_ARGUMENT;
        case ErrorCode::unauthenticated:
            return grpc::StatusCode::UNAUTHENTICATED;
        case ErrorCode::forbidden:
            return grpc::StatusCode::PERMISSION_DENIED;
        case ErrorCode::not_found:
            return grpc::StatusCode::NOT_FOUND;
        case ErrorCode::conflict:
            return grpc::StatusCode::ALREADY_EXISTS;
        case ErrorCode::too_large:
            return grpc::StatusCode::RESOURCE_EXHAUSTED;
        case ErrorCode::corrupt:
            return grpc::StatusCode::DATA_LOSS;
        case ErrorCode::busy:
            return grpc::StatusCode::UNAVAILABLE;
        case ErrorCode::timed_out:
            return grpc::StatusCode::DEADLINE_EXCEEDED;
        case ErrorCode::cancelled:
            return grpc::StatusCode::CANCELLED;
        case ErrorCode::unsupported:
            return grpc::StatusCode::UNIMPLEMENTED;
        case ErrorCode::io:
        case ErrorCode::internal:
            return grpc::StatusCode::INTERNAL;
    }
    return grpc::StatusCode::INTERNAL;
}

grpc::Status status_of(const Error& error) {
    return {code_of(error.code), error.message};
}

// "authorization: Bearer x", in any case of letters, or "x-api-key: x".
std::string presented_key(const grpc::GenericCallbackServerContext& context) {
    const auto& metadata = context.client_metadata();
    constexpr std::string_view kBearer = "bearer ";
    if (const auto found = metadata.find("authorization"); found != metadata.end()) {
        const std::string_view text(found->second.data(), found->second.size());
        const auto same = [](char a, char b) {
            return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
        };
        if (text.size() > kBearer.size() &&
            std::equal(kBearer.begin(), kBearer.end(), text.begin(), same))
            return std::string(text.substr(kBearer.size()));
    }
    const auto found = metadata.find("x-api-key");
    return found == metadata.end() ? std::string()
                                   : std::string(found->second.data(), found->second.size());
}

using Methods = std::map<std::string, RpcMethod, std::less<>>;

// What every call needs to be answered.
struct Desk {
    Methods methods;
    access::Authenticator& authenticator;
    std::size_t max_waiting;
    WorkerPool workers;
};

// One call, from its first byte to its last; deletes itself when gRPC is done with it.
class Call final : public grpc::ServerGenericBidiReactor {
  public:
    Call(Desk& desk, grpc::GenericCallbackServerContext& context)
        : desk_(desk), principal_(desk.authenticator.authenticate(presented_key(context))) {
        const auto found = desk_.methods.find(context.method());
        if (found == desk_.methods.end()) {
            Finish(
                {grpc::StatusCode::UNIMPLEMENTED, "this server has no method " + context.method()}
            );
            return;
        }
        if (const Status allowed = access::require(principal_, found->second.needs); !allowed) {
            Finish(status_of(allowed.error()));
            return;
        }
        method_ = &found->second;
        StartRead(&request_);
    }

    void OnReadDone(bool ok) override {
        if (!ok)
            return Finish({grpc::StatusCode::INVALID_ARGUMENT, "the call came without a message"});
        if (desk_.workers.queued() >= desk_.max_waiting)
            return Finish({grpc::StatusCode::UNAVAILABLE, "too many calls are waiting; try again"});
        desk_.workers.post([this] { answer(); });
    }

    void OnCancel() override { gone_.request_stop(); }
    void OnDone() override { delete this; }

  private:
    void answer() {
        grpc::Slice message;
        if (!request_.DumpToSingleSlice(&message).ok())
            return Finish({grpc::StatusCode::INTERNAL, "the message could not be unpacked"});
        const auto reply = method_->answer({
            .message = {reinterpret_cast<const char*>(message.begin()), message.size()},
            .principal = principal_,
            .client_gone = gone_.get_token(),
        });
        if (!reply) return Finish(status_of(reply.error()));
        const grpc::Slice slice(*reply);
        response_ = grpc::ByteBuffer(&slice, 1);
        StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK);
    }

    Desk& desk_;
    const Principal principal_;
    const RpcMethod* method_ = nullptr;
    grpc::ByteBuffer request_;
    grpc::ByteBuffer response_;
    std::stop_source gone_;
};

class Service final : public grpc::CallbackGenericService {
  public:
    explicit Service(Desk& desk) : desk_(desk) {}

    grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context
    ) override {
        return new Call(desk_, *context);
    }

  private:
    Desk& desk_;
};

Result<std::shared_ptr<grpc::ServerCredentials>> credentials_of(const std::optional<TlsFiles>& tls
) {
    if (!tls) return grpc::InsecureServerCredentials();
    constexpr std::size_t kMost = std::size_t{1} << 20;
    TRY_ASSIGN(std::string certificate, read_file(tls->certificate, kMost));
    TRY_ASSIGN(std::string key, read_file(tls->key, kMost));
    grpc::SslServerCredentialsOptions options;
    options.pem_key_cert_pairs.push_back({std::move(key), std::move(certificate)});
    return grpc::SslServerCredentials(options);
}

// What gRPC says of itself (a port in use, a client that speaks HTTP/1) goes into our log.
void take_over_log() {
    gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
    gpr_set_log_function([](gpr_log_func_args* line) { log::debug("grpc: {}", line->message); });
}

Methods by_path(std::vector<RpcMethod> methods) {
    Methods out;
    for (RpcMethod& method : methods) {
        CHECK(method.answer != nullptr, method.path);
        std::string path = method.path;
        CHECK(out.emplace(std::move(path), std::move(method)).second, "a method twice");
    }
    return out;
}

}  // namespace

class RpcServer::Impl {
  public:
    Impl(
        std::vector<RpcMethod> methods,
        access::Authenticator& authenticator,
        const RpcServerSettings& settings
    )
        : address_(settings.listen),
          desk_{
              .methods = by_path(std::move(methods)),
              .authenticator = authenticator,
              .max_waiting = settings.max_waiting,
              .workers = WorkerPool(settings.max_workers)
          },
          service_(desk_) {}

    Status listen(const RpcServerSettings& settings) {
        take_over_log();
        TRY_ASSIGN(auto credentials, credentials_of(settings.tls));
        grpc::ServerBuilder builder;
        int port = 0;
        builder.AddListeningPort(address_.authority(), std::move(credentials), &port);
        builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
        const int most = static_cast<int>(settings.max_message_bytes);
        builder.SetMaxReceiveMessageSize(most);
        builder.SetMaxSendMessageSize(most);
        builder.SetResourceQuota(grpc::ResourceQuota("moat").Resize(settings.max_bytes_held));
        builder.RegisterCallbackGenericService(&service_);
        server_ = builder.BuildAndStart();
        if (!server_ || port == 0)
            return Error{
                ErrorCode::io,
                fmt::format("cannot serve gRPC on {}; is it in use?", address_.authority())
            };
        address_.port = static_cast<std::uint16_t>(port);
        return Ok{};
    }

    void stop(std::chrono::milliseconds grace) {
        const std::lock_guard lock(stop_mutex_);
        if (!server_) return;
        // Calls that have not ended by then are cancelled; Shutdown() returns when all have.
        server_->Shutdown(std::chrono::system_clock::now() + grace);
        server_.reset();
    }

    const HostPort& address() const { return address_; }

  private:
    HostPort address_;
    std::mutex stop_mutex_;
    Desk desk_;  // outlives the calls, which are the server's
    Service service_;
    std::unique_ptr<grpc::Server> server_;
};

RpcServer::RpcServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

RpcServer::~RpcServer() {
    stop(std::chrono::milliseconds(0));
}

Result<std::unique_ptr<RpcServer>> RpcServer::start(
    std::vector<RpcMethod> methods,
    access::Authenticator& authenticator,
    const RpcServerSettings& settings
) {
    auto impl = std::make_unique<Impl>(std::move(methods), authenticator, settings);
    TRY(impl->listen(settings));
    return std::unique_ptr<RpcServer>(new RpcServer(std::move(impl)));
}

const HostPort& RpcServer::address() const {
    return impl_->address();
}

void RpcServer::stop(std::chrono::milliseconds grace) {
    impl_->stop(grace);
}

}  // namespace moat::adapters::grpc_rpc
