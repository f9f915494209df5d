#include "adapters/grpc/rpc_server.h"

#include <future>
#include <semaphore>
#include <thread>

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

namespace moat::adapters::grpc_rpc {
namespace {

using namespace std::chrono_literals;

class OneKey final : public access::Authenticator {
  public:
    Principal authenticate(std::string_view key) override {
        if (key == "user-key") return {.id = "u", .name = "u", .role = Role::user};
        return {};
    }
    bool key_required() const override { return true; }
};

struct Answer {
    grpc::Status status;
    std::string message;
};

// gRPC's own client, on bytes.
class Client {
  public:
    explicit Client(const HostPort& address) {
        grpc::ChannelArguments arguments;
        arguments.SetMaxReceiveMessageSize(-1);
        channel_ = grpc::CreateCustomChannel(
            address.authority(), grpc::InsecureChannelCredentials(), arguments
        );
    }

    Answer call(
        const std::string& path,
        const std::string& message,
        const std::string& authorization,
        std::chrono::milliseconds patience = 60s
    ) {
        grpc::GenericStub stub(channel_);
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + patience);
        if (!authorization.empty()) context.AddMetadata("authorization", authorization);
        const grpc::Slice slice(message);
        const grpc::ByteBuffer request(&slice, 1);
        grpc::ByteBuffer response;
        std::promise<grpc::Status> done;
        stub.UnaryCall(&context, path, {}, &request, &response, [&done](grpc::Status status) {
            done.set_value(std::move(status));
        });
        Answer answer{.status = done.get_future().get(), .message = {}};
        grpc::Slice whole;
        if (answer.status.ok() && response.DumpToSingleSlice(&whole).ok())
            answer.message.assign(reinterpret_cast<const char*>(whole.begin()), whole.size());
        return answer;
    }

  private:
    std::shared_ptr<grpc::Channel> channel_;
};

struct RpcServerTest : testing::Test {
    std::unique_ptr<RpcServer> serve(
        std::vector<RpcMethod> methods, RpcServerSettings settings = {}
    ) {
        settings.listen = {.host = "127.0.0.1", .port = 0};
        auto server = RpcServer::start(std::move(methods), keys, settings);
        EXPECT_TRUE(server) << (server ? "" : server.error().message);
        return *std::move(server);
    }

    OneKey keys;
};

RpcMethod echo(std::string path, Role needs) {
    return {
        .path = std::move(path),
        .needs = needs,
        .answer = [](const RpcCall& call) -> Result<std::string> {
            return call.principal.id + ":" + std::string(call.message);
        }
    };
}

TEST_F(RpcServerTest, AnswersWhoMayCallAndRefusesTheRest) {
    const auto server = serve(
        {echo("/t.T/Open", Role::nobody),
         echo("/t.T/User", Role::user),
         echo("/t.T/Admin", Role::admin)}
    );
    Client client(server->address());
    EXPECT_EQ(client.call("/t.T/Open", "hello", "").message, ":hello");
    EXPECT_EQ(client.call("/t.T/User", "hello", "Bearer user-key").message, "u:hello");
    EXPECT_EQ(client.call("/t.T/User", "", "bearer user-key").message, "u:");
    using enum grpc::StatusCode;
    EXPECT_EQ(client.call("/t.T/User", "x", "").status.error_code(), UNAUTHENTICATED);
    EXPECT_EQ(client.call("/t.T/User", "x", "Bearer other").status.error_code(), UNAUTHENTICATED);
    EXPECT_EQ(
        client.call("/t.T/Admin", "x", "Bearer user-key").status.error_code(), PERMISSION_DENIED
    );
    EXPECT_EQ(client.call("/t.T/None", "x", "Bearer user-key").status.error_code(), UNIMPLEMENTED);
}

TEST_F(RpcServerTest, AnErrorKeepsItsKindAndItsWords) {
    const auto server = serve({{
        .path = "/t.T/Fail",
        .needs = Role::nobody,
        .answer = [](const RpcCall&) -> Result<std::string> {
            return Error{ErrorCode::not_found, "no class Doc"};
        },
    }});
    const Answer answer = Client(server->address()).call("/t.T/Fail", "", "");
    EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::NOT_FOUND);
    EXPECT_EQ(answer.status.error_message(), "no class Doc");
}

TEST_F(RpcServerTest, AMessageOverTheLimitIsRefused) {
    RpcServerSettings settings;
    settings.max_message_bytes = 1000;
    const auto server = serve({echo("/t.T/Open", Role::nobody)}, settings);
    Client client(server->address());
    EXPECT_EQ(client.call("/t.T/Open", std::string(900, 'x'), "").message.size(), 901);
    EXPECT_EQ(
        client.call("/t.T/Open", std::string(1100, 'x'), "").status.error_code(),
        grpc::StatusCode::RESOURCE_EXHAUSTED
    );
}

TEST_F(RpcServerTest, AMillionFloatsGoThereAndBack) {
    const auto server = serve({echo("/t.T/Open", Role::nobody)});
    std::string big(std::size_t{4} << 20, '\0');
    for (std::size_t i = 0; i < big.size(); ++i)
        big[i] = static_cast<char>(i * 31);
    EXPECT_EQ(Client(server->address()).call("/t.T/Open", big, "").message, ":" + big);
}

// A method that runs until it is told to stop, and says that it began.
struct Patient {
    std::counting_semaphore<> begun{0};
    RpcMethod method() {
        return {
            .path = "/t.T/Wait",
            .needs = Role::nobody,
            .answer = [this](const RpcCall& call) -> Result<std::string> {
                std::binary_semaphore stopped(0);
                const std::stop_callback on_stop(call.client_gone, [&] { stopped.release(); });
                begun.release();
                stopped.acquire();
                return Error{ErrorCode::cancelled, "stopped"};
            }
        };
    }
};

TEST_F(RpcServerTest, ACallerWhoGivesUpStopsTheMethod) {
    Patient patient;
    const auto server = serve({patient.method()});
    const Answer answer = Client(server->address()).call("/t.T/Wait", "", "", 300ms);
    EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
    server->stop(0ms);  // returns, so the method has
}

TEST_F(RpcServerTest, StoppingCancelsWhatStillRuns) {
    Patient patient;
    const auto server = serve({patient.method()});
    auto answer = std::async(std::launch::async, [&] {
        return Client(server->address()).call("/t.T/Wait", "", "");
    });
    patient.begun.acquire();
    server->stop(0ms);
    EXPECT_FALSE(answer.get().status.ok());
}

TEST_F(RpcServerTest, WhenAllWorkersAreBusyAndTheLineIsFullItSaysSo) {
    Patient patient;
    RpcServerSettings settings;
    settings.max_workers = 1;
    settings.max_waiting = 0;
    const auto server = serve({patient.method()}, settings);
    Client client(server->address());
    EXPECT_EQ(client.call("/t.T/Wait", "", "").status.error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(RpcServerTest, ThePortIsNotShared) {
    const auto server = serve({});
    RpcServerSettings settings;
    settings.listen = server->address();
    const auto second = RpcServer::start({}, keys, settings);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::io);
}

}  // namespace
}  // namespace moat::adapters::grpc_rpc
