#include "adapters/llama/runner_main.h"

#include <cstdio>
#include <memory>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "adapters/llama/runner.h"
#include "base/child_process.h"
#include "base/frame_channel.h"
#include "base/log.h"

namespace moat::adapters::llama {
namespace {

// Nothing in a runner is worth an orderly end: the kernel takes everything back faster.
[[noreturn]] void end(int status) {
    std::fflush(stderr);
    ::_exit(status);
}

bool is_socket(int fd) {
    int type = 0;
    socklen_t size = sizeof type;
    return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

class RunnerMain {
  public:
    explicit RunnerMain(Fd socket) : channel_(std::move(socket)) {}

    [[noreturn]] void run() {
        auto command = read();
        if (std::holds_alternative<inference::GpusCommand>(command)) {
            send(inference::GpusReply{gpus_now()});
            end(0);
        }
        const auto* load = std::get_if<inference::LoadCommand>(&command);
        if (load == nullptr) end(2);
        std::thread([this, command = *load] { work(command); }).detach();  // ends with the process
        for (;;) {
            inference::Command next = read();
            loaded().handle(std::move(next));
        }
    }

  private:
    inference::Command read() {
        auto frame = channel_.read();
        if (!frame) end(0);
        auto command = inference::parse_command(std::move(*frame));
        if (!command) {
            log::error("{}", command.error().message);
            end(2);
        }
        return std::move(*command);
    }

    void send(const inference::Reply& reply) {
        const Frame frame = inference::to_frame(reply);
        const Status sent = channel_.write(frame.header, frame.payload);
        if (sent) return;
        // Only this request fails; without its server a runner has nothing to do.
        if (sent.error().code != ErrorCode::too_large) end(0);
        send(inference::ErrorReply{inference::id_of(reply), sent.error()});
    }

    [[noreturn]] void work(const inference::LoadCommand& command) {
        auto runner =
            Runner::load(command, log_, [this](const inference::Reply& reply) { send(reply); });
        if (!runner) {
            send(inference::ErrorReply{0, std::move(runner).error()});
            end(1);
        }
        {
            const std::lock_guard lock(mutex_);
            runner_ = std::move(*runner);
            is_loaded_.notify_one();
        }
        runner_->run();
        end(0);
    }

    // Waits for the load: the server sends nothing before it has LoadedReply, but that is sent a
    // moment before the runner is here.
    Runner& loaded() {
        std::unique_lock lock(mutex_);
        is_loaded_.wait(lock, [this] { return runner_ != nullptr; });
        return *runner_;
    }

    FrameChannel channel_;
    LogCapture log_;
    std::mutex mutex_;
    std::condition_variable is_loaded_;
    std::unique_ptr<Runner> runner_;  // guarded by mutex_ until set, then constant
};

}  // namespace

int runner_main(int /*argc*/, char** /*argv*/) {
    if (!is_socket(kChildSocket)) {
        std::fputs("moat runner is started by moat serve, not by hand\n", stderr);
        return 2;
    }
    llama_backend_init();
    RunnerMain(Fd(kChildSocket)).run();
}

}  // namespace moat::adapters::llama
